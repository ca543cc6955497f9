import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  INDEX_FILE,
  JDEX_FILE,
  parseIndexText,
  renderIndex,
  staleIndexFiles,
  writeIndex,
} from "../../../../record/johnny-decimal/index-files.ts";
import { jdexEntries } from "../../../../record/johnny-decimal/jdex-entries.ts";
import { planOf } from "../../../../record/johnny-decimal/plan.ts";

const EMPTY = { areas: [], categories: [], ids: [], subs: [], files: [], strays: [] };
const ROWS = [
  { number: "10-19", title: "核心 (Core)", description: "" },
  { number: "11", title: "two\nlines", description: "a\tb" },
  { number: "11.11", title: "A // B", description: "" },
];
const ENTRIES = jdexEntries(planOf(ROWS), EMPTY, []);

test("the text index is one line a number, indented by level, with descriptions as metadata", () => {
  const { text } = renderIndex(ENTRIES);
  assert.equal(
    text,
    "10-19 核心 (Core)\n   11 two lines\n   - Description: a b\n      11.11 A -- B\n",
  );
  assert.deepEqual(parseIndexText(text), [
    { number: "10-19", title: "核心 (Core)" },
    { number: "11", title: "two lines" },
    { number: "11.11", title: "A -- B" },
  ]);
});

test("jdex.json is valid JSON with one line an entry", () => {
  const { json } = renderIndex(ENTRIES);
  assert.equal(JSON.parse(json).format, "callnumber-jdex/1");
  assert.equal(json.trimEnd().split("\n").length, ENTRIES.length + 2);
});

test("files are replaced only where they differ, privately, and leave no draft behind", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "jd-index-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.deepEqual(staleIndexFiles(folder, ENTRIES), [INDEX_FILE, JDEX_FILE]);
  assert.equal(writeIndex(folder, ENTRIES), true);
  assert.equal(writeIndex(folder, ENTRIES), false);
  assert.deepEqual(readdirSync(folder).sort(), [INDEX_FILE, JDEX_FILE]);
  assert.equal(statSync(join(folder, JDEX_FILE)).mode & 0o777, 0o600);
  writeFileSync(join(folder, JDEX_FILE), "{}");
  assert.deepEqual(staleIndexFiles(folder, ENTRIES), [JDEX_FILE]);
});
