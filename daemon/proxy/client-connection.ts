/**
 * One connection of a client: reads requests off it, one after the other, and ends it.
 *
 * What always holds: a request is looked at when the one before it has been answered, so what a
 * client pipelines waits, bounded, and answers keep the order of their requests; the client's FIN
 * counts as its leaving while an answer is under way; bytes that are no request are answered with
 * the reason and end the connection; a closed connection is read to its end for a moment, so that
 * the kernel does not take the answer back (RFC 9112 §9.6).
 */
import type { Socket } from "node:net";
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { ClientStream, type StreamOwner } from "./client-stream.ts";
import { MessageError } from "./message-reader.ts";
import { rawAnswer } from "./refusal.ts";
import { type RequestHandler, type RequestHead, RequestParser } from "./request-parser.ts";

export interface ConnectionOwner {
  /** No connection is to go on behind the answer that it waits for. */
  readonly closing: boolean;
  /** A request's head has come: sets `stream.handler` or answers. */
  opened(stream: ClientStream): void;
  /** The client asks for another protocol. The socket is the owner's now; `rest` came behind it. */
  upgraded(socket: Socket, head: RequestHead, rest: Buffer): void;
  /** True where this request asks to switch to a protocol that is let through. */
  wantsUpgrade(head: RequestHead): boolean;
  /** The first request is there. */
  asked(connection: ClientConnection): void;
  /** Bytes came that are no request. */
  malformed(): void;
  /** An error that nobody expected, in the handling of one request. */
  failed(error: Error): void;
}

/** What a piece that is held costs beside its bytes, about. */
const PIECE_BYTES = 512;

