import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  areaOf,
  compareNumbers,
  idOf,
  inboxOf,
  nextId,
  parseLooseNumber,
  parseNumber,
  reservedRole,
} from "../../../../record/johnny-decimal/numbers.ts";

test("areas, categories, IDs and +name parse with their parents", () => {
  assert.deepEqual(parseNumber("10-19"), {
    level: "area",
    text: "10-19",
    area: "10-19",
    category: null,
    id: null,
    sub: null,
  });
  assert.equal(parseNumber("11")?.area, "10-19");
  assert.equal(parseNumber("00")?.area, "00-09");
  assert.equal(parseNumber("11.12")?.category, "11");
  const sub = parseNumber("11.12+試驗-1");
  assert.deepEqual([sub?.level, sub?.id, sub?.sub], ["sub", "11.12", "試驗-1"]);
});

test("what is not exactly a number is none", () => {
  for (const text of [
    ...["", "1", "111", "1.11", "11.1", "11.111", "10-29", "11-19", "10-18", "11.11+", "11.11.11"],
    ...[
      "11.11 ",
      " 11",
      "11.11\n",
      "11.11+..",
      "11.11+a/b",
      "11.11+-a",
      "11.11+a.",
      "１１",
      "11.11+a b",
    ],
  ]) {
    assert.equal(parseNumber(text), null, JSON.stringify(text));
  }
  assert.equal(parseNumber(`11.11+${"字".repeat(21)}`), null, "63 bytes after the plus");
  assert.equal(parseNumber("11.11+e\u0301"), null, "a name that is not NFC would have a twin");
});

test("numbers as people type them in tables are understood", () => {
  for (const text of [
    "10-19",
    "１０－１９",
    "10–19",
    "10 — 19",
    "10~19",
    "10〜19",
    "\ufeff10-19 ",
  ]) {
    assert.equal(parseLooseNumber(text)?.text, "10-19", text);
  }
  assert.equal(parseLooseNumber("１１．１２")?.text, "11.12");
  assert.equal(parseLooseNumber("Oct-19"), null);
});

test("an index is ordered area, category, ID", () => {
  const ordered = [
    "00-09",
    "00",
    "00.00",
    "01",
    "10-19",
    "10",
    "11",
    "11.01",
    "11.11",
    "11.11+a",
    "12",
    "20-29",
  ];
  assert.deepEqual(ordered.toReversed().sort(compareNumbers), ordered);
});

test("reserved IDs are known by what follows the dot", () => {
  assert.equal(reservedRole("11.00"), "jdex");
  assert.equal(reservedRole("11.01"), "inbox");
  assert.equal(reservedRole("11.09"), "archive");
  assert.equal(reservedRole("11.11"), null);
  assert.equal(inboxOf("11"), "11.01");
  assert.equal(inboxOf(null), "00.01");
});

test("the next ID is the highest ever used plus one, and no number follows .99", () => {
  assert.equal(nextId("11", []), "11.11");
  assert.equal(nextId("11", ["11.01", "11.09"]), "11.11");
  assert.equal(nextId("11", ["11.11", "11.15", "12.40"]), "11.16");
  assert.equal(nextId("11", ["11.98"]), "11.99");
  assert.equal(nextId("11", ["11.99"]), null);
});

test("every category and ID parses back to itself, under its area", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 0, max: 99 }),
      (category, value) => {
        const text = String(category).padStart(2, "0");
        const id = parseNumber(idOf(text, value));
        assert.equal(id?.category, text);
        assert.equal(id?.area, areaOf(text));
        assert.equal(parseNumber(id!.area)?.level, "area");
      },
    ),
  );
});
