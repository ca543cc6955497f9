/**
 * Follows the frames of the spool and knows which exchanges are open: where their bytes lie, not
 * the bytes themselves.
 *
 * What always holds: an exchange comes out once, when its `end` frame is read or when a frame of a
 * later run proves that whoever wrote it is gone; frames of an exchange whose beginning was not
 * seen, or which is known to be done, are passed over (its end may be in a segment that is gone).
 * Memory is bounded by LIMITS.openExtentsCount: past it the longest exchange
 * forgets its places and is looked up in the spool again when it ends. No file access in here.
 */
import { LIMITS } from "../../record/limits.ts";
import type { Begin, End, RequestEnd, ResponseEnd, ResponseHead } from "../frames.ts";
import { FrameKind } from "../frames.ts";
import { Extents } from "../spool/extents.ts";
import type { Position, SpoolFrame } from "../spool/reader.ts";
import { GAP_KIND } from "../spool/segment.ts";

/** What the spool holds of one exchange. */
export class SpooledExchange {
  readonly run: string;
  readonly number: number;
  readonly start: Position;
  begin: Begin | null = null;
  requestEnd: RequestEnd | null = null;
  responseHead: ResponseHead | null = null;
  responseEnd: ResponseEnd | null = null;
  end: End | null = null;
  readonly request = new Extents();
  readonly response = new Extents();
  /** Numbers of the segments that hold frames of it. */
  readonly segments = new Set<number>();
  /** True where the disk refused frames: what is here is a beginning. */
  gap = false;
  /** True where the places were forgotten: read the spool again from `start`. */
  forgotten = false;
  /** Time of the last frame, in milliseconds since the exchange began. */
  lastAt = 0;

  constructor(run: string, number: number, start: Position) {
    this.run = run;
    this.number = number;
    this.start = start;
  }

  /** The same for every reading of the spool. */
  get key(): string {
    return `${this.run}:${this.number}`;
  }

  get extentCount(): number {
    return this.request.count + this.response.count;
  }

  /** Takes a frame in; true where it was the last one. Throws on a payload that is no JSON. */
  take(frame: SpoolFrame): boolean {
    this.lastAt = Math.max(this.lastAt, frame.at);
    this.segments.add(frame.segment);
    const extents = this.#extentsFor(frame.kind);
    if (extents !== null) {
      if (!this.forgotten) extents.add(frame.segment, frame.offset, frame.payload.length, frame.at);
      return false;
    }
    if (frame.kind === GAP_KIND) this.gap = true;
    else if (frame.kind === FrameKind.begin) this.begin = parse(frame);
    else if (frame.kind === FrameKind.requestEnd) this.requestEnd = parse(frame);
    else if (frame.kind === FrameKind.responseHead) this.responseHead = parse(frame);
    else if (frame.kind === FrameKind.responseEnd) this.responseEnd = parse(frame);
    else if (frame.kind === FrameKind.end) this.end = parse(frame);
    return frame.kind === FrameKind.end;
  }

  #extentsFor(kind: number): Extents | null {
    if (kind === FrameKind.requestData) return this.request;
    if (kind === FrameKind.responseData) return this.response;
    return null;
  }
}

function parse<T>(frame: SpoolFrame): T {
  return JSON.parse(frame.payload.toString("utf8"));
}

export class OpenExchanges {
  /** In the order in which they began. */
  readonly #open = new Map<number, SpooledExchange>();
  #run: string | null = null;
  #extents = 0;
  readonly #isDone: (key: string) => boolean;

  constructor(isDone: (key: string) => boolean = () => false) {
    this.#isDone = isDone;
  }

  get count(): number {
    return this.#open.size;
  }

  /** The open exchange of this number; null where none is known. */
  get(number: number): SpooledExchange | null {
    return this.#open.get(number) ?? null;
  }

  /**
   * Takes the next frame of the spool; gives what has ended by it, in end order: first the
   * exchanges of an earlier run (their `end` is null), then the frame's own.
   */
  take(frame: SpoolFrame): SpooledExchange[] {
    const ended = this.enter(frame.run);
    const known = this.#open.get(frame.exchange);
    if (known === undefined) {
      if (frame.kind !== FrameKind.begin) return ended;
      const start = { segment: frame.segment, offset: frame.start };
      const exchange = new SpooledExchange(frame.run, frame.exchange, start);
      if (this.#isDone(exchange.key)) return ended;
      exchange.take(frame);
      this.#open.set(frame.exchange, exchange);
      return ended;
    }
    const before = known.extentCount;
    const last = known.take(frame);
    this.#extents += known.extentCount - before;
    if (last) {
      this.#remove(known);
      ended.push(known);
    } else if (this.#extents > LIMITS.openExtentsCount) this.#forget();
    return ended;
  }

  /** Reading has come to a segment of this run: what an earlier run left open has ended. */
  enter(run: string): SpooledExchange[] {
    return run === this.#run ? [] : this.#nextRun(run);
  }

  /** Gives up all that is open: for a spool that nobody writes to any more. */
  takeAll(): SpooledExchange[] {
    return this.#nextRun(null);
  }

  /** The place from which the spool is still needed, given where reading is. */
  lowWater(reading: Position): Position {
    for (const { start } of this.#open.values()) {
      return comparePositions(start, reading) < 0 ? start : reading;
    }
    return reading;
  }

  /** The segments that hold frames of what is open. */
  segments(): Set<number> {
    const all = new Set<number>();
    for (const { segments } of this.#open.values()) for (const n of segments) all.add(n);
    return all;
  }

  #nextRun(run: string | null): SpooledExchange[] {
    const left = [...this.#open.values()];
    this.#open.clear();
    this.#extents = 0;
    this.#run = run;
    return left;
  }

  #remove(exchange: SpooledExchange): void {
    this.#open.delete(exchange.number);
    this.#extents -= exchange.extentCount;
  }

  #forget(): void {
    let longest: SpooledExchange | null = null;
    for (const exchange of this.#open.values()) {
      if (longest === null || exchange.extentCount > longest.extentCount) longest = exchange;
    }
    if (longest === null) return;
    this.#extents -= longest.extentCount;
    const shell = new SpooledExchange(longest.run, longest.number, longest.start);
    Object.assign(shell, {
      begin: longest.begin,
      requestEnd: longest.requestEnd,
      responseHead: longest.responseHead,
      responseEnd: longest.responseEnd,
      gap: longest.gap,
      lastAt: longest.lastAt,
      forgotten: true,
    });
    for (const segment of longest.segments) shell.segments.add(segment);
    this.#open.set(longest.number, shell);
  }
}

/** Negative where `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  return a.segment - b.segment || a.offset - b.offset;
}
