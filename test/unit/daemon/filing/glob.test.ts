import assert from "node:assert/strict";
import { test } from "node:test";
import { globMatches } from "../../../../daemon/filing/glob.ts";

test("a star is any text, a question mark one character, all else itself", () => {
  for (const [glob, text, fits] of [
    ["cline", "cline", true],
    ["cline", "Cline", true],
    ["cline", "cline-2", false],
    ["claude-*", "claude-opus-4", true],
    ["claude-*", "claude", false],
    ["*", "", true],
    ["*sonnet*", "anthropic/claude-sonnet-4", true],
    ["gpt-?", "gpt-5", true],
    ["gpt-?", "gpt-55", false],
    ["a*b*c", "a.b.b.c", true],
    ["a*b*c", "a.b.b", false],
    ["[a]", "a", false],
    ["", "", true],
    ["", "a", false],
  ] as const) {
    assert.equal(globMatches(glob, text), fits, `${glob} on ${text}`);
  }
});

test("many stars on a long text that does not fit take no time", () => {
  const began = performance.now();
  assert.equal(globMatches(`${"a*".repeat(50)}b`, "a".repeat(100_000)), false);
  assert.ok(performance.now() - began < 2_000);
});
