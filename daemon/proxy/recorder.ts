/**
 * The tee: one per exchange, turns what happens on the wire into frames of the spool.
 *
 * What always holds: frames reach the spool before the bytes they stand for go on to the other side
 * (those of a request at once, those of an answer by a flush that is queued ahead of the socket's
 * own in the same tick), so whatever either side has seen is on record even after kill -9; frames
 * that are at hand together share one write; nothing is copied, parsed or awaited; a spool that
 * fails never disturbs the exchange.
 */
import { type Begin, type End, FrameKind, type FrameOutcome } from "../frames.ts";
import type { FrameToWrite } from "../spool/writer.ts";

/** What the recorder needs of the spool (daemon/spool/writer.ts has it). */
export interface FrameSink {
  append(kind: number, exchange: number, atMs: number, payload: Uint8Array | string): boolean;
  appendGroup(frames: readonly FrameToWrite[]): boolean;
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
  private readonly number: number;
  private frames: FrameToWrite[] = [];
  private scheduled = false;
  /** Waits for the end of the turn of the event loop. */
  private waiting: NodeJS.Immediate | null = null;
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

  /** On record by the end of this turn of the event loop, with what comes after it until then. */
  begin(begin: Begin): void {
    this.add(FrameKind.begin, JSON.stringify(begin));
    this.soon();
  }

  /**
   * Bytes that go to a socket as soon as this returns: on record by then. The first piece of a
   * request takes the begin frame along, so head and body of most requests are one write.
   */
  passing(kind: FrameKind, chunk: Buffer): void {
    this.add(kind, chunk);
    this.flush();
  }

  /** Bytes for a response that holds them back until the next tick, as those of node:http do. */
  data(kind: FrameKind, chunk: Buffer): void {
    this.add(kind, chunk);
    this.schedule();
  }

  /** JSON for `requestEnd`, `interim`, `responseHead` and `responseEnd`: waits for company. */
  note(kind: FrameKind, payload: object): void {
    this.add(kind, JSON.stringify(payload));
  }

  /** The last frame; everything is in the spool when this returns. Later calls do nothing. */
  end(facts: EndFacts): void {
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
    this.flush();
  }

  flush(): void {
    const { frames } = this;
    if (frames.length === 0) return;
    this.frames = [];
    if (this.waiting !== null) {
      // Left in the queue it would cost the event loop one more turn.
      clearImmediate(this.waiting);
      this.waiting = null;
    }
    const only = frames[0];
    if (frames.length > 1) this.sink.appendGroup(frames);
    else if (only) this.sink.append(only.kind, only.exchange, only.atMs, only.payload);
  }

  private add(kind: FrameKind, payload: Uint8Array | string): void {
    if (this.ended) return;
    this.frames.push({ kind, exchange: this.number, atMs: this.now(), payload });
  }

  private soon(): void {
    if (this.scheduled || this.waiting !== null) return;
    this.waiting = setImmediate(flushAtLast, this);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    process.nextTick(flushLater, this);
  }

  /** Called by the tick that `schedule` asked for. */
  ticked(): void {
    this.scheduled = false;
    this.flush();
  }
}

function flushAtLast(recorder: Recorder): void {
  recorder.flush();
}

function flushLater(recorder: Recorder): void {
  recorder.ticked();
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