export class ClientConnection implements RequestHandler, StreamOwner {
  readonly socket: Socket;
  private readonly owner: ConnectionOwner;
  private readonly parser = new RequestParser(this);
  private stream: ClientStream | null = null;
  /** Set while the head of an upgrade is being read. */
  private upgrade: RequestHead | null = null;
  /** Came before the request in front of it was answered. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private fresh = true;
  /** The connection is ending: what still comes is dropped. */
  private lingering = false;
  /** What came cannot be read on: the answer that is under way is the last. */
  private deaf = false;
  /** The client has not read what waits for it, so it is not read either. */
  private full = false;
  /** The socket speaks another protocol and is somebody else's. */
  private handedOver = false;
  /** Since when a head, or the next request, has been waited for. */
  private waitingSince = performance.now();
  private inHead = true;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    socket.on("data", this.received);
    socket.on("drain", this.drained);
    socket.on("end", this.peerEnded);
    socket.on("error", noticed);
    socket.on("close", this.closed);
  }

  /** Nothing is being read, answered or sent. */
  get idle(): boolean {
    const { stream, parser, socket } = this;
    if (this.handedOver || this.held.length > 0) return false;
    return stream === null && !this.fresh && parser.untouched && socket.writableLength === 0;
  }

  /** Gives up a head that takes too long and ends a connection that is idle for too long. */
  checkTime(now: number): void {
    if (this.stream !== null || this.lingering || this.handedOver) return;
    const ms = now - this.waitingSince;
    if (this.inHead && ms > LIMITS.requestHeadMs) {
      this.refuse("request-too-slow", "the head of the request did not come in time");
    } else if (!this.inHead && ms > LIMITS.clientIdleMs) this.endSoon();
  }

  /** Ends the connection behind what is on its way to the client. */
  endSoon(): void {
    if (this.lingering) return;
    this.lingering = true;
    this.held = [];
    const { socket } = this;
    // A client may take its time to read what is on its way; the moment begins behind that.
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LIMITS.lingerMs).unref();
      socket.once("close", () => clearTimeout(timer));
    });
    if (socket.isPaused()) socket.resume();
  }

  /** Ends it now. What another protocol still has on its way gets a moment. */
  cut(): void {
    const { socket } = this;
    if (this.handedOver) setTimeout(() => socket.destroy(), LIMITS.lingerMs).unref();
    else socket.destroy();
  }

  head(head: RequestHead): void {
    if (this.fresh) {
      this.fresh = false;
      this.owner.asked(this);
    }
    if (this.owner.wantsUpgrade(head)) {
      this.upgrade = head;
      return;
    }
    const stays = this.parser.keepAlive && !this.owner.closing;
    this.stream = new ClientStream(this, head, stays);
    this.owner.opened(this.stream);
  }

  data(chunk: Buffer): void {
    this.stream?.handler.requestData(chunk);
  }

  end(trailers: readonly string[]): void {
    const { stream } = this;
    if (stream === null) return;
    stream.requestComplete = true;
    stream.handler.requestEnded(trailers);
    if (stream.answered) this.next();
  }

  answered(stream: ClientStream, stays: boolean): void {
    if (stream !== this.stream) return;
    if (!stays || this.deaf) {
      this.stream = null;
      this.endSoon();
    } else if (stream.requestComplete) this.next();
  }

  /** Request and answer are complete: ready for the next. */
  private next(): void {
    if (this.stream === null) return;
    this.stream = null;
    if (this.owner.closing) {
      this.endSoon();
      return;
    }
    this.parser.next();
    this.inHead = false;
    this.waitingSince = performance.now();
    const { socket } = this;
    this.full = socket.writableLength >= LIMITS.socketQueueBytes;
    if (this.full) socket.pause();
    else this.goOn();
  }

  private goOn(): void {
    if (this.held.length > 0) setImmediate(readHeld, this);
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** Reads what has waited. */
  readHeld(): void {
    if (this.blocked || this.stream !== null || this.held.length === 0) return;
    const all = Buffer.concat(this.held);
    this.held = [];
    this.heldBytes = 0;
    if (this.socket.isPaused()) this.socket.resume();
    this.feed(all);
  }

  /** No request may be looked at now. */
  private get blocked(): boolean {
    return this.full || this.stream?.requestComplete === true;
  }

  private readonly received = (chunk: Buffer): void => {
    if (this.lingering || this.deaf) return;
    // Whatever waits is read first.
    if (this.blocked || this.held.length > 0) this.hold(chunk);
    else this.feed(chunk);
  };

  private hold(chunk: Buffer): void {
    this.held.push(chunk);
    this.heldBytes += chunk.length + PIECE_BYTES;
    if (this.heldBytes > LIMITS.headBytes) this.socket.pause();
  }

  private feed(chunk: Buffer): void {
    try {
      let at = 0;
      while (at < chunk.length && !this.lingering) {
        at = this.parser.push(chunk, at);
        if (this.upgrade !== null) {
          this.handOver(this.upgrade, chunk.subarray(at));
          return;
        }
        if (this.blocked && at < chunk.length) {
          this.hold(chunk.subarray(at));
          return;
        }
      }
      this.noteWait();
    } catch (error) {
      this.broke(error as Error);
    }
  }

  /** A head that has begun must be complete in time. */
  private noteWait(): void {
    if (this.stream !== null || this.inHead || this.parser.untouched) return;
    this.inHead = true;
    this.waitingSince = performance.now();
  }

  private broke(error: Error): void {
    const { stream } = this;
    const code = codeOf(error);
    if (code === "internal-error") this.owner.failed(error);
    else this.owner.malformed();
    this.deaf = true;
    if (stream === null || !stream.handled) {
      this.stream = null;
      const message = code === "internal-error" ? CATALOGUE[code].meaning : error.message;
      if (stream === null || !stream.headSettled) this.refuse(code, message);
      else this.endSoon();
      return;
    }
    // Its answer may have to wait for the disk; the connection ends behind it.
    stream.handler.stop(code === "headers-too-large" ? "request-malformed" : code, "rejected");
    if (stream.answered && this.stream === stream) {
      this.stream = null;
      this.endSoon();
    }
  }

  /** An answer to what is no request, and the end of the connection. */
  private refuse(code: ErrorCode, message: string): void {
    if (!this.socket.writable) return;
    this.socket.write(rawAnswer({ code, message }, "/"));
    this.endSoon();
  }

  private handOver(head: RequestHead, rest: Buffer): void {
    const { socket } = this;
    this.handedOver = true;
    socket.off("data", this.received);
    socket.off("drain", this.drained);
    socket.off("end", this.peerEnded);
    socket.off("close", this.closed);
    this.owner.upgraded(socket, head, rest);
  }

  private readonly drained = (): void => {
    this.stream?.handler.clientDrained();
    if (!this.full) return;
    this.full = false;
    this.goOn();
  };

  private readonly peerEnded = (): void => {
    const { stream, socket } = this;
    if (stream !== null) stream.handler.clientClosed();
    else if (!this.parser.untouched && !this.lingering) {
      this.refuse("request-malformed", "the connection ended within the head of a request");
    }
    socket.destroySoon();
  };

  private readonly closed = (): void => {
    this.stream?.handler.clientClosed();
    this.stream = null;
    this.held = [];
  };
}

function codeOf(error: Error) {
  if (!(error instanceof MessageError)) return "internal-error";
  return error.tooLarge ? "headers-too-large" : "request-malformed";
}

function readHeld(connection: ClientConnection): void {
  connection.readHeld();
}

/** The close that follows says all that matters. */
function noticed(): void {}
