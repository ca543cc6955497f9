/**
 * The tee: one per exchange, turns what happens on the wire into frames of the spool.
 *
 * Invariants: frames reach the spool before the bytes they stand for go on to the other side
 * (whoever passes them on flushes first, or waits for the commit of the turn, see turn.ts), so
 * whatever either side has seen is on record even after kill -9; frames that are at hand together
 * share one write; nothing is copied, parsed or awaited; a spool that fails never disturbs the
 * exchange.
 */
import { type Begin, type End, FrameKind, type FrameOutcome } from "../frames.ts";
import type { FrameToWrite } from "../spool/writer.ts";

/** What the recorder needs of the spool (daemon/spool/writer.ts has it). */
export interface FrameSink {
  append(kind: number, exchange: number, atMs: number, payload: Uint8Array | string): boolean;
  appendGroup(frames: readonly FrameToWrite[]): boolean;
  /** Frames of several exchanges, those of each in a row. */
  appendAll(frames: readonly FrameToWrite[]): void;
}

export interface EndFacts {
  readonly outcome: FrameOutcome;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly connectMs: number | null;
  readonly requestSentMs: number | null;
  readonly headersMs: number | null;
  readonly verbatim: boolean;
}

export class Recorder {
  /** Monotonic milliseconds at which the exchange began. */
  readonly startedAt = performance.now();
  private readonly sink: FrameSink;
  readonly number: number;
  private frames: FrameToWrite[] = [];
  private ended = false;

  /** `number`: unique within a run of the daemon. */
  constructor(sink: FrameSink, number: number) {
    this.sink = sink;
    this.number = number;
  }

  /** Milliseconds since the exchange began. */
  now(): number {
    return performance.now() - this.startedAt;
  }

  /** The first frame; waits for company, as all do but those of `passing`. */
  begin(begin: Begin): void {
    this.add(FrameKind.begin, JSON.stringify(begin));
  }

  /** Bytes that go to a socket as soon as this returns: on record by then. */
  passing(kind: FrameKind, chunk: Buffer): void {
    this.add(kind, chunk);
    this.flush();
  }

  /** Bytes that are held back until they are flushed or collected. */
  data(kind: FrameKind, chunk: Buffer): void {
    this.add(kind, chunk);
  }

  /** JSON for `requestEnd`, `interim`, `responseHead` and `responseEnd`. */
  note(kind: FrameKind, payload: object): void {
    this.add(kind, JSON.stringify(payload));
  }

  /** `requestEnd` or `responseEnd`: hardly any has trailers. */
  trailers(kind: FrameKind, trailers: readonly [string, string][]): void {
    this.add(kind, trailers.length === 0 ? NO_TRAILERS : JSON.stringify({ trailers }));
  }

  /** The last frame; what is added later is left out. */
  finish(facts: EndFacts): void {
    if (this.ended) return;
    const end: End = {
      outcome: facts.outcome,
      error: facts.error,
      connect_ms: rounded(facts.connectMs),
      request_sent_ms: rounded(facts.requestSentMs),
      headers_ms: rounded(facts.headersMs),
      total_ms: rounded(this.now()) as number,
      verbatim: facts.verbatim,
    };
    this.add(FrameKind.end, JSON.stringify(end));
    this.ended = true;
  }

  /** The last frame; everything is in the spool when this returns. Later calls do nothing. */
  end(facts: EndFacts): void {
    this.finish(facts);
    this.flush();
  }

  /** Records what waits, now. */
  flush(): void {
    const { frames } = this;
    if (frames.length === 0) return;
    this.frames = [];
    const only = frames[0];
    if (frames.length > 1) this.sink.appendGroup(frames);
    else if (only) this.sink.append(only.kind, only.exchange, only.atMs, only.payload);
  }

  /** Hands what waits to whoever records it together with that of others. */
  collect(into: FrameToWrite[]): void {
    const { frames } = this;
    if (frames.length === 0) return;
    for (const frame of frames) into.push(frame);
    this.frames = [];
  }

  private add(kind: FrameKind, payload: Uint8Array | string): void {
    if (this.ended) return;
    this.frames.push({ kind, exchange: this.number, atMs: this.now(), payload });
  }
}

const NO_TRAILERS = JSON.stringify({ trailers: [] });

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
