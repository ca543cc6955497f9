/**
 * The reading side of the spool: one frame after the other, across segments, while they grow.
 *
 * Invariants: only frames whose checksum fits come out, in the order in which they were
 * written; a torn frame ends its segment, for good when a later segment exists and until more
 * bytes arrive otherwise; segments are never changed. Memory: one window of the file, as large as
 * the largest frame. Synchronous: it runs in the filer, which has nothing else to do meanwhile.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import {
  decodeSegmentHeader,
  FRAME_HEADER_BYTES,
  frameIsSound,
  readFrameHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumber,
} from "./segment.ts";
import { errnoName, NODE_FS, type SpoolFs } from "./spool-fs.ts";

/** A place in the spool: a segment's number and a byte offset in it. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** A frame as read. `payload` is a view that the next call of `next` overwrites. */
export interface SpoolFrame {
  readonly kind: number;
  readonly exchange: number;
  readonly at: number;
  readonly run: string;
  readonly segment: number;
  /** Where the frame begins, and where its payload does. */
  readonly start: number;
  readonly offset: number;
  readonly payload: Buffer;
}

/** Bytes at the end of a finished segment that are no sound frame. */
export interface TornEnd {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

const WINDOW_BYTES = 1024 * 1024;

/** Numbers of the segments in `dir`, ascending; none where the folder is missing. */
export function listSegments(dir: string, fs: SpoolFs = NODE_FS): number[] {
  try {
    const numbers = fs.readdirSync(dir).map((name) => segmentNumber(name));
    return numbers.filter((n) => n !== null).sort((a, b) => a - b);
  } catch (error) {
    if (errnoName(error) === "ENOENT") return [];
    throw error;
  }
}

export class SpoolReader {
  readonly #dir: string;
  readonly #fs: SpoolFs;
  /** Torn ends passed over so far. */
  readonly torn: TornEnd[] = [];
  #fd = -1;
  #segment = 0;
  #run: string | null = null;
  #rewritten = false;
  /** The window: bytes [#base, #base + #filled) of the segment; #at is the next frame in it. */
  #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #base = 0;
  #filled = 0;
  #at = 0;

  /**
   * Starts at `from`, or at the first segment from there on that exists. A segment that was written
   * anew is read from its beginning: all that is in it was still needed.
   */
  constructor(dir: string, from: Position | null = null, fs: SpoolFs = NODE_FS) {
    this.#dir = dir;
    this.#fs = fs;
    const first = listSegments(dir, fs).find((n) => n >= (from?.segment ?? 0));
    if (first === undefined || !this.#enter(first) || first !== from?.segment) return;
    if (!this.#readHeader() || !this.#rewritten) {
      this.#base = Math.max(from.offset, SEGMENT_HEADER_BYTES);
    }
  }

  /** Where the next frame begins; segment 0 as long as there is none. */
  get position(): Position {
    return { segment: this.#segment, offset: this.#base + this.#at };
  }

  /** Run that wrote the segment in which reading is; null where its header is not there yet. */
  get run(): string | null {
    return this.#run;
  }

  /** The next sound frame; null where there is none yet. Throws where the disk cannot be read. */
  next(): SpoolFrame | null {
    for (;;) {
      const frame = this.#frame();
      if (frame !== null) return frame;
      // Looked up before the last look at the segment: what is older than it is finished.
      const later = listSegments(this.#dir, this.#fs).find((n) => n > this.#segment);
      const grown = this.#frame();
      if (grown !== null) return grown;
      if (later === undefined) return null;
      const torn = this.#tornEnd();
      this.#enter(later);
      if (torn !== null) this.torn.push(torn);
    }
  }

  /** Says which ends were torn, from the `from`th on; gives how many there are. */
  sayTorn(from: number, say: (message: string) => void): number {
    for (const { segment, bytes, offset } of this.torn.slice(from)) {
      say(`spool segment ${segment}: ${bytes} torn bytes at ${offset}`);
    }
    return this.torn.length;
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Throws where the segment cannot be opened, and then reading is where it was. */
  #enter(number: number): boolean {
    const fd = this.#openSegment(number);
    this.close();
    this.#fd = fd;
    this.#segment = number;
    this.#run = null;
    this.#base = SEGMENT_HEADER_BYTES;
    this.#filled = 0;
    this.#at = 0;
    return fd >= 0;
  }

  #openSegment(number: number): number {
    try {
      const path = join(this.#dir, segmentName(number));
      return this.#fs.openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoName(error) === "ENOENT") return -1;
      throw error;
    }
  }

  /** What is left of a segment that will not grow any more. */
  #tornEnd(): TornEnd | null {
    if (this.#fd < 0) return null;
    const offset = this.#run === null ? 0 : this.#base + this.#at;
    const bytes = this.#fs.fstatSync(this.#fd).size - offset;
    return bytes > 0 ? { segment: this.#segment, offset, bytes } : null;
  }

  #frame(): SpoolFrame | null {
    if (this.#fd < 0) return null;
    if (this.#run === null && !this.#readHeader()) return null;
    if (!this.#have(FRAME_HEADER_BYTES)) return null;
    let header = readFrameHeader(this.#window, this.#at);
    if (!this.#have(FRAME_HEADER_BYTES + header.payloadBytes)) return null;
    if (!frameIsSound(this.#window, this.#at, header)) {
      // Perhaps read while it was cut back and written anew: look at the file once more.
      this.#refill();
      header = readFrameHeader(this.#window, this.#at);
      if (this.#filled < FRAME_HEADER_BYTES + header.payloadBytes) return null;
      if (!frameIsSound(this.#window, this.#at, header)) return null;
    }
    const start = this.#base + this.#at;
    const from = this.#at + FRAME_HEADER_BYTES;
    this.#at = from + header.payloadBytes;
    return {
      kind: header.kind,
      exchange: header.exchange,
      at: header.at,
      run: this.#run ?? "",
      segment: this.#segment,
      start,
      offset: start + FRAME_HEADER_BYTES,
      payload: this.#window.subarray(from, this.#at),
    };
  }

  #readHeader(): boolean {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const count = this.#fs.readSync(this.#fd, bytes, 0, bytes.length, 0);
    const header = count === bytes.length ? decodeSegmentHeader(bytes) : null;
    this.#run = header?.number === this.#segment ? header.run : null;
    this.#rewritten = (header?.standsFor ?? 0) > 0;
    return this.#run !== null;
  }

  /** Sees to it that `bytes` bytes from the next frame on are in the window. */
  #have(bytes: number): boolean {
    if (this.#filled - this.#at >= bytes) return true;
    // A length field of torn bytes may say anything: never make room for more than there is.
    if (bytes > WINDOW_BYTES) {
      const left = this.#fs.fstatSync(this.#fd).size - this.#base - this.#at;
      if (left < bytes) return false;
    }
    this.#refill(bytes);
    return this.#filled >= bytes;
  }

  #refill(bytes = 0): void {
    this.#base += this.#at;
    this.#at = 0;
    if (bytes > this.#window.length) this.#window = Buffer.allocUnsafe(bytes);
    else if (this.#window.length > WINDOW_BYTES && bytes <= WINDOW_BYTES) {
      this.#window = Buffer.allocUnsafe(WINDOW_BYTES);
    }
    this.#filled = 0;
    while (this.#filled < this.#window.length) {
      const room = this.#window.length - this.#filled;
      const from = this.#base + this.#filled;
      const count = this.#fs.readSync(this.#fd, this.#window, this.#filled, room, from);
      if (count === 0) return;
      this.#filled += count;
    }
  }
}
