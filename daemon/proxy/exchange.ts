/**
 * One exchange: ties a client's request and answer to a call of an upstream and to a recorder.
 *
 * Invariants: bytes go on in the memory in which they came, when the turn's commit has
 * recorded them (turn.ts); whoever is slow pauses the other side; the client's leaving cancels the
 * call in the same tick; a break of the upstream becomes a break for the client, never a clean end;
 * exactly one `end` frame, whatever happens. It never looks into a body and never sends anything
 * twice.
 */
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { FrameKind, type FrameOutcome } from "../frames.ts";
import { FRAME_HEADER_BYTES } from "../spool/segment.ts";
import type { FrameToWrite } from "../spool/writer.ts";
import type { ClientStream, StreamHandler } from "./client-stream.ts";
import type { CredentialMasker } from "./credentials.ts";
import {
  forwardInterimHeaders,
  forwardResponseHeaders,
  forwardTrailers,
  headText,
  without,
} from "./headers.ts";
import type { Recorder } from "./recorder.ts";
import { errorAnswer, reasonOf } from "./refusal.ts";
import { TOO_MANY_INTERIM } from "./response-parser.ts";
import type { Turn, TurnMember } from "./turn.ts";
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from "./upstream.ts";

export interface ExchangeParts {
  readonly client: ClientStream;
  readonly recorder: Recorder;
  /** Records what came in together and lets it go on. */
  readonly turn: Turn;
  readonly masker: CredentialMasker;
  /** False where the configuration changes the request on its way (headers put in). */
  readonly verbatim: boolean;
  /** Resolves when what was recorded is safe as far as `durability` asks; null = at once. */
  readonly durable: (() => Promise<void>) | null;
  /** Called once, when the request's head goes out; milliseconds since it was read. */
  readonly passedOn: (ms: number) => void;
  /** A fault of the daemon's own has come up in this exchange. */
  readonly failed: (error: Error) => void;
  /** Called once, when the exchange is over and all of it in the spool. */
  readonly over: (exchange: Exchange) => void;
  /** Called where that came first, once the client owes nothing of its body any more. */
  readonly paid: (exchange: Exchange) => void;
}

/** Stands for a list that nothing was added to; never changed. */
const NOTHING: Buffer[] = [];
const NO_TRAILERS: readonly string[] = [];

export class Exchange implements UpstreamHandler, StreamHandler, TurnMember {
  readonly client: ClientStream;
  /** Bytes of the request body so far, for the guard against slow bodies. */
  requestBytes = 0;
  bytesAtLastSweep = -1;
  private readonly parts: ExchangeParts;
  private readonly recorder: Recorder;
  private call: UpstreamCall | null = null;
  private connectMs: number | null = null;
  private requestSentMs: number | null = null;
  private headersMs: number | null = null;
  private finished = false;
  private requestDone = false;
  private waiting = false;
  private interimCount = 0;
  private joined = false;
  private isPassedOn = false;
  /** Recorded by the commit of this turn, and passed on right after it. */
  private toUpstream: Buffer[] = NOTHING;
  private requestTrailers: readonly string[] | null = null;
  private toClient: Buffer[] = NOTHING;
  private headWaits = false;
  private answerTrailers: readonly string[] = NO_TRAILERS;
  private ending: "no" | "settled" | "slow" | "strict" | "syncing" = "no";

  constructor(parts: ExchangeParts) {
    this.parts = parts;
    this.client = parts.client;
    this.recorder = parts.recorder;
  }

  /** Starts the call; the request's body is passed on as it comes. */
  start(send: (handler: UpstreamHandler) => UpstreamCall): void {
    // Recorded by the end of this turn, with as much of the body as comes until then. The upstream
    // holds the head back for as long.
    this.join(0);
    this.call = send(this);
  }

  /** The request has been refused: answers it without any upstream. */
  refuse(code: ErrorCode, message: string): void {
    this.answer(code, message, "rejected");
  }

  /** True while the client still owes parts of the body and nothing holds it back. */
  get receiving(): boolean {
    return !this.finished && !this.requestDone && !this.client.paused;
  }

  /** True while a client that has its answer still sends a body that nobody wants. */
  get owing(): boolean {
    return this.finished && !this.requestDone && this.client.staysOpen;
  }

