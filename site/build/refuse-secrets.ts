/**
 * The last look before publishing: capture files are redacted when they are written, and are
 * scanned again here, because a published key is a lost one.
 *
 * What always holds: fails closed, before anything of the build is published; a message shows four
 * characters of a secret and no more; bytes that an earlier build has seen are not scanned again;
 * every line is scanned whole, in exactly one slice.
 */
import { closeSync, fstatSync, readSync } from "node:fs";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { scan } from "../../record/secrets/scan.ts";
import type { DirtyDay } from "./dirty-days.ts";
import { openCapture } from "./known-files.ts";
import { dayKey, type Manifest } from "./manifest.ts";

/** The lines of a file that begin at or after `from` and before `to`. */
export interface Slice {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

const LF = 0x0a;

/** What of the dirty days has not been scanned yet, in pieces that can be scanned apart. */
export function slicesToScan(days: readonly DirtyDay[], before: Manifest): Slice[] {
  const slices: Slice[] = [];
  for (const { number, day, files, kept } of days) {
    const was = kept ? (before.days[dayKey(number, day)]?.files ?? []) : [];
    const seen = new Map(was.map(({ name, bytes }) => [name, bytes]));
    for (const file of files) {
      const fd = openCapture(file);
      try {
        const { size } = fstatSync(fd);
        // A line may have been torn when it was seen.
        let from = lineStart(fd, Math.min(size, seen.get(nameOf(file)) ?? 0));
        for (; from < size; from += LIMITS.siteScanBytes) {
          slices.push({ file, from, to: Math.min(size, from + LIMITS.siteScanBytes) });
        }
      } finally {
        closeSync(fd);
      }
    }
  }
  return slices;
}

/** A line for each credential in a slice: file, line, rule. */
export function secretsIn({ file, from, to }: Slice): string[] {
  const fd = openCapture(file);
  try {
    const start = from === 0 ? 0 : nextLine(fd, from - 1);
    const end = nextLine(fd, to - 1);
    if (start >= end) return [];
    const hits = scan(readRange(fd, start, end));
    if (hits.length === 0) return [];
    const above = countLines(fd, start);
    return hits.map(({ rule, line, preview }) => `${file}:${above + line}: ${rule} (${preview})`);
  } finally {
    closeSync(fd);
  }
}

/** Throws site-secret-found where there is any. */
export function refuseSecrets(found: readonly string[]): void {
  if (found.length === 0) return;
  const rest = found.length > 20 ? `\n  and ${found.length - 20} more` : "";
  throw new CodedError(
    "site-secret-found",
    `not published: what looks like a credential stands in\n  ${found.slice(0, 20).join("\n  ")}${rest}`,
  );
}

/** Start of the line that holds the byte at `at`, or that would begin there. */
function lineStart(fd: number, at: number): number {
  for (let end = at; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const found = readRange(fd, start, end).lastIndexOf(LF);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}

/** Offset behind the first line end at or after `at`; the file's end where there is none. */
function nextLine(fd: number, at: number): number {
  for (let start = at; ; start += BLOCK) {
    const block = readRange(fd, start, start + BLOCK);
    const found = block.indexOf(LF);
    if (found >= 0) return start + found + 1;
    if (block.length < BLOCK) return start + block.length;
  }
}

function countLines(fd: number, before: number): number {
  let lines = 0;
  for (let start = 0; start < before; start += BLOCK) {
    const block = readRange(fd, start, Math.min(before, start + BLOCK));
    for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, at + 1)) lines += 1;
  }
  return lines;
}

const BLOCK = 64 * 1024;

/** Fewer bytes than asked for where the file ends. */
function readRange(fd: number, start: number, end: number): Buffer {
  const buffer = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < buffer.length) {
    const got = readSync(fd, buffer, filled, buffer.length - filled, start + filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
