/**
 * Reads ranges of a file of which many are small and near to one another: an exchange, its parts,
 * the next one. One window is read at once, and what is large is read by itself.
 *
 * Invariants: bytes out of the window (`lent`) hold until the next read. It must never write.
 */
import { readSync } from "node:fs";

const SHORTER = "the file has become shorter";
/** Read at once where one small thing after the other is asked for. */
const WINDOW_BYTES = 128 * 1024;

export class ReadWindow {
  readonly #fd: number;
  #window = Buffer.alloc(0);
  /** Where in the file the window begins, or what was read last. */
  #at = Number.NEGATIVE_INFINITY;
  #length = 0;

  /** @param fd stays its opener's to close */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** What bytes lie in that will be read over. */
  get lent(): ArrayBufferLike {
    return this.#window.buffer;
  }

  /** The bytes. Throws RangeError where the file ends before them, and what the file system throws. */
  read(offset: number, length: number): Buffer {
    const near = Math.abs(offset - this.#at) < 2 * WINDOW_BYTES;
    if (length > WINDOW_BYTES / 4 || !near) {
      this.#at = offset;
      this.#length = 0;
      return this.#fill(Buffer.allocUnsafe(length), offset);
    }
    if (offset < this.#at || offset + length > this.#at + this.#length) {
      // An exchange stands behind its parts: what comes next lies on both sides.
      this.#at = Math.max(0, offset - WINDOW_BYTES / 4);
      if (this.#window.length === 0) this.#window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
      this.#length = this.#readSome(this.#window, this.#at);
      if (offset + length > this.#at + this.#length) throw new RangeError(SHORTER);
    }
    return this.#window.subarray(offset - this.#at, offset - this.#at + length);
  }

  #fill(buffer: Buffer, offset: number): Buffer {
    if (this.#readSome(buffer, offset) < buffer.length) throw new RangeError(SHORTER);
    return buffer;
  }

  /** Reads until the buffer is full or the file ends; says how much it was. */
  #readSome(buffer: Buffer, offset: number): number {
    let filled = 0;
    while (filled < buffer.length) {
      const got = readSync(this.#fd, buffer, filled, buffer.length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }
}
