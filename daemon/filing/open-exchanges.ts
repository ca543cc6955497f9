/**
 * Follows the frames of the spool and knows which exchanges are open: where their bytes lie, not
 * the bytes themselves.
 *
 * Invariants: an exchange comes out once, when its `end` frame is read or when a frame of a
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
import { GAP_KIND, SEGMENT_HEADER_BYTES } from "../spool/segment.ts";

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
  readonly request: Extents;
  readonly response: Extents;
  /** Numbers of the segments that hold frames of it. */
  readonly segments = new Set<number>();
  /** True where the disk refused frames: what is here is a beginning. */
  gap = false;
  /** True where the places were forgotten: read the spool again from `start`. */
  forgotten = false;
  /** Time of the last frame, in milliseconds since the exchange began. */
  lastAt = 0;

  constructor(
    run: string,
    number: number,
    start: Position,
    request = new Extents(),
    response = new Extents(),
  ) {
    this.run = run;
    this.number = number;
    this.start = start;
    this.request = request;
    this.response = response;
  }

  /** The same for every reading of the spool. */
  get key(): string {
    return keyOf(this.run, this.number);
  }

  get extentCount(): number {
    return this.request.places + this.response.places;
  }

  /** Takes a frame in; true where it was the last one. Throws on a payload that is no JSON. */
  take(frame: SpoolFrame): boolean {
    this.lastAt = Math.max(this.lastAt, frame.at);
    this.segments.add(frame.segment);
    const extents = this.#extentsFor(frame.kind);
    if (extents !== null) {
      extents.take(frame);
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

  /** The same, its places forgotten. */
  withoutPlaces(start: Position, segments: Iterable<number>): SpooledExchange {
    const { run, number, begin, requestEnd, responseHead, responseEnd, end, gap, lastAt } = this;
    const bodies = [this.request.withoutPlaces(), this.response.withoutPlaces()] as const;
    const shell = new SpooledExchange(run, number, start, ...bodies);
    const known = { begin, requestEnd, responseHead, responseEnd, end, gap, lastAt };
    Object.assign(shell, known, { forgotten: true });
    for (const n of segments) shell.segments.add(n);
    return shell;
  }

  /** The same once its frames of the segments `from` are in segment `to`. */
  elsewhere(from: ReadonlySet<number>, to: number): SpooledExchange {
    if (this.segments.isDisjointFrom(from)) return this;
    const start = from.has(this.start.segment)
      ? { segment: to, offset: SEGMENT_HEADER_BYTES }
      : this.start;
    return this.withoutPlaces(start, this.segments.difference(from).add(to));
  }

  #extentsFor(kind: number): Extents | null {
    if (kind === FrameKind.requestData) return this.request;
    if (kind === FrameKind.responseData) return this.response;
    return null;
  }
}

/** Names an exchange, also over restarts. */
export function keyOf(run: string, number: number): string {
  return `${run}:${number}`;
}

function parse<T>(frame: SpoolFrame): T {
  return JSON.parse(frame.payload.toString("utf8"));
}

export class OpenExchanges {
  /** In the order in which they began. */
  readonly #open = new Map<number, SpooledExchange>();
  #run: string | null = null;
  #extents = 0;
  /** Segments that hold frames of exchanges that are not open. */
  readonly #mixed = new Set<number>();
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

  /** All that are open, in the order in which they began. */
  all(): SpooledExchange[] {
    return [...this.#open.values()];
  }

  /** Segments that hold frames of exchanges that are not open; whoever removes one takes it out. */
  get mixed(): Set<number> {
    return this.#mixed;
  }

  /** The needed frames of the segments `from` are now in segment `to`. */
  moved(from: ReadonlySet<number>, to: number): void {
    for (const n of from) this.#mixed.delete(n);
    for (const exchange of this.#open.values()) {
      const elsewhere = exchange.elsewhere(from, to);
      if (elsewhere === exchange) continue;
      this.#extents -= exchange.extentCount;
      this.#open.set(exchange.number, elsewhere);
    }
  }

  /**
   * Takes the next frame of the spool; gives what has ended by it, in end order: first the
   * exchanges of an earlier run (their `end` is null), then the frame's own.
   */
  take(frame: SpoolFrame): SpooledExchange[] {
    const ended = this.enter(frame.run);
    const known = this.#open.get(frame.exchange);
    if (known === undefined) {
      if (frame.kind !== FrameKind.begin || this.#isDone(keyOf(frame.run, frame.exchange))) {
        this.#mixed.add(frame.segment);
        return ended;
      }
      const start = { segment: frame.segment, offset: frame.start };
      const exchange = new SpooledExchange(frame.run, frame.exchange, start);
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

  #nextRun(run: string | null): SpooledExchange[] {
    const left = this.all();
    for (const { segments } of left) for (const n of segments) this.#mixed.add(n);
    this.#open.clear();
    this.#extents = 0;
    this.#run = run;
    return left;
  }

  #remove(exchange: SpooledExchange): void {
    this.#open.delete(exchange.number);
    this.#extents -= exchange.extentCount;
    for (const n of exchange.segments) this.#mixed.add(n);
  }

  #forget(): void {
    let longest: SpooledExchange | null = null;
    for (const exchange of this.#open.values()) {
      if (longest === null || exchange.extentCount > longest.extentCount) longest = exchange;
    }
    if (longest === null) return;
    this.#extents -= longest.extentCount;
    this.#open.set(longest.number, longest.withoutPlaces(longest.start, longest.segments));
  }
}

/** Negative where `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  return a.segment - b.segment || a.offset - b.offset;
}
