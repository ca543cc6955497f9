/**
 * The appending side of the spool: a write-ahead segment log that survives kill -9.
 *
 * Invariants: `append` is one synchronous write of a few microseconds, never throws and
 * never waits for a disk flush. After a lost frame nothing more of that exchange is written but a
 * gap frame and its last frame (late, if need be), so what is on disk is an unbroken beginning. A
 * full or failing disk loses recordings, counted, never traffic; every append tries anew, so it
 * mends itself. Must never: look into a payload, know HTTP, allocate per chunk.
 */
import { LIMITS } from "../../record/limits.ts";
import { type Durability, GroupSync } from "./group-sync.ts";
import {
  FRAME_HEADER_BYTES,
  GAP_KIND,
  putFrameHeader,
  sealFrame,
  sealFrameWith,
} from "./segment.ts";
import { describe, RETRY_MS, Segments } from "./segments.ts";
import { NODE_FS, type SpoolFs } from "./spool-fs.ts";

/** The two kinds by which the writer knows where an exchange begins and ends. */
export const FIRST_KIND = 1;
export const LAST_KIND = 7;

export interface SpoolOptions {
  readonly durability: Durability;
  /** Bytes of all segments together, past which no new exchange is recorded. */
  readonly limitBytes: number;
  readonly segmentBytes?: number;
  readonly fs?: SpoolFs;
}

/** One frame of a group; the fields are those of `append`. */
export interface FrameToWrite {
  readonly kind: number;
  readonly exchange: number;
  readonly atMs: number;
  readonly payload: Uint8Array | string;
}

export interface SpoolStats {
  /** Bytes on disk; the folder is looked at ten times a second at most. */
  readonly bytes: number;
  readonly segments: number;
  readonly frames: number;
  /** Exchanges of which at least one frame could not be recorded. */
  readonly lostExchanges: number;
  readonly lostFrames: number;
  readonly syncs: number;
  /** Why recording does not work just now (`ENOSPC: …`, `spool-full: …`), null while it does. */
  readonly degraded: string | null;
}

/**
 * Opens the spool folder `dir` (made 0700) for appending, with a new segment: earlier ones are left
 * as they are for the reader. Throws where folder or segment cannot be made at all.
 */
export function openSpool(dir: string, options: SpoolOptions): SpoolWriter {
  return new SpoolWriter(dir, options);
}

/** What is copied together before it is written. */
const SCRATCH_BYTES = LIMITS.spoolWriteBytes;
const PAYLOAD_FITS = SCRATCH_BYTES - FRAME_HEADER_BYTES;

/** Of frames that are written together, payloads from this size on are not copied. */
const IN_PLACE_BYTES = 8 * 1024;

interface LateFrame {
  readonly gap: boolean;
  readonly atMs: number;
  readonly payload: Buffer;
}

export class SpoolWriter {
  /** 16 hex digits, new for each writer; stands in the header of each of its segments. */
  readonly run: string;
  readonly #options: SpoolOptions;
  readonly #segments: Segments;
  readonly #sync: GroupSync;
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  /** Exchanges with a lost frame; true where their beginning is on disk. */
  readonly #broken = new Map<number, boolean>();
  /** Last frames that could not be written when they came, by exchange. */
  readonly #late = new Map<number, LateFrame>();
  #lateTimer: NodeJS.Timeout | null = null;
  #frames = 0;
  #lostFrames = 0;
  #lostExchanges = 0;
  #syncs = 0;
  #degraded: string | null = null;
  #syncFault: string | null = null;
  #closed = false;

