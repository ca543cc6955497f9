import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shardOf, termsOf } from "../../../../site/scripts/tokens.ts";

test("words are folded to lower case without accents", () => {
  assert.deepEqual(termsOf("Café CAFE"), ["cafe"]);
});

test("folding piece by piece is folding the whole", () => {
  const whole = (text: string) =>
    text
      .normalize("NFKD")
      .replace(/\p{M}+/gu, "")
      .normalize("NFC")
      .toLowerCase();
  const units = fc.constantFrom(..."aE1 .\u0301\u00c5ﬁÅが한국ㄱ\u1100\u1161國，＿①ß\u{20000}İ");
  fc.assert(
    fc.property(fc.array(units, { maxLength: 12 }), (list) => {
      const text = list.join("");
      assert.deepEqual(termsOf(text), termsOf(whole(text)));
    }),
    { numRuns: 500 },
  );
});

test("a tool's name counts whole and in parts", () => {
  assert.deepEqual(termsOf("read_file parse-date.js"), [
    "read_file",
    "read",
    "file",
    "parse-date.js",
    "parse",
    "date",
    "js",
  ]);
});

test("Chinese counts as pairs of characters, a lone one as itself", () => {
  assert.deepEqual(termsOf("台北下雨"), ["台北", "北下", "下雨"]);
  assert.deepEqual(termsOf("雨"), ["雨"]);
});

test("no text makes more terms than were allowed", () => {
  const text = Array.from({ length: 5000 }, (_, n) => `w${n}`).join(" ");
  assert.equal(termsOf(text, 100).length, 100);
  assert.deepEqual(termsOf("x".repeat(10_000)), []);
});

test("a term has the same shard wherever it is asked for", () => {
  assert.equal(shardOf("read_file", 16), shardOf("read_file", 16));
  const shards = new Set(Array.from({ length: 200 }, (_, n) => shardOf(`term${n}`, 8)));
  assert.equal(shards.size, 8);
});
