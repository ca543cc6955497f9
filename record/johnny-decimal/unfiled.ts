/**
 * `unfiled.json` in the folder of 00.00 (`unfiled.<writer>.json` where the configuration names a
 * writer): what a recorder could not put into the tree. It is there only while there is something to
 * say, so that whoever reads the tree, on whatever machine, does not take it for all there was.
 *
 *   {"format":"callnumber-unfiled/1","writer":"nas","at":"2026-11-23T08:00:00.000Z",
 *    "set_aside":2,"not_recorded":3,"filing":"fails","recording":"works"}
 *
 * Numbers and fixed words only: no path, no name, nothing of a call.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readPlainFile } from "./plain-file.ts";

const UNFILED_FORMAT = "callnumber-unfiled/1";

export interface Unfiled {
  readonly writer: string | null;
  /** When that was so, RFC 3339 UTC. */
  readonly at: string;
  /** Calls that could not be filed and are kept in the state folder. */
  readonly set_aside: number;
  /** Calls of the last day of which the disk refused a part, or all. */
  readonly not_recorded: number;
  readonly filing: "works" | "fails";
  readonly recording: "works" | "fails";
}

/** True where there is something to say. */
export function isUnfiled({ set_aside, not_recorded, filing, recording }: Unfiled): boolean {
  return set_aside > 0 || not_recorded > 0 || filing === "fails" || recording === "fails";
}

export function renderUnfiled(unfiled: Unfiled): string {
  return `${JSON.stringify({ format: UNFILED_FORMAT, ...unfiled })}\n`;
}

export function unfiledName(writer: string | null): string {
  return writer === null ? "unfiled.json" : `unfiled.${writer}.json`;
}

export function isUnfiledName(name: string): boolean {
  return /^unfiled(?:\.[^.]+)?\.json$/.test(name);
}

/** What all writers say in a folder; none where it is not there. What is no such file is left out. */
export function readUnfiled(folder: string | null): Unfiled[] {
  if (folder === null) return [];
  return namesIn(folder)
    .filter(isUnfiledName)
    .sort()
    .flatMap((name) => parseUnfiled(readPlainFile(join(folder, name))));
}

/** One, or none where this is no such file. */
export function parseUnfiled(text: string | null): Unfiled[] {
  try {
    const { format, writer, at, ...x } = JSON.parse(text ?? "");
    if (format !== UNFILED_FORMAT || Number.isNaN(Date.parse(at))) return [];
    const state = (value: unknown) => (value === "fails" ? "fails" : "works");
    return [
      {
        writer: typeof writer === "string" ? writer : null,
        at: new Date(at).toISOString(),
        set_aside: countOf(x.set_aside),
        not_recorded: countOf(x.not_recorded),
        filing: state(x.filing),
        recording: state(x.recording),
      },
    ];
  } catch {
    return [];
  }
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? Math.max(0, value as number) : 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
