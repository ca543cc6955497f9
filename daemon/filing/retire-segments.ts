/**
 * Takes off the disk what the spool need not hold any more: bodies before redaction that are filed.
 *
 * Invariants:
 * - A segment in which nothing is needed is removed. One that also holds frames of calls that are
 *   still open is written anew with these alone, together with small ones right before it.
 * - Killed at any moment, every needed frame is in the spool, and read once: a rewritten segment
 *   says which numbers it stands for, and what is left under those is removed at the next start.
 * - The writer's own segment is left alone, and only segments of one run go together.
 */
import fs from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../record/limits.ts";
import { FrameKind } from "../frames.ts";
import { listSegments, type SpoolFrame, SpoolReader } from "../spool/reader.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  FRAME_HEADER_BYTES,
  putFrameHeader,
  SEGMENT_HEADER_BYTES,
  sealFrameWith,
  segmentName,
} from "../spool/segment.ts";
import type { CleanPlace } from "./live-sockets.ts";
import { comparePositions, keyOf, type SpooledExchange } from "./open-exchanges.ts";

/** Segments of which the needed frames are now in another one. */
export interface MovedSegments {
  readonly from: ReadonlySet<number>;
  readonly to: number;
}

/** Removes the finished segments before `reading` that hold no frame of `needed`; gives them. */
export function removeSegments(
  spoolDir: string,
  reading: number,
  needed: Iterable<SpooledExchange>,
): number[] {
  const runs = runsOf(needed);
  const removed = finishedSegments(spoolDir, reading).filter((n) => !runs.has(n));
  for (const n of removed) fs.rmSync(join(spoolDir, segmentName(n)), { force: true });
  return removed;
}

/**
 * Writes the finished segments before `reading` anew that are `mixed`: they hold frames of
 * `needed`, and of others. Gives each group as soon as it is moved: the disk may refuse the next.
 */
export function* rewriteMixed(
  spoolDir: string,
  reading: number,
  needed: readonly SpooledExchange[],
  mixed: ReadonlySet<number>,
  cleanTo: (key: string, segment: number) => CleanPlace | null,
): Generator<MovedSegments> {
  const runs = runsOf(needed);
  const keys = new Set(needed.map(({ key }) => key));
  const finished = finishedSegments(spoolDir, reading).filter((n) => runs.has(n));
  for (let i = finished.length - 1; i >= 0; i--) {
    if (!mixed.has(finished[i] as number)) continue;
    const to = finished[i] as number;
    const group = [to];
    for (; i > 0 && group.length < GROUP_COUNT; i--) {
      const before = finished[i - 1] as number;
      const joins = mixed.has(before) || isSmall(spoolDir, before);
      if (runs.get(before) !== runs.get(to) || !joins) break;
      group.unshift(before);
    }
    const told = new Set<string>();
    rewriteSegments(spoolDir, group, runs.get(to) ?? "", (frame) => {
      const key = keyOf(frame.run, frame.exchange);
      if (!keys.has(key)) return null;
      const clean = isSocketData(frame.kind) ? cleanTo(key, to) : null;
      const at = { segment: frame.segment, offset: frame.start };
      if (clean === null || comparePositions(at, clean.position) >= 0) return frame;
      if (told.has(key)) return null;
      told.add(key);
      const payload = Buffer.from(JSON.stringify({ count: clean.count }));
      return { ...frame, kind: FrameKind.turnsFiled, payload };
    });
    yield { from: new Set(group), to };
  }
}

const GROUP_COUNT = 64;

function isSocketData(kind: number): boolean {
  const { clientFrame, upstreamFrame, turnsFiled } = FrameKind;
  return kind === clientFrame || kind === upstreamFrame || kind === turnsFiled;
}

/**
 * Leaves of the segments `group` (ascending, adjacent, of `run`, finished) one under the highest
 * number, with what `keep` gives for each frame: itself, one in its place, or none.
 */
