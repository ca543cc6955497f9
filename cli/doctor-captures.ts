/**
 * The check of `callnumber doctor` that goes through the capture files: which lines are damaged.
 * The newest days come first, and it ends after `doctorReadMs` of LIMITS: `verify` does it all.
 */
import { LIMITS } from "../record/limits.ts";
import { CaptureFile } from "../record/reader/capture-file.ts";
import { openTree } from "../record/reader/tree.ts";
import type { Finding } from "./doctor-checks.ts";

const check = "capture files";
/** Lines that are named; more are only counted. */
const NAMED = 5;

export function damage(captures: string): Finding[] {
  const files = [...openTree(captures).files()].sort((a, b) => (a.day > b.day ? -1 : 1));
  const until = performance.now() + LIMITS.doctorReadMs;
  const found: string[] = [];
  let looked = 0;
  for (const { path } of files) {
    if (performance.now() > until) break;
    looked++;
    try {
      using file = CaptureFile.open(path);
      for (const { line, message } of file.damage) found.push(`${path}:${line}: ${message}`);
    } catch (error) {
      found.push(`${path}: ${(error as Error).message}`);
    }
  }
  if (files.length === 0) return [];
  if (found.length === 0) return [{ check, level: "ok", message: `${looked} of ${files.length}` }];
  const more = found.length > NAMED ? [`and ${found.length - NAMED} more`] : [];
  const message = [...found.slice(0, NAMED), ...more].join("\n");
  const advice =
    "they are passed over; `callnumber verify` lists all, git has what was there before";
  return [{ check, level: "warning", message, advice }];
}
