/**
 * Lists of byte ranges in the spool, and reading them back: how a body is remembered without being
 * held. A list costs 32 bytes a frame, outside of the JavaScript heap.
 *
 * Invariants: ranges come back in the order in which they were added; a segment that is gone
 * makes `read` throw rather than give fewer bytes; nothing is kept that lies behind where sound frames
 * have been read to, since the writer may cut it back and write it anew. Must never: keep bytes
 * beyond one window.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import { ChunkMarks, grown } from "./chunk-marks.ts";
import type { Position, SpoolFrame } from "./reader.ts";
import { segmentName } from "./segment.ts";
import { NODE_FS, type SpoolFs } from "./spool-fs.ts";

/** Byte ranges with the time at which each arrived. */
export class Extents {
  /** Sum of all lengths. */
  bytes = 0;
  count = 0;
  /** Segment, offset, length and time of each. */
  #ranges = new Float64Array(16);
  #keeps = true;

  /** The body itself, where it is held; see HeldExtents. */
  get held(): Buffer | null {
    return null;
  }

  /** How many ranges are kept. */
  get places(): number {
    return this.#keeps ? this.count : 0;
  }

  take({ segment, offset, payload, at }: SpoolFrame): void {
    this.add(segment, offset, payload.length, at);
  }

  add(segment: number, offset: number, bytes: number, at: number): void {
    const i = this.count++ * 4;
    this.bytes += bytes;
    if (!this.#keeps) return;
    if (i === this.#ranges.length) this.#ranges = grown(this.#ranges);
    this.#ranges[i] = segment;
    this.#ranges[i + 1] = offset;
    this.#ranges[i + 2] = bytes;
    this.#ranges[i + 3] = at;
  }

  at(index: number): { segment: number; offset: number; bytes: number; at: number } {
    const [segment = 0, offset = 0, bytes = 0, at = 0] = this.#ranges.subarray(4 * index);
    return { segment, offset, bytes, at };
  }

  /** The same sums; from here on ranges are counted and not kept. */
  withoutPlaces(): Extents {
    const extents = new Extents();
    extents.bytes = this.bytes;
    extents.count = this.count;
    extents.#ranges = NO_RANGES;
    extents.#keeps = false;
    return extents;
  }

  /** Where each one ends, were they put end to end; none where the ranges are not kept. */
  marks(): ChunkMarks {
    const marks = new ChunkMarks();
    for (let i = 0; i < 4 * this.places; i += 4) {
      marks.add(this.#ranges[i + 2] ?? 0, this.#ranges[i + 3] ?? 0);
    }
    return marks;
  }
}

const NO_RANGES = new Float64Array(0);

/**
 * A body of more frames than can be remembered by their places, put together in memory: what a body
 * takes, and no more, however small the frames are.
 */
export class HeldExtents extends Extents {
  readonly #bytes: Buffer;
  readonly #marks = new ChunkMarks();
  #filled = 0;

  /** Holds up to `bytesMax` bytes. */
  constructor(bytesMax: number) {
    super();
    this.#bytes = Buffer.allocUnsafe(bytesMax);
  }

  override get held(): Buffer {
    return this.#bytes.subarray(0, this.#filled);
  }

  override get places(): number {
    return 0;
  }

  override take({ payload, at }: SpoolFrame): void {
    this.count++;
    this.bytes += payload.length;
    this.#filled += payload.copy(this.#bytes, this.#filled);
    this.#marks.add(payload.length, at);
  }

  override marks(): ChunkMarks {
    return this.#marks;
  }
}

const WINDOW_BYTES = 256 * 1024;
const OPEN_FILES = 8;

/** Reads ranges of segments; keeps a few of them open. */
export class SpoolBytes {
  readonly #dir: string;
  readonly #fs: SpoolFs;
  readonly #open = new Map<number, number>();
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #windowSegment = -1;
  #windowStart = 0;
  #windowBytes = 0;
  #sound: Position = { segment: 0, offset: 0 };

  constructor(dir: string, fs: SpoolFs = NODE_FS) {
    this.#dir = dir;
    this.#fs = fs;
  }

  /** All before this place is sound frames, which nobody changes any more. */
  soundTo(position: Position): void {
    this.#sound = position;
  }

  /** The ranges joined, up to `limitBytes`. */
  read(extents: Extents, limitBytes = Number.POSITIVE_INFINITY): Buffer {
    if (extents.held !== null) return extents.held.subarray(0, limitBytes);
    if (extents.places < extents.count) throw new Error("the places are forgotten");
    const out = Buffer.allocUnsafe(Math.min(extents.bytes, limitBytes));
    let done = 0;
    for (let i = 0; i < extents.count && done < out.length; i++) {
      const { segment, offset, bytes } = extents.at(i);
      const wanted = Math.min(bytes, out.length - done);
      this.#copy(segment, offset, wanted, out, done);
      done += wanted;
    }
    return out;
  }

  close(): void {
    for (const fd of this.#open.values()) this.#fs.closeSync(fd);
    this.#open.clear();
    this.#windowSegment = -1;
  }

  #copy(segment: number, offset: number, bytes: number, out: Buffer, at: number): void {
    if (bytes > WINDOW_BYTES / 2) {
      this.#readFull(segment, offset, bytes, out, at);
      return;
    }
    const start = offset - this.#windowStart;
    if (segment !== this.#windowSegment || start < 0 || start + bytes > this.#windowBytes) {
      const wanted = Math.max(bytes, this.#keepable(segment, offset));
      // Where the disk refuses half-way, what was in it is gone too.
      this.#windowSegment = -1;
      this.#windowBytes = this.#readSome(segment, offset, this.#window, 0, wanted);
      this.#windowSegment = segment;
      this.#windowStart = offset;
      if (this.#windowBytes < bytes) throw shortened(segment, offset);
      this.#window.copy(out, at, 0, bytes);
    } else this.#window.copy(out, at, start, start + bytes);
  }

  /** How much from here on may be kept for later reads. */
  #keepable(segment: number, offset: number): number {
    const { segment: last, offset: end } = this.#sound;
    return segment < last
      ? WINDOW_BYTES
      : segment > last
        ? 0
        : Math.min(WINDOW_BYTES, end - offset);
  }

  #readFull(segment: number, offset: number, bytes: number, out: Buffer, at: number): void {
    if (this.#readSome(segment, offset, out, at, bytes) < bytes) throw shortened(segment, offset);
  }

  #readSome(segment: number, offset: number, out: Buffer, at: number, bytes: number): number {
    const fd = this.#file(segment);
    let done = 0;
    while (done < bytes) {
      const count = this.#fs.readSync(fd, out, at + done, bytes - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #file(segment: number): number {
    const known = this.#open.get(segment);
    if (known !== undefined) return known;
    if (this.#open.size >= OPEN_FILES) {
      for (const [oldest, fd] of this.#open) {
        this.#fs.closeSync(fd);
        this.#open.delete(oldest);
        break;
      }
    }
    const path = join(this.#dir, segmentName(segment));
    const fd = this.#fs.openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    this.#open.set(segment, fd);
    return fd;
  }
}

function shortened(segment: number, offset: number): Error {
  return new Error(`spool segment ${segment} ends before byte ${offset}`);
}
