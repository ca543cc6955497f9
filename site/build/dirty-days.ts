/**
 * What a build has to make anew beyond what the sizes and times of files say: days whose known part
 * was rewritten, and days whose captures are as they were but whose titles are not.
 */

import type { Unfiled } from "../../record/johnny-decimal/unfiled.ts";
import type { AllowList } from "../../record/secrets/allow-list.ts";
import type { DayName } from "../digest/day-digest.ts";
import type { Title } from "../view/home.ts";
import { isWithin } from "../view/home.ts";
import { type KnownFile, markFile } from "./known-files.ts";
import type { DayEntry, DayOnDisk, Manifest } from "./manifest.ts";
import type { FileHit } from "./scan-slices.ts";

/** A day with its files as they are now. */
export interface MarkedDay extends DayOnDisk {
  readonly marks: readonly KnownFile[];
  /** All that an earlier build read of it still stands where it stood: it only grew. */
  readonly kept: boolean;
}

/** A day to be read. */
export interface DirtyDay extends MarkedDay {
  /** What looks like a credential in its files. */
  readonly hits: readonly FileHit[];
  /** Fingerprints of those that somebody has allowed. */
  readonly allowed: readonly string[];
}

/** Looks into the files of a dirty day. Throws site-captures-moved. */
export function markDay(day: DayOnDisk, was: DayEntry | undefined): MarkedDay {
  const known = was?.files ?? [];
  const found = day.files.map((path, index) => markFile(path, day.sizes[index]!, known));
  const kept = found.filter((file) => file.kept).length;
  return {
    ...day,
    marks: found.map(({ mark }) => mark),
    kept: was !== undefined && kept === known.length,
  };
}

/** A day with what was found in it: by earlier builds, as far as it was kept, and by this one. */
export function withHits(
  day: MarkedDay,
  was: DayEntry | undefined,
  found: readonly FileHit[],
  allow: AllowList,
): DirtyDay {
  const files = new Set(day.marks.map(({ name, inode }) => `${inode} ${name}`));
  const mine = found.filter(({ name, inode }) => files.has(`${inode} ${name}`));
  const all = [...(day.kept ? (was?.hits ?? []) : []), ...mine];
  const hits = [...new Map(all.map((hit) => [JSON.stringify(hit), hit])).values()];
  return { ...day, hits, allowed: allowedOf(hits, allow) };
}

/** Fingerprints of the finds that are allowed. */
export function allowedOf(hits: readonly FileHit[], allow: AllowList): string[] {
  return hits.filter((hit) => allow.has(hit)).map(({ fingerprint }) => fingerprint);
}

/** What the manifest keeps of titles, and, under no number, of what is not in the tree. */
export function titleMarks(
  titles: readonly Title[],
  unfiled: readonly Unfiled[],
): Record<string, string> {
  const marks = titles.map(({ number, title, description }) => {
    return [number, `${title}\n${description}`] as const;
  });
  return Object.fromEntries([
    ...marks,
    ...unfiled.map((x, i) => [`unfiled ${i}`, JSON.stringify(x)]),
  ]);
}

/** Numbers whose title or description is another one than before, those that came and went too. */
export function retitled(before: Manifest, now: Readonly<Record<string, string>>): string[] {
  const numbers = new Set([...Object.keys(before.titles), ...Object.keys(now)]);
  return [...numbers].filter((number) => before.titles[number] !== now[number]);
}

/**
 * The days below those numbers: their pages name the titles. One that is read anew, too: of it only
 * what its calls change would be rendered.
 */
export function daysBelow(numbers: readonly string[], manifest: Manifest): DayName[] {
  if (numbers.length === 0) return [];
  return Object.values(manifest.days)
    .filter(({ number }) => numbers.some((other) => isWithin(number, other)))
    .map(({ number, day }) => ({ number, day }));
}
