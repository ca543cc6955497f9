/**
 * The lines of a file with their byte offsets, read in blocks: memory is one block and the longest
 * line, however large the file; a line beyond `captureLineBytes` of LIMITS is only counted.
 *
 * Invariants: only complete lines (those that end with LF) are given; what follows the last
 * LF is a torn line, reported by its offset. It must never write.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { LIMITS } from "../limits.ts";

const BLOCK_BYTES = 1024 * 1024;
/** So much of what was gone by stays at hand: an exchange asks for the parts that stand above it. */
const KEPT_BYTES = 128 * 1024;
const LF = 0x0a;
const NONE = Buffer.alloc(0);

/** Reads the lines one after the other, from a file that stays its opener's to close. */
export class FileLines {
  readonly #fd: number;
  readonly #until: number;
  #buffer: Buffer = NONE;
  /** Bytes of the buffer that come from the file. */
  #filled = 0;
  /** Where in the buffer the next line begins, and from where on its end is looked for. */
  #next = 0;
  #searched = 0;
  /** Offset in the file at which the buffer begins. */
  #base = 0;
  #start = 0;
  #ended = false;
  #cut = 0;

  /** @param until bytes from there on are not looked at; @param from offset at which a line begins */
  constructor(fd: number, until = Number.POSITIVE_INFINITY, from = 0) {
    this.#fd = fd;
    this.#until = until;
    this.#base = from;
  }

  /** Offset at which the line given last begins. */
  get offset(): number {
    return this.#start;
  }

  /** Length of the line given last where that is too long to be read, and only begins so; else 0. */
  get cut(): number {
    return this.#cut;
  }

  /** Bytes of the complete lines so far. */
  get complete(): number {
    return this.#base + this.#next;
  }

  /** Bytes read so far: once there are no more lines, the file's size. */
  get size(): number {
    return this.#base + this.#filled;
  }

  /**
   * The next line without its LF, good until the next call; null where no complete one is left.
   * Throws what the file system throws.
   */
  next(): Buffer | null {
    this.#cut = 0;
    while (!this.#ended) {
      const end = this.#searched < this.#filled ? this.#endOfLine() : -1;
      if (end >= 0) {
        const line = this.#buffer.subarray(this.#next, end);
        this.#start = this.#base + this.#next;
        this.#next = end + 1;
        this.#searched = this.#next;
        return line;
      }
      this.#searched = this.#filled;
      const isLong = this.#filled - this.#next >= BLOCK_BYTES;
      const length = isLong ? this.#lengthAhead() : 0;
      if (length > LIMITS.captureLineBytes) return this.#passOver(length);
      this.#ended = !this.#readOn(length);
    }
    this.#buffer = NONE;
    return null;
  }

  /** How long the line is that has begun; up to the end of the file where it has none. */
  #lengthAhead(): number {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const begun = this.#filled - this.#next;
    for (let at = this.size; ; ) {
      const most = Math.min(block.length, Math.max(0, this.#until - at));
      const got = readSync(this.#fd, block, 0, most, at);
      const end = block.subarray(0, got).indexOf(LF);
      if (end >= 0) return begun + at - this.size + end;
      if (got === 0) return begun + at - this.size;
      at += got;
    }
  }

  /** Goes on behind a line; gives what of it is at hand. */
  #passOver(length: number): Buffer | null {
    this.#start = this.#base + this.#next;
    const begun = Buffer.from(this.#buffer.subarray(this.#next, this.#next + KEPT_BYTES));
    const end = this.#start + length;
    const isWhole = end < this.#until && readSync(this.#fd, Buffer.alloc(1), 0, 1, end) === 1;
    this.#base = isWhole ? end + 1 : this.#start;
    this.#filled = isWhole ? 0 : length;
    this.#next = 0;
    this.#searched = 0;
    this.#ended = !isWhole;
    this.#cut = isWhole ? length : 0;
    return isWhole ? begun : null;
  }

  /** Bytes of the file as far as they are at hand, good until the next line; null where they are not. */
  held(offset: number, length: number): Buffer | null {
    const at = offset - this.#base;
    if (at < 0 || at + length > this.#filled) return null;
    return this.#buffer.subarray(at, at + length);
  }

  #endOfLine(): number {
    const end = this.#buffer.indexOf(LF, this.#searched);
    // What stands behind the bytes read is left from a block before.
    return end < this.#filled ? end : -1;
  }

  /** @param ahead length of the line that has begun, where that is known */
  #readOn(ahead: number): boolean {
    const gone = Math.max(0, this.#next - KEPT_BYTES);
    this.#buffer.copyWithin(0, gone, this.#filled);
    this.#base += gone;
    this.#filled -= gone;
    this.#searched -= gone;
    this.#next -= gone;
    if (this.#filled === this.#buffer.length) {
      const room = this.#next + Math.max(ahead, this.#filled - this.#next) + BLOCK_BYTES;
      const wider = Buffer.allocUnsafeSlow(this.#filled === 0 ? BLOCK_BYTES : room);
      this.#buffer.copy(wider);
      this.#buffer = wider;
    }
    const { length } = this.#buffer;
    const at = this.#base + this.#filled;
    const most = Math.min(length - this.#filled, Math.max(0, this.#until - at));
    const got = readSync(this.#fd, this.#buffer, this.#filled, most, at);
    this.#filled += got;
    return got > 0;
  }
}

/**
 * Calls `visit` with each line without its LF and the offset at which it begins; the buffer is only
 * good until `visit` returns. `cut` is the length of a line that is too long and only begins so.
 * Returns the bytes of complete lines and the file's size: they differ where the last line is torn.
 * Throws what the file system throws.
 */
export function eachLine(
  path: string,
  visit: (line: Buffer, offset: number, cut: number) => void,
): { complete: number; size: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const lines = new FileLines(fd);
    for (let line = lines.next(); line !== null; line = lines.next())
      visit(line, lines.offset, lines.cut);
    return { complete: lines.complete, size: lines.size };
  } finally {
    closeSync(fd);
  }
}
