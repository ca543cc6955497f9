/**
 * What was appended to one file since its last sync, and how to make it durable.
 *
 * Invariants:
 * - An fdatasync that succeeds after one that failed proves nothing: the kernel tells an error once
 *   and takes the pages for clean from then on. So the same bytes are written into the same place
 *   again first.
 * - Bytes that the kernel dropped meanwhile are noticed by their checksum, and nothing is confirmed.
 */
import fs, { constants } from "node:fs";
import { crc32 } from "node:zlib";

const COPY_BYTES = 1024 * 1024;

export class UnsyncedAppends {
  readonly #fd: number;
  readonly #inode: number;
  readonly #from: number;
  #to: number;
  #crc = 0;
  #hasFailed = false;

  /** `fd` is kept until `sync` has succeeded; appends begin at `from`. */
  constructor(fd: number, inode: number, from: number) {
    this.#fd = fd;
    this.#inode = inode;
    this.#from = from;
    this.#to = from;
  }

  add(bytes: Buffer): void {
    this.#crc = crc32(bytes, this.#crc);
    this.#to += bytes.length;
  }

  /** Makes all of it durable and closes the descriptor. Throws what the disk says. */
  sync(path: string): void {
    try {
      if (this.#hasFailed) this.#writeAgain(path);
      fs.fdatasyncSync(this.#fd);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
    fs.closeSync(this.#fd);
  }

  #writeAgain(path: string): void {
    const fd = openAgain(path);
    try {
      // Another file is visible there by now, as after a checkout: nobody will read this one.
      if (fs.fstatSync(fd).ino !== this.#inode) return;
      const copy = Buffer.allocUnsafe(COPY_BYTES);
      let crc = 0;
      for (let at = this.#from; at < this.#to; ) {
        const count = fs.readSync(fd, copy, 0, Math.min(copy.length, this.#to - at), at);
        if (count === 0) break;
        const bytes = copy.subarray(0, count);
        crc = crc32(bytes, crc);
        for (let done = 0; done < count; ) {
          done += fs.writeSync(fd, bytes, done, count - done, at + done);
        }
        at += count;
      }
      if (crc !== this.#crc) throw new LostAppends(`${path} lost what was appended to it`);
    } finally {
      fs.closeSync(fd);
    }
  }
}

function openAgain(path: string): number {
  try {
    return fs.openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // Renamed meanwhile, perhaps with the file: what of it is there is found by its number.
    throw new LostAppends(`${path} is gone`, { cause: error });
  }
}

/** What was written is gone, so the exchanges in it have to be filed again from the spool. */
export class LostAppends extends Error {
  override readonly name = "LostAppends";
}