  constructor(dir: string, options: SpoolOptions) {
    this.#options = options;
    const { durability, fs = NODE_FS, segmentBytes = LIMITS.spoolSegmentBytes } = options;
    this.#segments = new Segments({ dir, fs, segmentBytes, synced: durability !== "os" });
    this.run = this.#segments.run;
    this.#sync = new GroupSync(
      durability,
      (done) => this.#segments.syncAll(done),
      (error) => {
        this.#syncs++;
        this.#syncFault = error === null ? null : describe(error);
      },
    );
  }

  /**
   * Records one frame. `atMs` is milliseconds since the exchange began. A string is written as
   * UTF-8. Synchronous; never throws; false means that the exchange is not recorded whole.
   */
  append(kind: number, exchange: number, atMs: number, payload: Uint8Array | string): boolean {
    if (this.#broken.size > 0 && this.#broken.has(exchange)) {
      return this.#appendBroken(kind, exchange, atMs, payload);
    }
    let ok = false;
    if (this.#admit(kind, payload.length)) {
      // A UTF-16 unit takes at most three bytes in UTF-8.
      if (typeof payload === "string" && payload.length * 3 > PAYLOAD_FITS) {
        payload = Buffer.from(payload);
      }
      if (typeof payload !== "string" && payload.length > PAYLOAD_FITS) {
        const header = this.#scratch.subarray(0, this.#head(0, kind, exchange, atMs, payload));
        const bytes = FRAME_HEADER_BYTES + payload.length;
        ok = this.#segments.current.writeList([header, payload], bytes);
      } else {
        ok = this.#segments.current.write(
          this.#scratch,
          this.#pack(0, kind, exchange, atMs, payload),
        );
      }
      if (ok) return this.#written(1);
      this.#degraded = this.#segments.current.fault;
    }
    if (kind === LAST_KIND) this.#putOff(exchange, false, atMs, payload);
    else this.#broken.set(exchange, kind !== FIRST_KIND);
    return this.#lost(1);
  }

  /**
   * Records several frames of one exchange with one write, all or none: what is at hand together
   * (the last chunk and the end) costs one system call. Where they are too large for that they
   * are appended one by one.
   */
  appendGroup(frames: readonly FrameToWrite[]): boolean {
    const first = frames[0];
    const last = frames.at(-1);
    if (first === undefined || last === undefined) return true;
    let most = 0;
    for (const { payload } of frames) {
      most += FRAME_HEADER_BYTES + payload.length * (typeof payload === "string" ? 3 : 1);
    }
    if (most > SCRATCH_BYTES || this.#broken.has(first.exchange)) {
      let all = true;
      for (const f of frames) all = this.append(f.kind, f.exchange, f.atMs, f.payload) && all;
      return all;
    }
    const begins = first.kind === FIRST_KIND;
    if (this.#admit(begins ? FIRST_KIND : last.kind, most)) {
      let end = 0;
      for (const f of frames) end = this.#pack(end, f.kind, f.exchange, f.atMs, f.payload);
      if (this.#segments.current.write(this.#scratch, end)) return this.#written(frames.length);
      this.#degraded = this.#segments.current.fault;
    }
    if (last.kind !== LAST_KIND) this.#broken.set(first.exchange, !begins);
    else if (!begins) this.#putOff(first.exchange, frames.length > 1, last.atMs, last.payload);
    return this.#lost(frames.length);
  }

  /**
   * Records frames of any number of exchanges, those of each in a row, with as few writes as their
   * size allows. Where a write fails each exchange is recorded by itself, as by `appendGroup`.
   */
  appendAll(frames: readonly FrameToWrite[]): void {
    let from = 0;
    while (from < frames.length) {
      const { to, bytes } = this.#fitting(frames, from);
      const end = Math.max(to, from + 1);
      if (to === from || !this.#packed(frames, from, to, bytes)) this.#oneByOne(frames, from, end);
      from = end;
    }
  }

  /** How many frames from `from` on the scratch memory holds, at most. */
  #fitting(frames: readonly FrameToWrite[], from: number): { to: number; bytes: number } {
    let bytes = 0;
    let to = from;
    for (; to < frames.length; to++) {
      const { payload, exchange } = frames[to] as FrameToWrite;
      // A UTF-16 unit takes at most three bytes in UTF-8.
      const most = FRAME_HEADER_BYTES + payload.length * (typeof payload === "string" ? 3 : 1);
      if (bytes + most > SCRATCH_BYTES) break;
      if (this.#broken.size > 0 && this.#broken.has(exchange)) break;
      bytes += most;
    }
    return { to, bytes };
  }

  /** One write for all of them; false where none of them is recorded. */
  #packed(frames: readonly FrameToWrite[], from: number, to: number, bytes: number): boolean {
    // At the limit it depends on the frame whether it may still go in.
    if (this.#segments.bytes + bytes > this.#options.limitBytes) return false;
    if (!this.#admit(FIRST_KIND, bytes)) return false;
    const list: Uint8Array[] = [];
    let start = 0;
    let end = 0;
    let apart = 0;
    for (let i = from; i < to; i++) {
      const { kind, exchange, atMs, payload } = frames[i] as FrameToWrite;
      if (typeof payload === "string" || payload.length < IN_PLACE_BYTES) {
        end = this.#pack(end, kind, exchange, atMs, payload);
        continue;
      }
      end = this.#head(end, kind, exchange, atMs, payload);
      list.push(this.#scratch.subarray(start, end), payload);
      start = end;
      apart += payload.length;
    }
    const { current } = this.#segments;
    if (apart > 0 && end > start) list.push(this.#scratch.subarray(start, end));
    const ok = apart > 0 ? current.writeList(list, end + apart) : current.write(this.#scratch, end);
    return ok && this.#written(to - from);
  }

  #oneByOne(frames: readonly FrameToWrite[], from: number, to: number): void {
    let start = from;
    for (let i = from + 1; i <= to; i++) {
      if (i < to && frames[i]?.exchange === frames[start]?.exchange) continue;
      this.appendGroup(frames.slice(start, i));
      start = i;
    }
  }

  /**
   * With `durability: strict`: resolves when everything appended so far is on the disk (or the
   * disk has refused). With `batch` and `os` it resolves at once.
   */
  durable(): Promise<void> {
    return this.#options.durability === "strict" ? this.#sync.flush() : Promise.resolve();
  }

  /** Number of the segment that is being written. */
  get segment(): number {
    return this.#segments.current.number;
  }

  /** Ends the segment that is being written, unless it is empty: what is in it can then be removed. */
  renew(): void {
    if (!this.#closed && this.#segments.renew()) this.#sync.mark();
  }

  stats(): SpoolStats {
    // The filer removes segments without a word.
    this.#segments.recount();
    return {
      bytes: this.#segments.bytes,
      segments: this.#segments.count,
      frames: this.#frames,
      lostExchanges: this.#lostExchanges,
      lostFrames: this.#lostFrames,
      syncs: this.#syncs,
      degraded: this.#degraded ?? this.#syncFault,
    };
  }

  /** Syncs and closes. Appends after it return false. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#writeLate();
    this.#closed = true;
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer);
    await this.#sync.flush();
    this.#segments.close();
  }

  /** Lays a frame into the scratch memory at `offset`; gives the offset after it. */
  #pack(
    offset: number,
    kind: number,
    exchange: number,
    atMs: number,
    payload: Uint8Array | string,
  ): number {
    const start = offset + FRAME_HEADER_BYTES;
    let bytes = payload.length;
    if (typeof payload === "string") bytes = this.#scratch.write(payload, start);
    else this.#scratch.set(payload, start);
    putFrameHeader(this.#scratch, offset, kind, exchange, atMs, bytes);
    sealFrame(this.#scratch, offset, bytes);
    return start + bytes;
  }

  /** Lays only the header of a frame there; its payload stays where it is. */
  #head(offset: number, kind: number, exchange: number, atMs: number, payload: Uint8Array): number {
    putFrameHeader(this.#scratch, offset, kind, exchange, atMs, payload.length);
    sealFrameWith(this.#scratch, offset, payload);
    return offset + FRAME_HEADER_BYTES;
  }

  /** Whether a frame may be tried now; sees to a segment with room. */
  #admit(kind: number, bytes: number): boolean {
    if (this.#closed) return false;
    const total = this.#segments.bytes + bytes;
    if (total > this.#options.limitBytes && this.#overLimit(kind, bytes)) return false;
    if (this.#segments.ready()) return true;
    this.#degraded = this.#segments.fault ?? this.#degraded;
    return false;
  }

  /** Of a broken exchange only the last frame is still of use, behind a frame that says so. */
  #appendBroken(
    kind: number,
    exchange: number,
    atMs: number,
    payload: Uint8Array | string,
  ): boolean {
    if (kind === LAST_KIND) {
      if (this.#broken.get(exchange) === true) this.#putOff(exchange, true, atMs, payload);
      this.#broken.delete(exchange);
    }
    this.#lostFrames++;
    return false;
  }

  #written(frames: number): true {
    this.#frames += frames;
    this.#degraded = null;
    this.#sync.mark();
    if (this.#late.size > 0) this.#writeLate();
    return true;
  }

  #lost(frames: number): false {
    this.#lostFrames += frames;
    this.#lostExchanges++;
    return false;
  }

  /** Keeps a last frame until the disk takes it: without it the exchange would look unfinished. */
  #putOff(exchange: number, gap: boolean, atMs: number, payload: Uint8Array | string): void {
    if (this.#closed || this.#late.size >= LIMITS.spoolLateFramesCount) return;
    this.#late.set(exchange, { gap, atMs, payload: Buffer.from(payload as string) });
    this.#writeLate();
  }

  #writeLate(): void {
    for (const [exchange, { gap, atMs, payload }] of this.#late) {
      if (payload.length > PAYLOAD_FITS - FRAME_HEADER_BYTES) {
        this.#late.delete(exchange);
        continue;
      }
      if (!this.#admit(LAST_KIND, payload.length)) break;
      const start = gap ? this.#pack(0, GAP_KIND, exchange, atMs, "") : 0;
      const end = this.#pack(start, LAST_KIND, exchange, atMs, payload);
      if (!this.#segments.current.write(this.#scratch, end)) {
        this.#degraded = this.#segments.current.fault;
        break;
      }
      this.#late.delete(exchange);
      this.#frames += gap ? 2 : 1;
      this.#sync.mark();
    }
    if (this.#late.size > 0 && this.#lateTimer === null && !this.#closed) {
      this.#lateTimer = setTimeout(() => {
        this.#lateTimer = null;
        this.#writeLate();
      }, RETRY_MS);
    }
  }

  /**
   * Past the limit no new exchange is begun; those that run may use a further eighth, and a last
   * frame always goes in. Segments are removed by another process, hence the look at the folder.
   */
  #overLimit(kind: number, bytes: number): boolean {
    if (kind === LAST_KIND) return false;
    this.#segments.recount();
    const { limitBytes } = this.#options;
    const total = this.#segments.bytes + bytes;
    if (total <= (kind === FIRST_KIND ? limitBytes : limitBytes * 1.125)) return false;
    this.#degraded = `spool-full: ${total} of ${limitBytes} bytes`;
    return true;
  }
}