  /** Ends the exchange from outside (drain deadline, slow body). */
  stop(code: ErrorCode, outcome: FrameOutcome): void {
    if (this.finished) return;
    this.call?.abort();
    const { meaning } = CATALOGUE[code];
    // What the client itself did wrong it is told, as long as there is nothing of an answer yet.
    if (outcome === "rejected" && !this.client.headSettled) this.answer(code, meaning, outcome);
    else this.broken(outcome, code, meaning);
  }

  /** The client's socket has ended or closed. Also called for a half-closed one. */
  clientClosed(): void {
    if (this.finished) {
      if (!this.requestDone) this.parts.paid(this);
      return;
    }
    this.call?.abort();
    this.settle("client_aborted", {
      code: "client-gone",
      message: CATALOGUE["client-gone"].meaning,
    });
    this.client.destroy();
  }

  clientDrained(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.call?.resume();
  }

  /** Takes part in this turn's commit; so many bytes more wait for it. */
  private join(bytes: number): void {
    const { turn } = this.parts;
    if (!this.joined) {
      this.joined = true;
      turn.join(this);
    }
    if (bytes > 0) turn.grown(bytes + FRAME_HEADER_BYTES);
  }

  collect(into: FrameToWrite[]): void {
    this.joined = false;
    this.recorder.collect(into);
  }

  /** All that waits is on record: passes it on. */
  release(): void {
    this.releaseRequest();
    const { parts, ending } = this;
    if (ending === "syncing") return;
    if (ending === "strict") {
      // Where the length is known the last byte is the end: all of this turn waits for the disk.
      this.ending = "syncing";
      void parts.durable?.().then(() => this.releaseEnd());
      return;
    }
    if (ending === "slow") {
      this.releaseEnd();
      return;
    }
    if (ending === "no") {
      this.releaseAnswer();
      return;
    }
    this.ending = "no";
    this.client.finish(this.takeAnswer(), this.answerTrailers);
    parts.over(this);
  }

  fault(error: Error): void {
    this.parts.failed(error);
    this.stop("internal-error", "rejected");
  }

  /** The answer's last bytes and its end, which counts once the client's socket has taken all. */
  private releaseEnd(): void {
    if (this.finished) return;
    this.ending = "no";
    const taken = () => this.settle("complete", null);
    this.client.finish(this.takeAnswer(), this.answerTrailers, taken);
  }

  private releaseRequest(): void {
    const { call, toUpstream, requestTrailers } = this;
    this.notePassedOn();
    this.toUpstream = NOTHING;
    this.requestTrailers = null;
    // The answer was complete before the request: nobody wants what is left of it.
    if (call === null) return;
    if (!call.send(toUpstream, requestTrailers)) this.client.pause();
  }

  private releaseAnswer(): void {
    const { headWaits } = this;
    const chunks = this.takeAnswer();
    // The head must not wait for the first byte of the body: a model may think for minutes. But
    // where both came together they go on together.
    if (chunks.length === 0 && !headWaits) return;
    if (!this.client.send(chunks)) this.holdBack();
  }

  private takeAnswer(): Buffer[] {
    const chunks = this.toClient;
    this.toClient = NOTHING;
    this.headWaits = false;
    return chunks;
  }

  /** Takes nothing more from the upstream until the client has read. */
  private holdBack(): void {
    if (this.waiting) return;
    this.waiting = true;
    this.call?.pause();
  }

  private notePassedOn(): void {
    if (this.isPassedOn) return;
    this.isPassedOn = true;
    this.parts.passedOn(this.recorder.now());
  }

  requestData(chunk: Buffer): void {
    this.requestBytes += chunk.length;
    if (this.finished) return;
    this.recorder.data(FrameKind.requestData, chunk);
    if (this.toUpstream === NOTHING) this.toUpstream = [chunk];
    else this.toUpstream.push(chunk);
    this.join(chunk.length);
  }

  requestEnded(trailers: readonly string[]): void {
    this.requestDone = true;
    if (this.finished) {
      this.parts.paid(this);
      return;
    }
    this.requestSentMs = this.recorder.now();
    if (this.client.request.facts.body !== "none") {
      this.recorder.trailers(FrameKind.requestEnd, this.parts.masker.response(trailers));
    }
    this.requestTrailers = forwardTrailers(trailers);
    this.join(0);
  }

  connected(fresh: boolean): void {
    this.connectMs = fresh ? this.recorder.now() : 0;
  }

  drain(): void {
    this.client.resume();
  }

