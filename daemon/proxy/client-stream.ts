/**
 * One request of a client and its answer, on a connection that may carry others after it.
 *
 * Invariants: once the answer has ended, or the connection has gone, nothing that is called
 * here reaches the connection any more; the head goes out with the first bytes of the body or when
 * it is asked for, never twice; what is written was framed by answer-framing.ts. It knows neither
 * upstreams nor the spool.
 */
import type { Socket } from "node:net";
import type { ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { type FramedHead, frameHead } from "./answer-framing.ts";
import { lastChunk, pieces, type WriteDone, writePieces } from "./pieces.ts";
import type { RequestHead } from "./request-parser.ts";

/** Who takes the request's body and hears of its client. */
export interface StreamHandler {
  requestData(chunk: Buffer): void;
  requestEnded(trailers: readonly string[]): void;
  /** The client's side has ended or closed. */
  clientClosed(): void;
  /** The client has read what waited in the socket's queue. */
  clientDrained(): void;
  /** The request cannot be read on, or a fault of our own ended it: answers, if need be later, or breaks off. */
  stop(code: ErrorCode, outcome: "rejected"): void;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly socket: Socket;
  /** The answer has ended; `stays` says whether the connection may go on. */
  answered(stream: ClientStream, stays: boolean): void;
}

/** For requests whose body nobody wants. */
const NOBODY: StreamHandler = {
  requestData: () => {},
  requestEnded: () => {},
  clientClosed: () => {},
  clientDrained: () => {},
  stop: () => {},
};
const NO_CHUNKS: readonly Buffer[] = [];
const NO_TRAILERS: readonly string[] = [];

export class ClientStream {
  readonly request: RequestHead;
  readonly socket: Socket;
  handler: StreamHandler = NOBODY;
  /** All of the request has been read. */
  requestComplete = false;
  private readonly owner: StreamOwner;
  private stays: boolean;
  private framed: FramedHead | null = null;
  private headWaits = false;
  /** Nothing more of the answer is sent. */
  private ended = false;
  private isAnswered = false;

  constructor(owner: StreamOwner, request: RequestHead, stays: boolean) {
    this.owner = owner;
    this.socket = owner.socket;
    this.request = request;
    this.stays = stays;
  }

  /** True once `head` has been called: no other answer can be given. */
  get headSettled(): boolean {
    return this.framed !== null;
  }

  /** Whether anybody takes the request; else the connection answers for itself. */
  get handled(): boolean {
    return this.handler !== NOBODY;
  }

  /** False where the connection ends with this answer. */
  get staysOpen(): boolean {
    return this.stays && !this.socket.destroyed;
  }

  /** The answer has ended and the connection knows. */
  get answered(): boolean {
    return this.isAnswered;
  }

  /** Bytes that wait in our memory for the client to read. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  get paused(): boolean {
    return this.socket.isPaused();
  }

  pause(): void {
    if (!this.requestComplete) this.socket.pause();
  }

  resume(): void {
    if (!this.requestComplete && this.socket.isPaused()) this.socket.resume();
  }

  /** No other request is to follow on this connection. */
  closeAfter(): void {
    this.stays = false;
  }

  /** A 1xx answer as text, with its empty line. False: wait for clientDrained. */
  interim(text: string): boolean {
    if (this.ended || this.framed !== null) return true;
    this.socket.write(text, "latin1");
    return this.hasRoom();
  }

  /** Settles status and headers (flat). Throws Error where they cannot be sent. */
  head(status: number, reason: string, headers: readonly string[]): void {
    this.framed = frameHead(this.request, status, reason, headers, this.stays);
    if (this.framed.body === "close") this.stays = false;
    this.headWaits = true;
  }

  /** Sends the head, where it waits, and chunks of the body. False: wait for clientDrained. */
  send(chunks: readonly Buffer[]): boolean {
    if (!this.ended) this.write(chunks, "");
    return this.hasRoom();
  }

  /**
   * The last chunks and the end of the answer. With `taken` the connection waits until the kernel has
   * it all, and `taken` is called then; never, where the client leaves before.
   */
  finish(
    chunks: readonly Buffer[] = NO_CHUNKS,
    trailers: readonly string[] = NO_TRAILERS,
    taken?: () => void,
  ): void {
    if (this.ended) return;
    const end = this.framed?.body === "chunked" ? lastChunk(trailers) : "";
    if (taken === undefined) {
      this.write(chunks, end);
      this.over();
      return;
    }
    this.write(chunks, end, (error) => {
      if (error) return;
      taken();
      this.over();
    });
    this.ended = true;
  }

  /** Ends the connection without ending the answer, behind the bytes that are on their way. */
  break(): void {
    this.ended = true;
    const { socket, framed } = this;
    // Where the close is the end of the body, only a reset tells a break from it.
    if (framed?.body === "close") socket.write("", () => socket.resetAndDestroy());
    else socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private over(): void {
    this.ended = true;
    this.isAnswered = true;
    this.owner.answered(this, this.stays);
  }

  private write(chunks: readonly Buffer[], end: string, done?: WriteDone): void {
    const { framed, socket } = this;
    if (framed === null || socket.destroyed) return;
    const head = this.headWaits ? framed.text : "";
    this.headWaits = false;
    const body = framed.body === "none" ? NO_CHUNKS : chunks;
    const list = pieces(head, body, framed.body === "chunked", end);
    if (list.length > 0) writePieces(socket, list, done);
    else if (done !== undefined) socket.write("", done);
  }

  /** What the kernel took at once does not wait anywhere. `write` has asked for a drain event. */
  private hasRoom(): boolean {
    return this.socket.writableLength < LIMITS.socketQueueBytes;
  }
}
