import assert from "node:assert/strict";
import test from "node:test";
import { jdexEntries } from "../../../../record/johnny-decimal/jdex-entries.ts";
import type { JournalEntry } from "../../../../record/johnny-decimal/journal.ts";
import { parseNumber } from "../../../../record/johnny-decimal/numbers.ts";
import { EMPTY_PLAN, planOf } from "../../../../record/johnny-decimal/plan.ts";
import type { TreeFolder, TreeScan } from "../../../../record/johnny-decimal/scan.ts";

const EMPTY: TreeScan = { areas: [], categories: [], ids: [], subs: [], files: [], strays: [] };

test("every entry's parents are in the index, whoever named the number", () => {
  const journal = [allocate("31.11", "Scripts")];
  const plan = planOf([{ number: "21", title: "Chat", description: "apps" }]);
  const entries = jdexEntries(plan, EMPTY, journal);
  assert.deepEqual(
    entries.map(({ number, title, planned }) => [number.text, title, planned]),
    [
      ["20-29", "Untitled", false],
      ["21", "Chat", true],
      ["30-39", "Untitled", false],
      ["31", "Untitled", false],
      ["31.11", "Scripts", false],
    ],
  );
});

test("a renamed folder's title counts; a merely sanitised one stands for the planned wording", () => {
  const plan = planOf([
    { number: "10-19", title: "Import/Export", description: "" },
    { number: "20-29", title: "Planned", description: "" },
  ]);
  const areas = [folder("10-19", "Import-Export"), folder("20-29", "Renamed")];
  const titles = jdexEntries(plan, { ...EMPTY, areas }, []).map(({ title }) => title);
  assert.deepEqual(titles, ["Import/Export", "Renamed"]);
});

test("where a number is on disk and in the archive, the one on disk is the entry", () => {
  const archived = { ...folder("11.12", "Old"), path: "archive/11.12 Old", archived: true };
  const ids = [archived, folder("11.12", "New")];
  const entry = jdexEntries(EMPTY_PLAN, { ...EMPTY, ids }, []).at(-1);
  assert.deepEqual([entry?.title, entry?.archived, entry?.folder], ["New", false, "11.12 New"]);
});

function folder(number: string, title: string): TreeFolder {
  const name = `${number} ${title}`;
  return { number: parseNumber(number)!, title, name, path: name, archived: false };
}

function allocate(id: string, to: string): JournalEntry {
  return { at: "2026-11-23T08:00:00Z", id, kind: "allocate", from: null, to, by: "path" };
}
