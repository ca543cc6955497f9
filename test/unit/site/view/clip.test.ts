import assert from "node:assert/strict";
import { test } from "node:test";
import { clip, firstWords } from "../../../../site/view/clip.ts";

test("a short text is whole", () => {
  assert.deepEqual(clip("abc", 3), { head: "abc", omitted: 0, tail: "", rest: null });
});

test("of a long text the beginning and the end stay, and what is left out is counted", () => {
  const { head, omitted, tail } = clip("x".repeat(90) + "y".repeat(10), 40);
  assert.equal(head, "x".repeat(30));
  assert.equal(tail, "y".repeat(10));
  assert.equal(omitted, 60);
});

test("what is left out can be kept, and makes the text whole again", () => {
  const kept: string[] = [];
  const text = `${"😀".repeat(30)}middle${"z".repeat(50)}`;
  const { head, tail, rest } = clip(text, 41, (middle) => kept.push(middle) - 1);
  assert.equal(rest, 0);
  assert.equal(head + kept[0] + tail, text);
  assert.equal(clip(text, 41, () => null).rest, null, "the keeper may have no room");
});

test("a cut never splits a character", () => {
  for (let most = 1; most < 40; most += 1) {
    const { head, tail } = clip("😀".repeat(40), most);
    assert.ok((head + tail).isWellFormed(), `${most}`);
    assert.ok(firstWords("😀".repeat(40), most + 1).isWellFormed());
  }
});

test("first words are one line with an ellipsis where cut", () => {
  assert.equal(firstWords("  fix\n the   test ", 40), "fix the test");
  assert.equal(firstWords("mend the failing test of the parser", 20), "mend the failing…");
});
