/**
 * The segments of a writer: the open one, those before it, rotation, and syncing them.
 *
 * Invariants: there is always an open segment, though it may be unusable; a rotation that
 * fails leaves it in place and is tried again after a pause; the bytes of a segment that was left
 * are covered by the next sync; a segment that someone removed is noticed at the next sync. The
 * numbers of segments ascend and none is used twice.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { join } from "node:path";
import { SEGMENT_HEADER_BYTES, segmentNumber } from "./segment.ts";
import { SegmentFile } from "./segment-file.ts";
import { errnoName, type SpoolFs } from "./spool-fs.ts";

/** Pause between tries of what failed: a new segment, late frames, a look at the folder. */
export const RETRY_MS = 100;

export interface SegmentsOptions {
  readonly dir: string;
  readonly fs: SpoolFs;
  /** Size after which the next segment is begun. */
  readonly segmentBytes: number;
  /** False where nothing is ever synced. */
  readonly synced: boolean;
}

export class Segments {
  /** 16 hex digits, new for each writer; stands in the header of each of its segments. */
  readonly run = randomBytes(8).toString("hex");
  current: SegmentFile;
  /** Why the last rotation or sync failed, null where it did not. */
  fault: string | null = null;
  readonly #options: SegmentsOptions;
  #otherBytes = 0;
  #otherCount = 0;
  #nextRotation = 0;
  #lastListing = 0;
  /** Earlier segments whose last bytes a sync has still to cover. */
  #unsynced: SegmentFile[] = [];
  /** A segment was made since the folder was last synced. */
  #folderDirty = false;

  /** Makes the folder (0700) and a new segment; throws where either cannot be had. */
  constructor(options: SegmentsOptions) {
    this.#options = options;
    options.fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    options.fs.chmodSync(options.dir, 0o700);
    this.current = this.#create(this.#list(null) + 1);
  }

  /** Bytes of all segments, as far as known without looking. */
  get bytes(): number {
    return this.#otherBytes + this.current.length;
  }

  get count(): number {
    return this.#otherCount + 1;
  }

  /** Sees to a segment that can be written to and has room; false where there is none. */
  ready(): boolean {
    const { current } = this;
    if (!current.usable || current.length >= this.#options.segmentBytes) this.#rotate();
    return this.current.usable;
  }

  /** Goes on in a new segment, unless this one is empty; true where it does. */
  renew(): boolean {
    const { current } = this;
    if (current.length > SEGMENT_HEADER_BYTES) this.#rotate();
    return this.current !== current;
  }

  /** Takes stock of the folder, at most once in RETRY_MS: another process removes segments. */
  recount(): void {
    if (performance.now() - this.#lastListing < RETRY_MS) return;
    quietly(() => this.#list(this.current.number));
  }

  /**
   * fdatasync of the segments left since the last one, then of the open one, then of the folder
   * where it has a new name in it: without that a power cut may leave a synced file unnamed.
   */
  syncAll(done: (error: Error | null) => void): void {
    const left = this.#unsynced;
    const folder = this.#folderDirty;
    this.#unsynced = [];
    this.#folderDirty = false;
    let failed: Error | null = null;
    const next = (): void => {
      const segment = left.shift();
      this.#options.fs.fdatasync((segment ?? this.current).fd, (error) => {
        failed ??= error;
        if (segment === undefined) {
          this.#noteRemoval();
          if (folder) this.#syncFolder(() => done(failed));
          else done(failed);
          return;
        }
        this.#close(segment);
        next();
      });
    };
    next();
  }

  close(): void {
    for (const segment of [...this.#unsynced, this.current]) this.#close(segment);
    this.#unsynced = [];
  }

  #rotate(): void {
    const now = performance.now();
    if (now < this.#nextRotation) return;
    const { current } = this;
    try {
      const next = this.#create(current.number + 1);
      this.#otherBytes += current.length;
      this.#otherCount++;
      if (this.#options.synced) this.#unsynced.push(current);
      else this.#close(current);
      this.current = next;
      this.fault = null;
    } catch (error) {
      this.#nextRotation = now + RETRY_MS;
      this.fault = describe(error);
    }
  }

  #create(number: number): SegmentFile {
    const { dir, fs } = this.#options;
    let segment: SegmentFile;
    try {
      segment = SegmentFile.create(fs, dir, number, this.run);
    } catch (error) {
      if (errnoName(error) !== "ENOENT") throw error;
      fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
      segment = SegmentFile.create(fs, dir, number, this.run);
    }
    this.#folderDirty = true;
    return segment;
  }

  #syncFolder(done: () => void): void {
    const { dir, fs } = this.#options;
    let fd: number;
    try {
      fd = fs.openSync(dir, constants.O_RDONLY);
    } catch {
      // The folder is gone; the next append makes it again, and marks it again.
      done();
      return;
    }
    fs.fsync(fd, () => {
      quietly(() => fs.closeSync(fd));
      done();
    });
  }

  /** Counts the segments but `own`; gives the highest number there is. */
  #list(own: number | null): number {
    const { dir, fs } = this.#options;
    this.#lastListing = performance.now();
    let bytes = 0;
    let count = 0;
    let highest = 0;
    for (const name of fs.readdirSync(dir)) {
      const number = segmentNumber(name);
      if (number === null || number === own) continue;
      highest = Math.max(highest, number);
      quietly(() => {
        bytes += fs.statSync(join(dir, name)).size;
        count++;
      });
    }
    this.#otherBytes = bytes;
    this.#otherCount = count;
    return highest;
  }

  /** What is appended to a file that has no name any more would be read by nobody. */
  #noteRemoval(): void {
    quietly(() => {
      const { current } = this;
      if (this.#options.fs.fstatSync(current.fd).nlink === 0) current.usable = false;
    });
  }

  #close(segment: SegmentFile): void {
    quietly(() => this.#options.fs.closeSync(segment.fd));
  }
}

/** `ENOSPC: no space left on device, write`. */
export function describe(error: unknown): string {
  return `${errnoName(error)}: ${(error as Error).message}`;
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // What fails here has a fallback: the next listing, the next rotation, the end of the process.
  }
}
