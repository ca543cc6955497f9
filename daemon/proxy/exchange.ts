/**
 * One exchange: ties a client's request and answer to a call of an upstream and to a recorder.
 *
 * What always holds: bytes go on in the memory in which they came, when the turn's commit has
 * recorded them (turn.ts); whoever is slow pauses the other side; the client's leaving cancels the
 * call in the same tick; a break of the upstream becomes a break for the client, never a clean end;
 * exactly one `end` frame, whatever happens. It never looks into a body and never sends anything
 * twice.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { FrameKind, type FrameOutcome } from "../frames.ts";
import { FRAME_HEADER_BYTES } from "../spool/segment.ts";
import type { FrameToWrite } from "../spool/writer.ts";
import type { CredentialMasker } from "./credentials.ts";
import { forwardResponseHeaders, toPairs } from "./headers.ts";
import type { Recorder } from "./recorder.ts";
import { errorAnswer } from "./refusal.ts";
import type { Turn, TurnMember } from "./turn.ts";
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from "./upstream.ts";

export interface ExchangeParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
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
  /** Called once, when the exchange is over and all of it in the spool. */
  readonly over: (exchange: Exchange) => void;
}

/** Stands for a list that nothing was added to; never changed. */
const NOTHING: Buffer[] = [];

export class Exchange implements UpstreamHandler, TurnMember {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
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
  private joined = false;
  private isPassedOn = false;
  /** Recorded by the commit of this turn, and passed on right after it. */
  private toUpstream: Buffer[] = NOTHING;
  private requestTrailers: readonly string[] | null = null;
  private toClient: Buffer[] = NOTHING;
  private headWaits = false;
  private ending: "no" | "settled" | "slow" | "strict" | "syncing" = "no";

  constructor(parts: ExchangeParts) {
    this.parts = parts;
    this.req = parts.req;
    this.res = parts.res;
    this.recorder = parts.recorder;
  }

  /** Starts the call and passes the request body on as it comes. */
  start(send: (handler: UpstreamHandler) => UpstreamCall, hasBody: boolean): void {
    const { req, res } = this;
    res.sendDate = false;
    res.on("close", () => this.clientClosed());
    res.on("error", () => this.clientClosed());
    if (!hasBody) {
      this.recorder.flush();
      this.call = send(this);
      this.requestDone = true;
      this.requestSentMs = this.recorder.now();
      this.notePassedOn();
      req.resume();
      return;
    }
    // Recorded by the end of this turn, with as much of the body as comes until then. The upstream
    // holds the head back for as long.
    this.join(0);
    this.call = send(this);
    req.on("data", (chunk: Buffer) => this.requestData(chunk));
    req.on("end", () => this.requestEnded());
    req.on("error", () => {});
  }

  /** The request has been refused: answers it without any upstream. */
  refuse(code: ErrorCode, message: string): void {
    this.res.on("error", () => {});
    this.res.sendDate = false;
    this.answer(code, message, "rejected");
  }

  /** True while the client still owes parts of the body and nothing holds it back. */
  get receiving(): boolean {
    return !this.finished && !this.requestDone && !this.req.isPaused();
  }

  /** True while a client that has its answer still sends a body that nobody wants. */
  get owing(): boolean {
    return this.finished && !this.req.complete;
  }

  /** Ends the exchange from outside (drain deadline, slow body). */
  stop(code: ErrorCode, outcome: FrameOutcome): void {
    if (this.finished) return;
    this.call?.abort();
    const { meaning } = CATALOGUE[code];
    // What the client itself did wrong it is told, as long as there is nothing of an answer yet.
    if (outcome === "rejected" && !this.res.headersSent) this.answer(code, meaning, outcome);
    else this.broken(outcome, code, meaning);
  }

  /** The client's socket has ended or closed. Also called for a half-closed one. */
  clientClosed(): void {
    if (this.finished) return;
    if (this.res.writableFinished) {
      this.settle("complete", null);
      return;
    }
    this.call?.abort();
    this.settle("client_aborted", {
      code: "client-gone",
      message: CATALOGUE["client-gone"].meaning,
    });
    this.res.destroy();
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
    const { res, parts, ending } = this;
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
    this.releaseAnswer();
    if (ending === "no") return;
    this.ending = "no";
    res.end();
    parts.over(this);
  }

  /** The answer's last bytes and its end, which counts once the client's socket has taken all. */
  private releaseEnd(): void {
    if (this.finished) return;
    this.releaseAnswer();
    this.ending = "no";
    this.res.end(() => this.settle("complete", null));
  }

  private releaseRequest(): void {
    const { call, toUpstream, requestTrailers } = this;
    this.notePassedOn();
    this.toUpstream = NOTHING;
    this.requestTrailers = null;
    // The answer was complete before the request: nobody wants what is left of it.
    if (call === null) return;
    if (toUpstream.length > 0 && !writeAll(call, toUpstream)) this.req.pause();
    if (requestTrailers !== null) call.finish(requestTrailers);
  }

