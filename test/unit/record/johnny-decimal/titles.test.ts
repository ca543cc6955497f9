import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { parseNumber } from "../../../../record/johnny-decimal/numbers.ts";
import {
  cutToBytes,
  folderName,
  isSafeTitle,
  parseFolderName,
  sanitiseTitle,
  standardTitle,
  TITLE_BYTES,
} from "../../../../record/johnny-decimal/titles.ts";

test("ordinary titles of any script stay as they are", () => {
  for (const title of [
    "OpenRouter",
    "核心營運與交付 (Core Operations & Delivery)",
    "設備維護與校準（全）",
    "ミーティング",
    "नमस्ते",
    "👩‍👩‍👧 family",
    "a.b, c; d!",
  ]) {
    assert.equal(sanitiseTitle(title), title);
    assert.ok(isSafeTitle(title));
  }
});

test("characters that a file system refuses are replaced so that the title still reads", () => {
  assert.equal(sanitiseTitle("進出口 (Import/Export)"), "進出口 (Import-Export)");
  assert.equal(sanitiseTitle("Notes: drafts"), "Notes - drafts");
  assert.equal(sanitiseTitle("12:30"), "12-30");
  assert.equal(sanitiseTitle('what? "this" <b>*'), "what 'this' (b)");
  assert.equal(sanitiseTitle("a\tb\r\nc\u2028d"), "a b c d");
  assert.equal(sanitiseTitle("../../etc/passwd"), "-..-etc-passwd");
});

test("invisible and direction-turning characters go, joiners stay", () => {
  assert.equal(sanitiseTitle("in\u202evoice\u2066.\u200bpdf\ufeff"), "invoice.pdf");
  assert.equal(sanitiseTitle("می\u200cخواهم"), "می\u200cخواهم");
});

test("no dot or space stands at an end, NFD becomes NFC, a lone surrogate is no obstacle", () => {
  assert.equal(sanitiseTitle(" ..x.. "), "x");
  assert.equal(sanitiseTitle("　全形空白　"), "全形空白");
  assert.equal(sanitiseTitle("cafe\u0301"), "caf\u00e9");
  assert.equal(sanitiseTitle("a\ud800b"), "a\ufffdb");
  assert.equal(sanitiseTitle("..."), "");
});

test("long titles are cut between characters", () => {
  assert.equal(sanitiseTitle("字".repeat(300)), "字".repeat(40));
  assert.equal(sanitiseTitle(`a${"字".repeat(300)}`), `a${"字".repeat(39)}`);
  const family = "👨‍👩‍👧‍👦";
  assert.equal(sanitiseTitle(family.repeat(10)), family.repeat(4), "25 bytes each");
  assert.equal(
    Buffer.byteLength(sanitiseTitle(`x${"\u0301\u0316".repeat(400)}`)) <= TITLE_BYTES,
    true,
  );
  assert.equal(cutToBytes("abc", 3), "abc");
});

test("whatever is sanitised is a safe title, and sanitising again changes nothing", () => {
  const odd = fc.string({ unit: "binary", maxLength: 200 });
  const nasty = fc.string({
    unit: fc.constantFrom(...'/\\:*?"<>|. \t\n\u0000\u202e\u200d\u0301字é👩\ud83d'.split("")),
    maxLength: 150,
  });
  fc.assert(
    fc.property(fc.oneof(odd, nasty), (title) => {
      const safe = sanitiseTitle(title);
      assert.equal(sanitiseTitle(safe), safe);
      assert.ok(Buffer.byteLength(safe) <= TITLE_BYTES);
      assert.doesNotMatch(safe, /[/\\:*?"<>|\p{Cc}\u202a-\u202e\u2066-\u2069]|^[. ]|[. ]$/u);
      assert.equal(safe, safe.normalize("NFC"));
      if (safe !== "") assert.equal(parseFolderName(folderName("11", title))?.title, safe);
    }),
    { numRuns: 500 },
  );
});

test("a folder is read by its number; its title only where the name is well formed", () => {
  assert.deepEqual(read("11.11 OpenRouter"), ["11.11", "OpenRouter"]);
  assert.deepEqual(read("10-19 核心"), ["10-19", "核心"]);
  assert.deepEqual(read("11"), ["11", null]);
  assert.deepEqual(read("11  two spaces"), ["11", null]);
  assert.deepEqual(read("11\tx"), ["11", null]);
  for (const name of ["Notes", "1 x", "111 x", "11x", "11.1 x", "10-29 x", "11_x", "+x"]) {
    assert.equal(parseFolderName(name), null, name);
  }
});

test("reserved numbers have standard titles, ordinary ones none", () => {
  const titles = [
    "00-09",
    "00",
    "00.00",
    "00.01",
    "11.00",
    "11.01",
    "11.09",
    "11.11",
    "11",
    "10-19",
  ].map((text) => standardTitle(parseNumber(text)!));
  assert.deepEqual(titles, [
    "System",
    "System management",
    "JDex for the system",
    "Inbox for the system",
    "JDex for category 11",
    "Inbox for category 11",
    "Archive for category 11",
    null,
    null,
    null,
  ]);
});

function read(name: string) {
  const parsed = parseFolderName(name);
  return parsed && [parsed.number.text, parsed.title];
}
