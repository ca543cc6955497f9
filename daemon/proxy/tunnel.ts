/**
 * An upgraded connection (WebSocket): after the handshake the bytes of both directions go through
 * as they are, so that extensions such as permessage-deflate are settled end to end.
 *
 * Invariants: until the upstream has said 101 not one byte of the client goes to it beyond
 * the handshake, and after any other answer none ever does: else the client could speak HTTP past
 * the guards. Either side's FIN or RST reaches the other at once. All bytes are recorded in order
 * as clientFrame and upstreamFrame; the filer makes messages of them.
 */
import type { Socket } from "node:net";
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import type { UpstreamConfig } from "../config/types.ts";
import { FrameKind, type FrameOutcome } from "../frames.ts";
import { explainConnectError } from "./connect-error.ts";
import type { CredentialMasker } from "./credentials.ts";
import type { Refusal } from "./guard.ts";
import { forwardResponseHeaders, forwardSwitchHeaders, headText } from "./headers.ts";
import { openSocket } from "./http1-upstream.ts";
import { MessageError } from "./message-reader.ts";
import type { Recorder } from "./recorder.ts";
import { errorAnswer } from "./refusal.ts";
import { ResponseParser, TOO_MANY_INTERIM } from "./response-parser.ts";

export interface Handshake {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** Bytes that the client sent behind the handshake; held back until the 101. */
  readonly head: Buffer;
  readonly verbatim: boolean;
}

export interface TunnelEvents {
  /** The upstream has said 101, and that is on record. */
  readonly opened: () => void;
  /** The last frame is in the spool. */
  readonly over: () => void;
}

export class Tunnel {
  private readonly client: Socket;
  private readonly recorder: Recorder;
  private readonly masker: CredentialMasker;
  private readonly events: TunnelEvents;
  private upstream: Socket | null = null;
  private config: UpstreamConfig | null = null;
  private readonly parser = new ResponseParser();
  private early: Buffer[] = [];
  private switched = false;
  private status = 0;
  private finished = false;
  private verbatim = true;
  private connectMs: number | null = null;
  private headersMs: number | null = null;

  constructor(client: Socket, recorder: Recorder, masker: CredentialMasker, events: TunnelEvents) {
    this.client = client;
    this.recorder = recorder;
    this.masker = masker;
    this.events = events;
    client.setTimeout(0);
    client.setNoDelay(true);
    client.on("error", () => {});
  }

  start(config: UpstreamConfig, handshake: Handshake): void {
    this.config = config;
    this.verbatim = handshake.verbatim;
    if (handshake.head.length > 0) this.early.push(handshake.head);
    if (config.url.protocol === "playback:") {
      this.refuse({ code: "method-refused", message: "playback has no WebSocket" }, handshake.path);
      return;
    }
    const upstream = openSocket(config);
    this.upstream = upstream;
    const connected = config.url.protocol === "https:" ? "secureConnect" : "connect";
    const timer = setTimeout(() => {
      const error = new Error(`not connected within ${config.timeouts.connectMs} ms`);
      upstream.destroy(Object.assign(error, { code: "CALLNUMBER_CONNECT_TIMEOUT" }));
    }, config.timeouts.connectMs);
    upstream.setNoDelay(true);
    upstream.once(connected, () => {
      clearTimeout(timer);
      this.connectMs = this.recorder.now();
    });
    upstream.on("error", (error) => this.upstreamBroke(error));
    upstream.on("end", () => this.upstreamEnded());
    upstream.on("close", () => {
      clearTimeout(timer);
      this.upstreamEnded();
    });
    upstream.on("data", (chunk: Buffer) => this.fromUpstream(chunk));
    upstream.on("drain", () => this.client.resume());
    this.client.on("data", (chunk: Buffer) => this.fromClient(chunk));
    this.client.on("drain", () => upstream.resume());
    this.client.on("end", () => this.clientGone());
    this.client.on("close", () => this.clientGone());
    this.parser.expect(handshake.method, this.answerHandler(), true);
    this.recorder.flush();
    upstream.write(requestHead(handshake), "latin1");
  }

  refuse(refusal: Refusal, path: string): void {
    const answer = errorAnswer(refusal, path);
    const headers = [...answer.headers, "connection", "close"];
    this.noteHead(answer.status, "", "1.1", answer.headers);
    this.recorder.data(FrameKind.responseData, answer.body);
    const outcome = refusal.code.startsWith("upstream-") ? "upstream_error" : "rejected";
    this.settle(refusal.code.endsWith("-timeout") ? "timeout" : outcome, refusal);
    if (!this.client.writable) return;
    const head = responseHead(answer.status, "Refused", headers);
    this.endClient(Buffer.concat([head, answer.body]));
  }

  /** Ends the tunnel from outside, at the drain deadline. */
  stop(code: ErrorCode, outcome: FrameOutcome): void {
    this.settle(outcome, { code, message: CATALOGUE[code].meaning });
    this.client.destroySoon();
    this.upstream?.destroySoon();
  }