export function rewriteSegments(
  spoolDir: string,
  group: readonly number[],
  run: string,
  keep: (frame: SpoolFrame) => SpoolFrame | null,
): void {
  const [lowest = 0] = group;
  const to = group.at(-1) ?? 0;
  const path = join(spoolDir, segmentName(to));
  const draft = `${path}${DRAFT}`;
  fs.rmSync(draft, { force: true });
  const reader = new SpoolReader(spoolDir, { segment: lowest, offset: 0 });
  const fd = fs.openSync(draft, "wx", 0o600);
  try {
    const standsFor = to - lowest + 1;
    fs.writeSync(fd, encodeSegmentHeader({ number: to, run, standsFor }));
    // A stream is made of thousands of small frames: one write for many of them.
    let frames: Buffer[] = [];
    let bytes = 0;
    for (let frame = reader.next(); frame && frame.segment <= to; frame = reader.next()) {
      const kept = keep(frame);
      if (kept === null) continue;
      const written = frameBytes(kept);
      frames.push(written);
      bytes += written.length;
      if (bytes < WRITE_BYTES) continue;
      fs.writeFileSync(fd, Buffer.concat(frames, bytes));
      frames = [];
      bytes = 0;
    }
    fs.writeFileSync(fd, Buffer.concat(frames, bytes));
    fs.fsyncSync(fd);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  } finally {
    reader.close();
    fs.closeSync(fd);
  }
  fs.renameSync(draft, path);
  try {
    syncFolder(spoolDir);
    for (const n of group) {
      if (n !== to) fs.rmSync(join(spoolDir, segmentName(n)), { force: true });
    }
  } catch {
    // From the renaming on the frames are elsewhere, which the caller has to know in any case: what
    // is left under the other numbers is removed at the next start.
  }
}

/** Removes what a rewriting left that was cut short by the end of its process. */
export function finishRewriting(spoolDir: string): void {
  const segments = listSegments(spoolDir);
  if (segments.length === 0) return;
  for (const name of fs.readdirSync(spoolDir)) {
    if (name.endsWith(DRAFT)) fs.rmSync(join(spoolDir, name), { force: true });
  }
  for (const n of segments) {
    const from = n - standsFor(join(spoolDir, segmentName(n)));
    for (const other of segments) {
      if (other > from && other < n) fs.rmSync(join(spoolDir, segmentName(other)), { force: true });
    }
  }
}

const DRAFT = ".draft";
/** Frames that are written together when a segment is rewritten. */
const WRITE_BYTES = 1024 * 1024;

/** So that a power cut cannot undo the renaming and keep the removals. */
function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function frameBytes({ kind, exchange, at, payload }: SpoolFrame): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  bytes.fill(0, 0, FRAME_HEADER_BYTES);
  putFrameHeader(bytes, 0, kind, exchange, at, payload.length);
  sealFrameWith(bytes, 0, payload);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

/** Which run wrote each segment that holds frames of these. */
function runsOf(needed: Iterable<SpooledExchange>): Map<number, string> {
  const runs = new Map<number, string>();
  for (const { run, segments } of needed) for (const n of segments) runs.set(n, run);
  return runs;
}

/** The last one is the writer's, and its number must not be given out again. */
function finishedSegments(spoolDir: string, reading: number): number[] {
  const segments = listSegments(spoolDir);
  const last = segments.at(-1);
  return segments.filter((n) => n < reading && n !== last);
}

function isSmall(spoolDir: string, n: number): boolean {
  const size = fs.statSync(join(spoolDir, segmentName(n)), { throwIfNoEntry: false })?.size;
  return size !== undefined && size <= LIMITS.spoolMergeBytes;
}

function standsFor(path: string): number {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  try {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      fs.readSync(fd, header, 0, header.length, 0);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // Gone, or unreadable: whoever reads it next will say so.
  }
  return decodeSegmentHeader(header)?.standsFor ?? 0;
}
