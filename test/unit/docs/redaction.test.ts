import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BUILT_IN_RULES } from "../../../record/secrets/rule-set.ts";

test("docs/redaction.md lists every kind that the rules know, and how many these are", () => {
  const page = readFileSync(new URL("../../../docs/redaction.md", import.meta.url), "utf8");
  const [, count, list = ""] = /^(\d+) kinds: ([\s\S]+?)\.\n\n/m.exec(page) ?? [];
  const kinds = [...new Set(BUILT_IN_RULES.map(({ name }) => name))].sort();
  assert.deepEqual(
    [...list.matchAll(/`([^`]+)`/g)].map((m) => m[1]),
    kinds,
  );
  assert.equal(Number(count), kinds.length);
});
