/**
 * What the published folder was made of: the one index of days, and which days are dirty now.
 *
 * Invariants: this index is the only thing in a build that grows with all days, by a few
 * hundred bytes a day; it is written last, and what a build that was cut short had begun stands in
 * unfinished.ts. Pure but for reading and writing its own file.
 */
import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "../../record/reader/tree.ts";
import type { DayName } from "../digest/day-digest.ts";
import type { HeldNote } from "../view/held.ts";
import type { Totals } from "../view/totals.ts";
import { readJson, writeDurable } from "./files.ts";
import { asMoved, type KnownFile } from "./known-files.ts";
import type { FileHit } from "./scan-slices.ts";
import type { Segment } from "./search-index.ts";

/** Raised when digests or manifest change their shape: everything is then made anew. */
const VERSION = 4;

/** A find, and the conversation that is not shown because of it. */
export interface HeldEntry extends HeldNote {
  readonly conversation: string;
}

/** One day of one stream. */
export interface DayEntry {
  readonly number: string;
  readonly day: string;
  /** Names, sizes and times of its files: another signature makes the day dirty. */
  readonly signature: string;
  /** Its files as they were read. */
  readonly files: readonly KnownFile[];
  readonly bytes: number;
  readonly totals: Totals;
  /** By `model\nupstream`. */
  readonly models: Readonly<Record<string, Totals>>;
  /** Findings by rule. */
  readonly findings: Readonly<Record<string, number>>;
  /** Conversations that began on this day. */
  readonly conversations: number;
  /** Digests of the index of conversations with which it begins, and with which it ends. */
  readonly indexBefore: string;
  readonly indexAfter: string;
  /** Its line in the directory of the search. */
  readonly segment: Segment;
  /** What looks like a credential in its files, and the fingerprints of what is allowed of it. */
  readonly hits: readonly FileHit[];
  readonly allowed: readonly string[];
  /** What of it is held back. */
  readonly held: readonly HeldEntry[];
  /** Conversations that are held back because of another day. */
  readonly elsewhere: readonly string[];
  /** Digests of its pages, as view/day-parts.ts cuts them. */
  readonly parts: readonly string[];
}

export interface Manifest {
  readonly version: number;
  /** Templates, languages, title and time zone: another value makes every page dirty. */
  readonly look: string;
  /** Title and description by number: those of another one make the pages below it dirty. */
  readonly titles: Readonly<Record<string, string>>;
  readonly days: Record<string, DayEntry>;
}

/** A day as it stands on disk. */
export interface DayOnDisk {
  readonly number: string;
  readonly day: string;
  readonly files: readonly string[];
  /** Bytes of each file when it was looked at; it may grow meanwhile. */
  readonly sizes: readonly number[];
  readonly signature: string;
  readonly bytes: number;
}

export interface Changed {
  readonly dirty: readonly DayOnDisk[];
  /** Days that the published folder shows and that no longer exist. */
  readonly gone: readonly DayEntry[];
}

/** What a build makes anew. */
export interface DirtySet {
  /** Days that were digested. */
  readonly dirty: readonly DayName[];
  readonly gone: readonly DayName[];
  /** Days all of whose pages are made anew, whatever they say: titles. */
  readonly again: readonly DayName[];
  /** Other days whose rows name other pages: turns of another stream. */
  readonly repaged: readonly DayName[];
  /** Numbers with another title, or that came or went. */
  readonly retitled: readonly string[];
}

export const dayKey = (number: string, day: string): string => `${number} ${day}`;

/** The manifest of the last build; an empty one where there is none that fits. */
export function loadManifest(folder: string, look: string): Manifest {
  const found = readJson<Manifest>(join(folder, "manifest.json"));
  if (found?.version === VERSION && found.look === look) return found;
  return { version: VERSION, look, titles: {}, days: {} };
}

export function saveManifest(folder: string, manifest: Manifest): void {
  writeDurable(join(folder, "manifest.json"), JSON.stringify(manifest));
}

/** Every day of the tree with its signature: one `stat` a file. */
export function daysOnDisk(tree: Tree): DayOnDisk[] {
  const found: DayOnDisk[] = [];
  for (const number of new Set(tree.streams().map((stream) => stream.number))) {
    for (const { day, files } of tree.days(number)) {
      const sizes: number[] = [];
      const marks: string[] = [];
      for (const file of files) {
        const { size, mtimeMs, ino } = statOf(file);
        sizes.push(size);
        marks.push(`${file.slice(file.lastIndexOf("/") + 1)}:${size}:${mtimeMs}:${ino}`);
      }
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      found.push({ number, day, files, sizes, bytes, signature: marks.join("|") });
    }
  }
  return found;
}

function statOf(file: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    throw asMoved(error, file);
  }
}

/** Days that are new or have changed since the manifest was written, and those that are gone. */
export function dirtySet(manifest: Manifest, days: readonly DayOnDisk[], all: boolean): Changed {
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