  private releaseAnswer(): void {
    const { res, toClient, headWaits } = this;
    this.headWaits = false;
    this.toClient = NOTHING;
    if (res.destroyed) return;
    if (toClient.length === 0) {
      // The head must not wait for the first byte of the body: a model may think for minutes. But
      // where both came together they go on together.
      if (headWaits && this.ending === "no") res.flushHeaders();
      return;
    }
    let more = true;
    for (const chunk of toClient) more = res.write(chunk);
    if (!more) this.holdBack(res);
  }

  /** Takes nothing more from the upstream until the client has read. */
  private holdBack(full: ServerResponse | Socket): void {
    if (this.waiting) return;
    this.waiting = true;
    this.call?.pause();
    full.once("drain", () => {
      this.waiting = false;
      this.call?.resume();
    });
  }

  private notePassedOn(): void {
    if (this.isPassedOn) return;
    this.isPassedOn = true;
    this.parts.passedOn(this.recorder.now());
  }

  private requestData(chunk: Buffer): void {
    this.requestBytes += chunk.length;
    if (this.finished) return;
    this.recorder.data(FrameKind.requestData, chunk);
    if (this.toUpstream === NOTHING) this.toUpstream = [chunk];
    else this.toUpstream.push(chunk);
    this.join(chunk.length);
  }

  private requestEnded(): void {
    if (this.requestDone) return;
    this.requestDone = true;
    this.requestSentMs = this.recorder.now();
    const trailers = this.req.rawTrailers;
    this.recorder.trailers(FrameKind.requestEnd, toPairs(trailers));
    this.requestTrailers = trailers;
    this.join(0);
  }

  connected(fresh: boolean): void {
    this.connectMs = fresh ? this.recorder.now() : 0;
  }

  drain(): void {
    if (this.req.isPaused()) this.req.resume();
  }

  information(status: number, reason: string, headers: string[]): void {
    this.recorder.note(FrameKind.interim, this.headFrame(status, reason, "1.1", headers));
    const socket = this.res.socket;
    // A pipelined answer that is not yet its turn has no socket: its 1xx can only be left out.
    if (socket === null || this.res.headersSent || this.req.httpVersion === "1.0") return;
    this.recorder.flush();
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    // Of these there may be any number, and a client that does not read gets no more of them either.
    if (!socket.write(`${head}\r\n`, "latin1")) this.holdBack(socket);
  }

  head(status: number, reason: string, http: string, headers: string[]): void {
    this.headersMs = this.recorder.now();
    this.recorder.note(FrameKind.responseHead, this.headFrame(status, reason, http, headers));
    const forwarded = forwardResponseHeaders(headers);
    // HTTP/1.0 knows no chunks, hence no trailers to announce.
    if (this.req.httpVersion === "1.0") dropTrailerHeader(forwarded);
    try {
      this.res.writeHead(status, reason, forwarded);
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
    this.recorder.trailers(FrameKind.responseEnd, toPairs(trailers));
    if (trailers.length > 0) this.res.addTrailers(toPairs(trailers));
    // With a full queue the client may still leave before it has everything: its close decides.
    let queued = this.res.writableLength;
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
    if (this.res.headersSent) this.broken(outcome, failure.code, failure.message);
    else this.answer(failure.code, failure.message, outcome);
  }

  private answer(code: ErrorCode, message: string, outcome: FrameOutcome): void {
    const { req, res } = this;
    const answer = errorAnswer({ code, message }, req.url ?? "/");
    const head = this.headFrame(answer.status, "", "1.1", answer.headers);
    this.recorder.note(FrameKind.responseHead, head);
    this.recorder.data(FrameKind.responseData, answer.body);
    // A body that nobody wants is not waited for, and what may follow it is not read.
    const close = this.req.complete ? [] : ["connection", "close"];
    if (close.length > 0) res.shouldKeepAlive = false;
    this.settle(outcome, { code, message });
    const send = () => {
      if (res.destroyed) return;
      res.writeHead(answer.status, [...answer.headers, ...close]);
      res.end(req.method === "HEAD" ? undefined : answer.body);
    };
    const { durable } = this.parts;
    if (durable === null) send();
    else void durable().then(send);
  }

  /** Breaks the client's connection behind the bytes that it is still to get. */
  private broken(outcome: FrameOutcome, code: ErrorCode, message: string): void {
    this.settle(outcome, { code, message });
    this.releaseAnswer();
    const socket = this.res.socket;
    if (socket === null) this.res.destroy();
    else socket.destroySoon();
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

/** False: wait for `drain`. */
function writeAll(call: UpstreamCall, chunks: readonly Buffer[]): boolean {
  if (call.writeAll !== undefined) return call.writeAll(chunks);
  let more = true;
  for (const chunk of chunks) more = call.write(chunk);
  return more;
}

function outcomeOf(code: ErrorCode, answered: boolean): FrameOutcome {
  if (code.endsWith("-timeout")) return "timeout";
  if (code === "upstream-private" || code === "over-capacity") return "rejected";
  return answered ? "upstream_aborted" : "upstream_error";
}

function dropTrailerHeader(headers: string[]): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() === "trailer") headers.splice(i, 2);
  }
}
