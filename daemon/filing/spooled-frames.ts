/**
 * Looks one exchange up in the spool again, from its first frame to its last: for an exchange whose
 * places were forgotten, for a socket, and to set one aside with all its bytes.
 */
import fs from "node:fs";
import { join } from "node:path";
import { FrameKind } from "../frames.ts";
import { type Extents, HeldExtents } from "../spool/extents.ts";
import { type Position, type SpoolFrame, SpoolReader } from "../spool/reader.ts";
import {
  encodeSegmentHeader,
  FRAME_HEADER_BYTES,
  putFrameHeader,
  sealFrameWith,
  segmentName,
} from "../spool/segment.ts";
import { SpooledExchange } from "./open-exchanges.ts";

/** The frames of an exchange; each is only good until the next is asked for. */
export function* framesOf(spoolDir: string, x: SpooledExchange): Generator<SpoolFrame> {
  const reader = new SpoolReader(spoolDir, x.start);
  try {
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (frame.run !== x.run) return;
      if (frame.exchange !== x.number) continue;
      yield frame;
      if (frame.kind === FrameKind.end) return;
    }
  } finally {
    reader.close();
  }
}

/** The same exchange with its bodies, each up to `bytesMax`: for one whose places are forgotten. */
export function rememberAgain(
  spoolDir: string,
  x: SpooledExchange,
  bytesMax: number,
): SpooledExchange {
  const held = ({ bytes }: Extents) => new HeldExtents(Math.min(bytes, bytesMax));
  const bodies = [held(x.request), held(x.response)] as const;
  const whole = new SpooledExchange(x.run, x.number, x.start, ...bodies);
  for (const frame of framesOf(spoolDir, x)) whole.take(frame);
  for (const n of x.segments) {
    if (!whole.segments.has(n)) throw gone(join(spoolDir, segmentName(n)));
  }
  return whole;
}

function gone(path: string): Error {
  return Object.assign(new Error(`${path} is gone`), { code: "ENOENT", path });
}

/** The ended exchange with this key, looked for from `from` on; null where there is none. */
export function findExchange(
  spoolDir: string,
  from: Position | null,
  key: string,
): SpooledExchange | null {
  const reader = new SpoolReader(spoolDir, from);
  let found: SpooledExchange | null = null;
  try {
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (found === null) {
        if (frame.kind !== FrameKind.begin || `${frame.run}:${frame.exchange}` !== key) continue;
        const start = { segment: frame.segment, offset: frame.start };
        found = new SpooledExchange(frame.run, frame.exchange, start);
      } else if (frame.run !== found.run) return found;
      else if (frame.exchange !== found.number) continue;
      if (found.take(frame)) return found;
    }
    return null;
  } finally {
    reader.close();
  }
}

/**
 * Copies an exchange out of the spool into `<folder>/<id>.seg` (a segment of its own, 0600), with
 * the reason beside it, so that it can be looked at or filed once the reason is gone.
 */
export function setAside(
  spoolDir: string,
  x: SpooledExchange,
  folder: string,
  why: string,
): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = (x.begin?.id ?? x.key).replace(/[^\w-]/g, "_");
  const path = join(folder, `${name}.seg`);
  fs.rmSync(path, { force: true });
  const fd = fs.openSync(path, "wx", 0o600);
  try {
    fs.writeSync(fd, encodeSegmentHeader({ number: x.start.segment, run: x.run }));
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    for (const { kind, exchange, at, payload } of framesOf(spoolDir, x)) {
      putFrameHeader(header, 0, kind, exchange, at, payload.length);
      sealFrameWith(header, 0, payload);
      fs.writeFileSync(fd, Buffer.concat([header, payload]));
    }
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.writeFileSync(join(folder, `${name}.txt`), `${why}\n`, { mode: 0o600 });
  return path;
}
