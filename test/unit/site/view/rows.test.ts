import assert from "node:assert/strict";
import { test } from "node:test";
import { differs } from "../../../../site/view/rows.ts";

test("a model spelled in full is the model asked for", () => {
  assert.equal(differs("gpt-4o", "gpt-4o-2024-08-06"), false);
  assert.equal(differs("openai/gpt-5-mini", "gpt-5-mini"), false);
  assert.equal(differs("qwen/qwen3:free", "qwen/qwen3"), false);
});

test("another model is another model", () => {
  assert.equal(differs("gpt-5", "gpt-4o"), true);
  assert.equal(differs("sample/careful-1", "sample/careful-1-mini"), true);
  assert.equal(differs("sample/careful-1", "sample/quick-1"), true);
});

test("where one of them is not known, nothing differs", () => {
  assert.equal(differs(null, "gpt-5"), false);
  assert.equal(differs("gpt-5", undefined), false);
});
