import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  allocatedFor,
  appendJournal,
  type JournalEntry,
  journaledIds,
  journaledTitle,
  parseJournal,
  readJournal,
} from "../../../../record/johnny-decimal/journal.ts";

const entry = (more: Partial<JournalEntry>): JournalEntry => ({
  at: "2026-11-23T08:00:00.000Z",
  id: "11.12",
  kind: "allocate",
  from: "upstream:ollama",
  to: "Ollama",
  by: "autofile",
  ...more,
});

test("entries are appended a line each, and a torn last line costs only itself", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "jd-journal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "journal.jsonl");
  assert.deepEqual(readJournal(path), { entries: [], badLines: [] });
  appendJournal(path, entry({}));
  writeFileSync(path, '{"at":"2026', { flag: "a" });
  appendJournal(path, entry({ id: "11.13" }));
  const { entries, badLines } = readJournal(path);
  assert.deepEqual(
    entries.map(({ id }) => id),
    ["11.12", "11.13"],
  );
  assert.deepEqual(badLines, [2]);
  assert.equal(readFileSync(path, "utf8").endsWith("}\n"), true);
});

test("conflict markers and foreign lines are passed over, unknown members kept", () => {
  const text = `<<<<<<< HEAD\n${JSON.stringify({ ...entry({}), files: ["a"] })}\n=======\nnull\n{"id":"1"}\n`;
  const { entries, badLines } = parseJournal(text);
  assert.deepEqual(entries, [{ ...entry({}), files: ["a"] }]);
  assert.deepEqual(badLines, [1, 3, 4, 5]);
});

test("every ID named in any role is used", () => {
  const ids = journaledIds([
    entry({}),
    entry({ kind: "move", id: "13.11", from: "12.40", to: "13.11" }),
  ]);
  assert.deepEqual([...ids].sort(), ["11.12", "12.40", "13.11"]);
});

test("the last allocation of a source counts, unless it was retired", () => {
  const journal = [entry({}), entry({ id: "11.15" }), entry({ id: "12.11" })];
  assert.equal(allocatedFor(journal, "11", "upstream:ollama"), "11.15");
  assert.equal(
    allocatedFor([...journal, entry({ id: "11.15", kind: "retire" })], "11", "upstream:ollama"),
    "11.12",
  );
  assert.equal(allocatedFor(journal, "13", "upstream:ollama"), null);
  assert.equal(journaledTitle([entry({}), entry({ kind: "rename", to: "本地" })], "11.12"), "本地");
  assert.equal(journaledTitle([], "11.12"), null);
});
