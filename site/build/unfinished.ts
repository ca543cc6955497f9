/**
 * What a build has begun to change and not ended: `unfinished.jsonl` in its state folder.
 *
 *   {"days":[["11.11","2026-11-23"]],"numbers":["11.11"]}
 *
 * Invariants:
 * - A day's name is in the file before anything of the day is written, in the state folder or the
 *   published one; the file goes last, after the manifest. Whatever ends a build (a signal, a full
 *   disk, an error), the next one finds the names and makes those days from their captures alone.
 * - A torn line was never acted on, so it may be passed over; the next build writes the file anew.
 */
import { join } from "node:path";
import type { DayName } from "../digest/day-digest.ts";
import { appendLine, readIfThere, remove, writeDurable } from "./files.ts";

export interface Unfinished {
  readonly days: readonly DayName[];
  /** Numbers whose titles were about to change on their pages. */
  readonly numbers: readonly string[];
}

/** What builds that were cut short had begun; null where the last one ended. */
export function readUnfinished(folder: string): Unfinished | null {
  const bytes = readIfThere(pathIn(folder));
  if (bytes === null) return null;
  const found = bytes.toString().split("\n").flatMap(parsed);
  return { days: found.flatMap(({ days }) => days), numbers: found.flatMap((x) => x.numbers) };
}

/** Says what a build is about to change; keeps what earlier ones had begun. */
export function beginChanges(folder: string, changes: Unfinished): void {
  writeDurable(pathIn(folder), `${lineOf(changes)}\n`);
}

/** More of the same build. */
export function addChanges(folder: string, changes: Unfinished): void {
  appendLine(pathIn(folder), lineOf(changes));
}

export function endChanges(folder: string): void {
  remove(pathIn(folder));
}

const pathIn = (folder: string): string => join(folder, "unfinished.jsonl");

function lineOf({ days, numbers }: Unfinished): string {
  return JSON.stringify({ days: days.map(({ number, day }) => [number, day]), numbers });
}

function parsed(line: string): Unfinished[] {
  try {
    const { days, numbers } = JSON.parse(line) as { days: [string, string][]; numbers: string[] };
    return [{ days: days.map(([number, day]) => ({ number, day })), numbers }];
  } catch {
    return [];
  }
}