  information(status: number, reason: string, headers: string[]): void {
    if (this.finished) return;
    if (++this.interimCount > LIMITS.interimCount) {
      this.call?.abort();
      this.fail({ code: "upstream-protocol", message: TOO_MANY_INTERIM });
      return;
    }
    this.recorder.note(FrameKind.interim, this.headFrame(status, reason, "1.1", headers));
    const { client } = this;
    if (client.headSettled || client.request.http === "1.0") return;
    this.recorder.flush();
    const head = headText(`HTTP/1.1 ${status} ${reason}`, forwardInterimHeaders(headers));
    // Of these there may be any number, and a client that does not read gets no more of them either.
    if (!client.interim(head)) this.holdBack();
  }

  head(status: number, reason: string, http: string, headers: string[]): void {
    this.headersMs = this.recorder.now();
    this.recorder.note(FrameKind.responseHead, this.headFrame(status, reason, http, headers));
    const forwarded = forwardResponseHeaders(headers);
    try {
      // HTTP/1.0 knows no chunks, hence no trailers to announce.
      const old = this.client.request.http === "1.0";
      this.client.head(status, reason, old ? without("trailer", forwarded) : forwarded);
      this.headWaits = true;
      this.join(0);
    } catch (error) {
      this.call?.abort();
      this.fail({ code: "upstream-protocol", message: (error as Error).message });
    }
  }

  data(chunk: Buffer): void {
    this.recorder.data(FrameKind.responseData, chunk);
    if (this.toClient === NOTHING) this.toClient = [chunk];
    else this.toClient.push(chunk);
    this.join(chunk.length);
  }

  end(trailers: string[]): void {
    this.call = null;
    if (this.finished) return;
    // No upstream will ask for the rest of the body any more, and the client may insist on sending.
    this.drain();
    this.recorder.trailers(FrameKind.responseEnd, this.parts.masker.response(trailers));
    this.answerTrailers = forwardTrailers(trailers);
    // With a full queue the client may still leave before it has everything: its close decides.
    let queued = this.client.queuedBytes;
    for (const { length } of this.toClient) queued += length;
    const slow = queued > LIMITS.socketQueueBytes;
    this.ending = this.parts.durable !== null ? "strict" : slow ? "slow" : "settled";
    if (this.ending === "settled") this.finish("complete", null);
    this.join(0);
  }

  fail(failure: UpstreamFailure): void {
    this.call = null;
    if (this.finished) return;
    const outcome = outcomeOf(failure.code, this.headersMs !== null);
    if (this.client.headSettled) this.broken(outcome, failure.code, failure.message);
    else this.answer(failure.code, failure.message, outcome);
  }

  private answer(code: ErrorCode, message: string, outcome: FrameOutcome): void {
    const { client } = this;
    const { request } = client;
    const answer = errorAnswer({ code, message }, request.target);
    const head = this.headFrame(answer.status, "", "1.1", answer.headers);
    this.recorder.note(FrameKind.responseHead, head);
    this.recorder.data(FrameKind.responseData, answer.body);
    // A body that nobody wants is not waited for, and what may follow it is not read.
    if (!client.requestComplete && request.facts.body !== "none") client.closeAfter();
    this.settle(outcome, { code, message });
    const send = () => {
      client.head(answer.status, reasonOf(answer.status), answer.headers);
      client.finish([answer.body]);
    };
    const { durable } = this.parts;
    if (durable === null) send();
    else void durable().then(send);
  }

  /** Breaks the client's connection behind the bytes that it is still to get. */
  private broken(outcome: FrameOutcome, code: ErrorCode, message: string): void {
    this.settle(outcome, { code, message });
    this.releaseAnswer();
    this.client.break();
  }

  private headFrame(status: number, reason: string, http: string, headers: readonly string[]) {
    return { status, reason, http, headers: this.parts.masker.response(headers) };
  }

  private settle(outcome: FrameOutcome, error: { code: string; message: string } | null): void {
    if (this.finished) return;
    this.finish(outcome, error);
    this.recorder.flush();
    this.parts.over(this);
  }

  /** Makes the last frame. */
  private finish(outcome: FrameOutcome, error: { code: string; message: string } | null): void {
    this.finished = true;
    const { connectMs, requestSentMs, headersMs } = this;
    const { verbatim } = this.parts;
    this.recorder.finish({ outcome, error, connectMs, requestSentMs, headersMs, verbatim });
  }
}

function outcomeOf(code: ErrorCode, answered: boolean): FrameOutcome {
  if (code.endsWith("-timeout")) return "timeout";
  if (code === "upstream-private" || code === "over-capacity") return "rejected";
  return answered ? "upstream_aborted" : "upstream_error";
}
