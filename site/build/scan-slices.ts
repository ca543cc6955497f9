/**
 * The last look before publishing: capture files are redacted when they are written, and are
 * scanned again here, because a published key is a lost one. What is found is held back by
 * hold-back.ts.
 *
 * Invariants: nothing is shown that was not scanned; a find shows four characters of a secret
 * and no more; bytes that an earlier build has seen are not scanned again; every line is scanned
 * whole, in exactly one slice.
 */
import { closeSync, fstatSync, readSync } from "node:fs";
import { LIMITS } from "../../record/limits.ts";
import { scan } from "../../record/secrets/scan.ts";
import type { Crew } from "./crew.ts";
import type { MarkedDay } from "./dirty-days.ts";
import { openCapture } from "./known-files.ts";
import { dayKey, type Manifest } from "./manifest.ts";

/** The lines of a file that begin at or after `from` and before `to`. */
export interface Slice {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

const LF = 0x0a;

/** A credential in a capture file, which is known by its name and inode whatever its folder. */
export interface FileHit {
  readonly name: string;
  readonly inode: number;
  readonly line: number;
  readonly rule: string;
  readonly preview: string;
  readonly fingerprint: string;
}

/** What of the dirty days has not been scanned yet, in pieces that can be scanned apart. */
export function slicesToScan(days: readonly MarkedDay[], before: Manifest): Slice[] {
  const slices: Slice[] = [];
  for (const { number, day, files, marks, kept } of days) {
    const was = kept ? (before.days[dayKey(number, day)]?.files ?? []) : [];
    const seen = new Map(was.map(({ inode, name, bytes }) => [`${inode} ${name}`, bytes]));
    for (const [index, file] of files.entries()) {
      const fd = openCapture(file);
      try {
        const { inode, name, bytes: size } = marks[index]!;
        // A line may have been torn when it was seen.
        let from = lineStart(fd, Math.min(size, seen.get(`${inode} ${name}`) ?? 0));
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

/** The credentials in all of them, shared out among the threads. */
export async function secretsOf(crew: Crew, slices: readonly Slice[]): Promise<FileHit[]> {
  const shares = Array.from({ length: crew.size }, (_, index) =>
    slices.filter((_, at) => at % crew.size === index),
  );
  return (await Promise.all(shares.map((share) => crew.run("scan", share)))).flat();
}

/** The credentials in a slice. */
export function secretsIn({ file, from, to }: Slice): FileHit[] {
  const fd = openCapture(file);
  try {
    const start = from === 0 ? 0 : nextLine(fd, from - 1);
    const end = nextLine(fd, to - 1);
    if (start >= end) return [];
    const hits = scan(readRange(fd, start, end));
    if (hits.length === 0) return [];
    const above = countLines(fd, start);
    const name = nameOf(file);
    const inode = fstatSync(fd).ino;
    return hits.map(({ rule, line, preview, fingerprint }) => {
      return { name, inode, line: above + line, rule, preview, fingerprint };
    });
  } finally {
    closeSync(fd);
  }
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