  private answerHandler() {
    let interimCount = 0;
    return {
      information: () => {
        if (++interimCount > LIMITS.interimCount) throw new MessageError(TOO_MANY_INTERIM);
      },
      head: (status: number, reason: string, http: string, headers: string[]) => {
        this.headersMs = this.recorder.now();
        this.status = status;
        this.noteHead(status, reason, http, headers);
        this.recorder.flush();
        this.switched = status === 101;
        const forwarded = this.switched ? forwardSwitchHeaders(headers) : refusedHeaders(headers);
        this.client.write(responseHead(status, reason, forwarded));
        if (this.switched) this.events.opened();
      },
      data: (chunk: Buffer) => {
        this.recorder.passing(FrameKind.responseData, chunk);
        if (!this.client.write(chunk)) this.upstream?.pause();
      },
      end: (trailers: string[]) => {
        if (this.switched) {
          this.openGates();
          return;
        }
        this.recorder.trailers(FrameKind.responseEnd, this.masker.response(trailers));
        this.settle("complete", null);
        this.endClient();
        this.upstream?.destroy();
      },
    };
  }

  private openGates(): void {
    for (const chunk of this.early.splice(0)) this.passToUpstream(chunk);
  }

  private fromUpstream(chunk: Buffer): void {
    if (this.switched) {
      this.passToClient(chunk);
      return;
    }
    try {
      const rest = this.parser.push(chunk);
      if (rest !== null && this.switched) this.passToClient(rest);
    } catch (error) {
      this.upstream?.destroy();
      const message = (error as Error).message;
      if (this.status === 0) this.refuse({ code: "upstream-protocol", message }, "/");
      else this.breakOff({ code: "upstream-protocol", message });
    }
  }

  private fromClient(chunk: Buffer): void {
    if (this.finished) return;
    if (this.switched) this.passToUpstream(chunk);
    else if (this.status === 0) {
      this.early.push(chunk);
      // Nothing may be sent before the 101 but a first message; more than that waits in the kernel.
      this.client.pause();
    }
  }

  private passToUpstream(chunk: Buffer): void {
    this.recorder.passing(FrameKind.clientFrame, chunk);
    if (this.upstream?.write(chunk) === false) this.client.pause();
    else if (this.client.isPaused()) this.client.resume();
  }

  private passToClient(chunk: Buffer): void {
    this.recorder.passing(FrameKind.upstreamFrame, chunk);
    if (!this.client.write(chunk)) this.upstream?.pause();
  }

  /** No upgrade: what the client still sends is read and dropped, else its end is never seen. */
  private endClient(last?: Buffer): void {
    if (last === undefined) this.client.end();
    else this.client.end(last);
    this.client.resume();
    this.client.setTimeout(LIMITS.clientIdleMs, () => this.client.destroy());
  }

  private clientGone(): void {
    if (this.finished) return;
    // Whether all had been said by then, the filer reads out of the frames.
    const message = CATALOGUE["client-gone"].meaning;
    this.settle("client_aborted", { code: "client-gone", message });
    this.upstream?.destroySoon();
    this.client.destroySoon();
  }

  private upstreamEnded(): void {
    if (this.finished) return;
    if (!this.switched && this.parser.close()) return;
    if (this.status === 0) {
      const message = "the upstream closed the connection before it had answered";
      this.refuse({ code: "upstream-closed", message }, "/");
      return;
    }
    const message = CATALOGUE["upstream-aborted"].meaning;
    if (!this.switched) {
      this.breakOff({ code: "upstream-aborted", message });
      return;
    }
    this.settle("upstream_aborted", { code: "upstream-aborted", message });
    this.client.destroySoon();
    this.upstream?.destroySoon();
  }

  /** A break of what is no WebSocket: a close would be the end of the body. */
  private breakOff(failure: Refusal): void {
    this.settle("upstream_aborted", failure);
    this.upstream?.destroy();
    this.client.write("", () => this.client.resetAndDestroy());
  }

  private upstreamBroke(error: Error): void {
    if (this.finished || this.config === null) return;
    if (this.status === 0) {
      const failure =
        this.connectMs === null
          ? explainConnectError(error, this.config)
          : { code: "upstream-closed" as const, message: error.message };
      this.refuse(failure, "/");
      return;
    }
    this.settle("upstream_aborted", { code: "upstream-aborted", message: error.message });
    // A reset is passed on as a reset.
    this.client.resetAndDestroy();
  }

  private noteHead(status: number, reason: string, http: string, headers: readonly string[]): void {
    const recorded = this.masker.response(headers);
    const verbatim = status === 101 ? { verbatim: this.verbatim } : {};
    const head = { status, reason, http, headers: recorded, ...verbatim };
    this.recorder.note(FrameKind.responseHead, head);
  }

  private settle(outcome: FrameOutcome, error: { code: string; message: string } | null): void {
    if (this.finished) return;
    this.finished = true;
    const { connectMs, headersMs, verbatim } = this;
    this.recorder.end({ outcome, error, connectMs, requestSentMs: connectMs, headersMs, verbatim });
    this.events.over();
  }
}

function requestHead({ method, path, headers }: Handshake): string {
  return headText(`${method} ${path} HTTP/1.1`, headers);
}

function responseHead(status: number, reason: string, headers: readonly string[]): Buffer {
  return Buffer.from(headText(`HTTP/1.1 ${status} ${reason}`, headers), "latin1");
}

/** The body goes on unframed and ends with the connection, whatever its framing was. */
function refusedHeaders(headers: readonly string[]): string[] {
  return [...forwardResponseHeaders(headers), "Connection", "close"];
}
