/**
 * What the published folder was made of: the one index of days, and which days are dirty now.
 *
 * What always holds: this index is the only thing in a build that grows with all days, by a few
 * hundred bytes a day; it is written last, so a build that was cut short is simply done again. Pure
 * but for reading and writing its own file.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "../../record/reader/tree.ts";
import type { Totals } from "../view/totals.ts";
import { readJson, writeWhole } from "./files.ts";

/** Raised when digests or manifest change their shape: everything is then made anew. */
const VERSION = 1;

/** One day of one stream. */
export interface DayEntry {
  readonly number: string;
  readonly day: string;
  /** Names, sizes and times of its files: another signature makes the day dirty. */
  readonly signature: string;
  readonly bytes: number;
  readonly totals: Totals;
  /** By `model\nupstream`. */
  readonly models: Readonly<Record<string, Totals>>;
  /** Findings by rule. */
  readonly findings: Readonly<Record<string, number>>;
  /** Conversations that began on this day. */
  readonly conversations: number;
}

export interface Manifest {
  readonly version: number;
  /** Templates, languages, title and time zone: another value makes every page dirty. */
  readonly look: string;
  readonly days: Record<string, DayEntry>;
}

/** A day as it stands on disk. */
export interface DayOnDisk {
  readonly number: string;
  readonly day: string;
  readonly files: readonly string[];
  readonly signature: string;
  readonly bytes: number;
}

export interface DirtySet {
  readonly dirty: readonly DayOnDisk[];
  /** Days that the published folder shows and that no longer exist. */
  readonly gone: readonly DayEntry[];
}

export const dayKey = (number: string, day: string): string => `${number} ${day}`;

/** The manifest of the last build; an empty one where there is none that fits. */
export function loadManifest(folder: string, look: string): Manifest {
  const found = readJson<Manifest>(join(folder, "manifest.json"));
  if (found?.version === VERSION && found.look === look) return found;
  return { version: VERSION, look, days: {} };
}

export function saveManifest(folder: string, manifest: Manifest): void {
  writeWhole(join(folder, "manifest.json"), JSON.stringify(manifest));
}

/** Every day of the tree with its signature: one `stat` a file. */
export function daysOnDisk(tree: Tree): DayOnDisk[] {
  const found: DayOnDisk[] = [];
  for (const number of new Set(tree.streams().map((stream) => stream.number))) {
    for (const { day, files } of tree.days(number)) {
      let bytes = 0;
      const marks: string[] = [];
      for (const file of files) {
        const stat = statSync(file, { throwIfNoEntry: false });
        if (!stat) continue;
        bytes += stat.size;
        marks.push(`${file.slice(file.lastIndexOf("/") + 1)}:${stat.size}:${stat.mtimeMs}`);
      }
      found.push({ number, day, files, bytes, signature: marks.join("|") });
    }
  }
  return found;
}

/** Days that are new or have changed since the manifest was written, and those that are gone. */
export function dirtySet(manifest: Manifest, days: readonly DayOnDisk[], all: boolean): DirtySet {
  const present = new Set(days.map(({ number, day }) => dayKey(number, day)));
  return {
    dirty: days.filter(
      ({ number, day, signature }) =>
        all || manifest.days[dayKey(number, day)]?.signature !== signature,
    ),
    gone: Object.entries(manifest.days)
      .filter(([key]) => !present.has(key))
      .map(([, entry]) => entry),
  };
}
