/**
 * What a build has to make anew beyond what the sizes and times of files say: days whose known part
 * was rewritten, and days whose captures are as they were but whose titles are not.
 */
import type { DayName } from "../digest/day-digest.ts";
import type { Title } from "../view/home.ts";
import { isWithin } from "../view/home.ts";
import { type KnownFile, markFile } from "./known-files.ts";
import { type DayEntry, type DayOnDisk, dayKey, type Manifest } from "./manifest.ts";

/** A day to be read, with its files as they are now. */
export interface DirtyDay extends DayOnDisk {
  readonly marks: readonly KnownFile[];
  /** All that an earlier build read of it still stands where it stood: it only grew. */
  readonly kept: boolean;
}

/** Looks into the files of a dirty day. Throws site-captures-moved. */
export function markDay(day: DayOnDisk, was: DayEntry | undefined): DirtyDay {
  const known = new Map(was?.files.map((file) => [file.name, file]));
  const found = day.files.map((path, index) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return markFile(path, day.sizes[index]!, known.get(name));
  });
  const kept = found.filter((file) => file.kept).length;
  return {
    ...day,
    marks: found.map(({ mark }) => mark),
    kept: was !== undefined && kept === known.size,
  };
}

/** What the manifest keeps of titles. */
export function titleMarks(titles: readonly Title[]): Record<string, string> {
  return Object.fromEntries(
    titles.map(({ number, title, description }) => [number, `${title}\n${description}`]),
  );
}

/** Numbers whose title or description is another one than before, those that came and went too. */
export function retitled(before: Manifest, now: Readonly<Record<string, string>>): string[] {
  const numbers = new Set([...Object.keys(before.titles), ...Object.keys(now)]);
  return [...numbers].filter((number) => before.titles[number] !== now[number]);
}

/** The days below those numbers that are not read anew: their pages name the titles. */
export function daysBelow(
  numbers: readonly string[],
  manifest: Manifest,
  dirty: readonly DayName[],
): DayName[] {
  if (numbers.length === 0) return [];
  const read = new Set(dirty.map(({ number, day }) => dayKey(number, day)));
  return Object.values(manifest.days)
    .filter(({ number, day }) => !read.has(dayKey(number, day)))
    .filter(({ number }) => numbers.some((other) => isWithin(number, other)))
    .map(({ number, day }) => ({ number, day }));
}
