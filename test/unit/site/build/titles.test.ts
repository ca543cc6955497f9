import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openTree } from "../../../../record/reader/tree.ts";
import { titlesOf } from "../../../../site/build/pages.ts";
import { treeRows } from "../../../../site/view/home.ts";

test("the index lists what is planned but not written, with its description", (t) => {
  const captures = mkdtempSync(join(tmpdir(), "callnumber-titles-"));
  t.after(() => rmSync(captures, { recursive: true, force: true }));
  mkdirSync(join(captures, "10-19 Agents", "11 Cline", "11.11 OpenRouter"), { recursive: true });
  const plan = {
    rows: [
      { number: "11.11", title: "OpenRouter", description: "Cline through OpenRouter" },
      { number: "11.12", title: "Ollama", description: "Cline on this machine" },
    ],
  };
  const titles = titlesOf({ tree: openTree(captures), plan });
  const rows = treeRows(titles, []).filter(({ number }) => !number.startsWith("0"));
  assert.deepEqual(
    rows.map(({ number, title, description }) => [number, title, description]),
    [
      ["10-19", "Agents", ""],
      ["11", "Cline", ""],
      ["11.11", "OpenRouter", "Cline through OpenRouter"],
      ["11.12", "Ollama", "Cline on this machine"],
    ],
  );
});
