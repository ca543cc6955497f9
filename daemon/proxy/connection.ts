/**
 * One TCP or TLS connection to an upstream, which carries one call at a time (HTTP/1.1).
 *
 * Invariants: request bytes go out exactly as given, only framed; a connection whose state
 * is in doubt (a break, bytes that nobody asked for, a request body cut short) is destroyed and
 * never used again; nothing is ever sent twice. The pool in http1-upstream.ts decides which
 * connection a call gets.
 */
import type { Socket } from "node:net";
import { LIMITS } from "../../record/limits.ts";
import { headText } from "./headers.ts";
import { lastChunk, pieces, writePieces } from "./pieces.ts";
import { ResponseParser } from "./response-parser.ts";
import type {
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from "./upstream.ts";

export interface ConnectionOwner {
  /** The connection is free again. `idleMs`: what the upstream says about idle time, or null. */
  released(connection: Connection, idleMs: number | null): void;
  closed(connection: Connection): void;
  /** Plain words and a code for what a socket error means before any byte of an answer. */
  explain(error: Error): UpstreamFailure;
}

export interface CallTimeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
}

export class Connection {
  readonly socket: Socket;
  readonly parser = new ResponseParser();
  idleTimer: NodeJS.Timeout | null = null;
  private readonly owner: ConnectionOwner;
  private open: boolean;
  private call: Call | null = null;

  constructor(socket: Socket, connectEvent: "connect" | "secureConnect", owner: ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    this.open = false;
    socket.setNoDelay(true);
    socket.once(connectEvent, () => {
      this.open = true;
      this.call?.connected(true);
    });
    socket.on("drain", () => this.call?.drain());
    socket.on("end", () => this.ended());
    socket.on("error", (error) => this.broke(error));
    socket.on("close", () => this.gone());
  }

  get usable(): boolean {
    return this.call === null && this.open && !this.socket.destroyed && this.socket.writable;
  }

  /** The call; head and body go out through it. */
  begin(request: UpstreamRequest, handler: UpstreamHandler, timeouts: CallTimeouts): UpstreamCall {
    const call = new Call(this, request, handler, timeouts);
    this.call = call;
    this.parser.expect(request.method, call);
    if (this.open) call.connected(false);
    return call;
  }

  /** The call has had its last callback; decides about the connection's future. */
  finished(reusable: boolean): void {
    this.call = null;
    if (!reusable || !this.parser.keepAlive || this.socket.destroyed || !this.socket.writable) {
      this.socket.destroy();
      return;
    }
    if (this.socket.isPaused()) this.socket.resume();
    this.owner.released(this, this.parser.idleMs);
  }

  /** Bytes from the upstream, for this connection to keep. */
  received(chunk: Buffer): void {
    const call = this.call;
    if (call === null) {
      // Nobody asked for these bytes: the borders between answers are in doubt.
      this.socket.destroy();
      return;
    }
    if (!call.headSent) {
      // What is left of the answer before must not be read as this one.
      this.socket.destroy();
      call.failed({ code: "upstream-protocol", message: "an answer came before the request went" });
      return;
    }
    call.touch();
    try {
      this.parser.push(chunk);
    } catch (error) {
      // Whatever went wrong, also a fault of ours: it ends this one call and no other.
      this.socket.destroy();
      call.failed({ code: "upstream-protocol", message: (error as Error).message });
    }
  }

  private ended(): void {
    if (this.call !== null && this.parser.close()) return;
    this.call?.brokeOff("the upstream closed the connection");
    this.socket.destroy();
  }

  private broke(error: Error): void {
    const call = this.call;
    if (call === null) return;
    if (this.open) call.brokeOff(`the connection to the upstream broke: ${error.message}`);
    else call.failed(this.owner.explain(error));
  }

  private gone(): void {
    this.call?.brokeOff("the connection to the upstream was closed");
    this.call = null;
    this.owner.closed(this);
  }
}

class Call implements UpstreamCall {
  private readonly connection: Connection;
  private readonly request: UpstreamRequest;
  private readonly handler: UpstreamHandler;
  private readonly timeouts: CallTimeouts;
  private timer: NodeJS.Timeout | null = null;
  private answered = false;
  private sent = false;
  private over = false;
  /** Nothing that comes before can be the answer. */
  headSent = false;

  constructor(
    connection: Connection,
    request: UpstreamRequest,
    handler: UpstreamHandler,
    timeouts: CallTimeouts,
  ) {
    this.connection = connection;
    this.request = request;
    this.handler = handler;
    this.timeouts = timeouts;
  }

  connected(fresh: boolean): void {
    this.arm("headersMs");
    this.handler.connected(fresh);
  }

  /** One system call for all that is there. */
  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean {
    const { socket } = this.connection;
    if (this.over || this.sent || socket.destroyed) return true;
    const chunked = this.request.body === "chunked";
    const { method, path, headers } = this.request;
    const head = this.headSent ? "" : headText(`${method} ${path} HTTP/1.1`, headers);
    this.headSent = true;
    this.sent = trailers !== null;
    const end = chunked && trailers !== null ? lastChunk(trailers) : "";
    writePieces(socket, pieces(head, chunks, chunked, end));
    // What the kernel took at once does not wait anywhere. `write` has asked for a drain event.
    return socket.writableLength < LIMITS.socketQueueBytes;
  }

  abort(): void {
    if (this.over) return;
    this.close();
    this.connection.finished(false);
  }

  pause(): void {
    if (!this.over) this.connection.socket.pause();
  }

  resume(): void {
    if (!this.over) this.connection.socket.resume();
  }

  drain(): void {
    this.handler.drain();
  }

  information(status: number, reason: string, headers: string[]): void {
    if (!this.over) this.handler.information(status, reason, headers);
  }

  head(status: number, reason: string, http: string, headers: string[]): void {
    if (this.over) return;
    this.answered = true;
    this.arm("bodyMs");
    this.handler.head(status, reason, http, headers);
  }

  data(chunk: Buffer): void {
    if (!this.over) this.handler.data(chunk);
  }

  end(trailers: string[]): void {
    if (this.over) return;
    this.close();
    // An answer that came before the request was all sent leaves the rest of it unread over there.
    this.connection.finished(this.sent);
    this.handler.end(trailers);
  }

  /** Bytes came in: the silence that `timeouts.body` measures begins anew. */
  touch(): void {
    if (this.answered) this.timer?.refresh();
  }

  brokeOff(why: string): void {
    const code = this.answered ? "upstream-aborted" : "upstream-closed";
    this.failed({ code, message: why });
  }

  failed(failure: UpstreamFailure): void {
    if (this.over) return;
    this.close();
    this.connection.finished(false);
    this.handler.fail(failure);
  }

  private close(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private arm(which: "headersMs" | "bodyMs"): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const ms = this.timeouts[which];
    if (ms === 0) return;
    const code = which === "headersMs" ? "headers-timeout" : "body-timeout";
    const what = which === "headersMs" ? "no answer" : "no further byte of the answer";
    this.timer = setTimeout(() => {
      // Silence while we ourselves hold the answer back is the client's slowness, not a fault.
      if (this.connection.socket.isPaused()) this.timer?.refresh();
      else this.failed({ code, message: `${what} from the upstream within ${ms} ms` });
    }, ms);
  }
}
