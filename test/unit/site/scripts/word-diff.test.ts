import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordDiff } from "../../../../site/scripts/word-diff.ts";

const side = (before: string, after: string, drop: "add" | "del") =>
  wordDiff(before, after)
    .filter(({ op }) => op !== drop)
    .map(({ text }) => text)
    .join("");

test("the runs give both texts back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a ", "b ", "中", "文", "c\n")),
      fc.array(fc.constantFrom("a ", "b ", "中", "d ")),
      (a, b) => {
        assert.equal(side(a.join(""), b.join(""), "add"), a.join(""));
        assert.equal(side(a.join(""), b.join(""), "del"), b.join(""));
      },
    ),
  );
});

test("one changed word is one changed word", () => {
  assert.deepEqual(wordDiff("read the old file", "read the new file"), [
    { op: "same", text: "read the " },
    { op: "del", text: "old " },
    { op: "add", text: "new " },
    { op: "same", text: "file" },
  ]);
});

test("texts too long to compare are shown whole, at once", () => {
  const started = performance.now();
  const runs = wordDiff("x y ".repeat(20_000), "z w ".repeat(20_000));
  assert.deepEqual(
    runs.map(({ op }) => op),
    ["del", "add"],
  );
  assert.ok(performance.now() - started < 5_000);
});
