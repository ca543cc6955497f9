/**
 * Lists of byte ranges in the spool, and reading them back: how a body is remembered without being
 * held. A list costs 32 bytes a frame, in packed arrays.
 *
 * What always holds: ranges come back in the order in which they were added; a segment that is gone
 * makes `read` throw rather than give fewer bytes; nothing is kept that lies behind where sound frames
 * have been read to, since the writer may cut it back and write it anew. Must never: keep bytes
 * beyond one window.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import type { Position } from "./reader.ts";
import { segmentName } from "./segment.ts";
import { NODE_FS, type SpoolFs } from "./spool-fs.ts";

/** Byte ranges with the time at which each arrived. */
export class Extents {
  readonly #segments: number[] = [];
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  readonly #times: number[] = [];
  /** Sum of all lengths. */
  bytes = 0;

  get count(): number {
    return this.#lengths.length;
  }

  add(segment: number, offset: number, bytes: number, at: number): void {
    this.#segments.push(segment);
    this.#offsets.push(offset);
    this.#lengths.push(bytes);
    this.#times.push(at);
    this.bytes += bytes;
  }

  at(index: number): { segment: number; offset: number; bytes: number; at: number } {
    return {
      segment: this.#segments[index] ?? 0,
      offset: this.#offsets[index] ?? 0,
      bytes: this.#lengths[index] ?? 0,
      at: this.#times[index] ?? 0,
    };
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
