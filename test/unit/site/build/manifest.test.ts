import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DayEntry,
  type DayOnDisk,
  dayKey,
  dirtySet,
  type Manifest,
} from "../../../../site/build/manifest.ts";
import { emptyTotals } from "../../../../site/view/totals.ts";

const onDisk = (day: string, signature: string): DayOnDisk => ({
  number: "11.11",
  day,
  files: [],
  sizes: [],
  signature,
  bytes: 1,
});
const entry = (day: string, signature: string): DayEntry => ({
  number: "11.11",
  day,
  signature,
  files: [],
  bytes: 1,
  totals: emptyTotals(),
  models: {},
  findings: {},
  conversations: 0,
  indexBefore: "",
  indexAfter: "",
  segment: ["11.11", day, 0, 1, 0],
  hits: [],
  allowed: [],
  held: [],
  elsewhere: [],
  parts: [],
});
const manifest = (...entries: DayEntry[]): Manifest => ({
  version: 2,
  look: "x",
  titles: {},
  days: Object.fromEntries(entries.map((one) => [dayKey(one.number, one.day), one])),
});

test("new and changed days are dirty, others are not", () => {
  const before = manifest(entry("2026-11-21", "a"), entry("2026-11-22", "b"));
  const days = [onDisk("2026-11-21", "a"), onDisk("2026-11-22", "B"), onDisk("2026-11-23", "c")];
  const { dirty, gone } = dirtySet(before, days, false);
  assert.deepEqual(
    dirty.map(({ day }) => day),
    ["2026-11-22", "2026-11-23"],
  );
  assert.deepEqual(gone, []);
});

test("a day that is no longer there is gone", () => {
  const { dirty, gone } = dirtySet(manifest(entry("2026-11-21", "a")), [], false);
  assert.deepEqual(dirty, []);
  assert.deepEqual(
    gone.map(({ day }) => day),
    ["2026-11-21"],
  );
});

test("when all is asked for, every day is dirty", () => {
  const before = manifest(entry("2026-11-21", "a"));
  assert.equal(dirtySet(before, [onDisk("2026-11-21", "a")], true).dirty.length, 1);
});
