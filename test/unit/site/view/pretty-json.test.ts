import assert from "node:assert/strict";
import { test } from "node:test";
import { looksLikeJson, prettyJson } from "../../../../site/view/pretty-json.ts";

test("members get a line each and nothing else changes", () => {
  assert.equal(
    prettyJson('{"a":[1,2],"b":{}}', 9),
    '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}',
  );
});

test("big integers, duplicate keys and odd numbers are shown as they were sent", () => {
  const text = '{"n":12345678901234567890,"n":1e400}';
  assert.equal(prettyJson(text, 9).replace(/\s/g, ""), text);
});

test("brackets and colons inside strings are left alone", () => {
  assert.equal(prettyJson('["{\\"a\\": [1]}"]', 9), '[\n  "{\\"a\\": [1]}"\n]');
});

test("text nested 100,000 deep costs what its length costs", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const started = performance.now();
  const shown = prettyJson(deep, 24);
  assert.equal(shown.replace(/\s/g, ""), deep);
  assert.ok(shown.length < deep.length + 3000, `${shown.length}`);
  assert.ok(performance.now() - started < 2000);
});

test("what is no JSON comes back whole", () => {
  assert.equal(prettyJson("{oops", 9).replace(/\s/g, ""), "{oops");
  assert.equal(looksLikeJson("[1] and more"), false);
  assert.equal(looksLikeJson(' {"a":1}\n'), true);
});
