/**
 * One exchange: ties a client's request and answer to a call of an upstream and to a recorder.
 *
 * What always holds: bytes go on in the memory in which they came; whoever is slow pauses the other
 * side; the client's leaving cancels the call in the same tick; a break of the upstream becomes a
 * break for the client, never a clean end; exactly one `end` frame, whatever happens. It never looks
 * into a body and never sends anything twice.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { FrameKind, type FrameOutcome } from "../frames.ts";
import type { CredentialMasker } from "./credentials.ts";
import { forwardResponseHeaders, toPairs } from "./headers.ts";
import type { Recorder } from "./recorder.ts";
import { errorAnswer } from "./refusal.ts";
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from "./upstream.ts";

export interface ExchangeParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly recorder: Recorder;
  readonly masker: CredentialMasker;
  /** False where the configuration changes the request on its way (headers put in). */
  readonly verbatim: boolean;
  /** Resolves when what was recorded is safe as far as `durability` asks; null = at once. */
  readonly durable: (() => Promise<void>) | null;
  /** Called once, when the exchange is over. */
  readonly over: (exchange: Exchange) => void;
}

export class Exchange implements UpstreamHandler {
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
  private headAlone = true;

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
    // With a body the head waits for its first piece, and then both are recorded first.
    if (!hasBody) this.recorder.flush();
    this.call = send(this);
    if (!hasBody) {
      this.requestDone = true;
      this.requestSentMs = this.recorder.now();
      req.resume();
      return;
    }
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

  /** Ends the exchange from outside (drain deadline, slow body). */
  stop(code: ErrorCode, outcome: FrameOutcome): void {
    if (this.finished) return;
    this.call?.abort();
    this.broken(outcome, code, CATALOGUE[code].meaning);
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

  private requestData(chunk: Buffer): void {
    this.requestBytes += chunk.length;
    this.recorder.passing(FrameKind.requestData, chunk);
    if (this.call !== null && !this.call.write(chunk)) this.req.pause();
  }

  private requestEnded(): void {
    if (this.requestDone) return;
    this.requestDone = true;
    this.requestSentMs = this.recorder.now();
    const trailers = this.req.rawTrailers;
    this.recorder.note(FrameKind.requestEnd, { trailers: toPairs(trailers) });
    this.call?.finish(trailers);
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
    socket.write(`${head}\r\n`, "latin1");
  }

  head(status: number, reason: string, http: string, headers: string[]): void {
    this.headersMs = this.recorder.now();
    this.recorder.note(FrameKind.responseHead, this.headFrame(status, reason, http, headers));
    const forwarded = forwardResponseHeaders(headers);
    // HTTP/1.0 knows no chunks, hence no trailers to announce.
    if (this.req.httpVersion === "1.0") dropTrailerHeader(forwarded);
    try {
      this.res.writeHead(status, reason, forwarded);
      // The head must not wait for the first byte of the body: a model may think for minutes. But
      // where both came together they go on together.
      process.nextTick(flushHead, this);
    } catch (error) {
      this.call?.abort();
      this.fail({ code: "upstream-protocol", message: (error as Error).message });
    }
  }

  /** Sends the head on by itself where no byte of the body has come with it. */
  flushHead(): void {
    if (this.headAlone && !this.finished) {
      this.recorder.flush();
      this.res.flushHeaders();
    }
  }

  data(chunk: Buffer): void {
    this.headAlone = false;
    this.recorder.data(FrameKind.responseData, chunk);
    if (this.res.write(chunk) || this.waiting) return;
    this.waiting = true;
    this.call?.pause();
    this.res.once("drain", () => {
      this.waiting = false;
      this.call?.resume();
    });
  }

  end(trailers: string[]): void {
    this.call = null;
    if (this.finished) return;
    this.recorder.note(FrameKind.responseEnd, { trailers: toPairs(trailers) });
    if (trailers.length > 0) this.res.addTrailers(toPairs(trailers));
    // With a full queue the client may still leave before it has everything: its close decides.
    const slow = this.res.writableLength > LIMITS.socketQueueBytes;
    const { durable } = this.parts;
    if (durable !== null) {
      this.recorder.flush();
      void durable().then(() => this.res.end(() => this.settle("complete", null)));
    } else {
      if (!slow) this.settle("complete", null);
      this.res.end(slow ? () => this.settle("complete", null) : undefined);
    }
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
    if (res.destroyed) return;
    res.writeHead(answer.status, [...answer.headers, ...close]);
    res.end(req.method === "HEAD" ? undefined : answer.body);
  }

  /** Breaks the client's connection behind the bytes that it is still to get. */
  private broken(outcome: FrameOutcome, code: ErrorCode, message: string): void {
    this.settle(outcome, { code, message });
    const socket = this.res.socket;
    if (socket === null) this.res.destroy();
    else socket.destroySoon();
  }

  private headFrame(status: number, reason: string, http: string, headers: readonly string[]) {
    return { status, reason, http, headers: this.parts.masker.response(headers) };
  }

  private settle(outcome: FrameOutcome, error: { code: string; message: string } | null): void {
    if (this.finished) return;
    this.finished = true;
    const { connectMs, requestSentMs, headersMs } = this;
    const { verbatim } = this.parts;
    this.recorder.end({ outcome, error, connectMs, requestSentMs, headersMs, verbatim });
    this.parts.over(this);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead();
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
