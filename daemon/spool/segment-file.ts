/**
 * One open segment on disk: creating it and appending to it so that a write is whole or undone.
 *
 * What always holds: `length` is what is soundly in the file; a short count is continued, and cut
 * off again where it cannot be; where cutting fails, or the error leaves doubt about the
 * descriptor, `usable` turns false and the owner goes on in a new segment.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from "./segment.ts";
import { errnoName, type SpoolFs } from "./spool-fs.ts";

export class SegmentFile {
  readonly number: number;
  readonly fd: number;
  length = SEGMENT_HEADER_BYTES;
  usable = true;
  /** Why the last write failed: `ENOSPC: no space left on device, write`. */
  fault: string | null = null;
  readonly #fs: SpoolFs;

  private constructor(fs: SpoolFs, number: number, fd: number) {
    this.#fs = fs;
    this.number = number;
    this.fd = fd;
  }

  /** Creates the segment (0600, never through a link) with its header; throws, leaving nothing. */
  static create(fs: SpoolFs, dir: string, number: number, run: string): SegmentFile {
    const path = join(dir, segmentName(number));
    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
    const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    try {
      const header = encodeSegmentHeader({ number, run });
      if (fs.writeSync(fd, header, 0, header.length) !== header.length) throw noRoom();
    } catch (error) {
      for (const undo of [() => fs.closeSync(fd), () => fs.unlinkSync(path)]) {
        try {
          undo();
        } catch {
          // The reader passes over a segment without a header.
        }
      }
      throw error;
    }
    return new SegmentFile(fs, number, fd);
  }

  /** Appends the first `end` bytes of `memory`. */
  write(memory: Buffer, end: number): boolean {
    let done = 0;
    try {
      while (done < end)
        done += this.#progress(this.#fs.writeSync(this.fd, memory, done, end - done));
    } catch (error) {
      return this.#undo(done, error);
    }
    this.length += end;
    return true;
  }

  /** Appends pieces, `bytes` together, from where they lie, with one writev. */
  writeList(list: readonly Uint8Array[], bytes: number): boolean {
    let done = 0;
    try {
      done = this.#progress(this.#fs.writevSync(this.fd, list));
      if (done < bytes) {
        const all = Buffer.concat(list);
        while (done < bytes) {
          done += this.#progress(this.#fs.writeSync(this.fd, all, done, bytes - done));
        }
      }
    } catch (error) {
      return this.#undo(done, error);
    }
    this.length += bytes;
    return true;
  }

  /** A disk that fills up gives a short count first and its error only at the next write. */
  #progress(count: number): number {
    if (count <= 0) throw noRoom();
    return count;
  }

  #undo(written: number, error: unknown): false {
    const name = errnoName(error);
    this.fault = `${name}: ${(error as Error).message}`;
    // Only a lack of space is known to leave the descriptor fit for further writes.
    if (name !== "ENOSPC" && name !== "EDQUOT") this.usable = false;
    if (written === 0) return false;
    try {
      this.#fs.ftruncateSync(this.fd, this.length);
    } catch {
      this.usable = false;
    }
    return false;
  }
}

function noRoom(): Error {
  return Object.assign(new Error("the write made no progress"), { code: "ENOSPC" });
}
