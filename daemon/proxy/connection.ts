/**
 * One TCP or TLS connection to an upstream, which carries one call at a time (HTTP/1.1).
 *
 * What always holds: request bytes go out exactly as given, only framed; a connection whose state
 * is in doubt (a break, bytes that nobody asked for, a request body cut short) is destroyed and
 * never used again; nothing is ever sent twice. The pool in http1-upstream.ts decides which
 * connection a call gets.
 */
import type { Socket } from "node:net";
import { LIMITS } from "../../record/limits.ts";
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

const NO_TRAILERS: readonly string[] = [];

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
    socket.on("data", (chunk) => this.received(chunk));
    socket.on("drain", () => this.call?.drain());
    socket.on("end", () => this.ended());
    socket.on("error", (error) => this.broke(error));
    socket.on("close", () => this.gone());
  }

  get usable(): boolean {
    return this.call === null && this.open && !this.socket.destroyed && this.socket.writable;
  }

  /** Sends the head at once and returns the call; the body follows through it. */
  begin(request: UpstreamRequest, handler: UpstreamHandler, timeouts: CallTimeouts): UpstreamCall {
    const call = new Call(this, request, handler, timeouts);
    this.call = call;
    this.parser.expect(request.method, call);
    if (this.open) call.connected(false);
    call.start();
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

  private received(chunk: Buffer): void {
    const call = this.call;
    if (call === null) {
      // Nobody asked for these bytes: the borders between answers are in doubt.
      this.socket.destroy();
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

function uncork(call: Call): void {
  call.uncork();
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
  private corked = false;
  private corkEnd: NodeJS.Immediate | null = null;

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

  start(): void {
    const { method, path, headers, body } = this.request;
    let head = `${method} ${path} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    const { socket } = this.connection;
    if (body === "none") {
      socket.write(`${head}\r\n`, "latin1");
      this.finish(NO_TRAILERS);
      return;
    }
    // The body mostly comes in the same turn: then head and body go out with one system call.
    socket.cork();
    this.corked = true;
    socket.write(`${head}\r\n`, "latin1");
    this.corkEnd = setImmediate(uncork, this);
  }

  /** Sends what has been held back for the body's sake. */
  uncork(): void {
    if (!this.corked) return;
    this.corked = false;
    // Left in the queue it would cost the event loop one more turn.
    if (this.corkEnd !== null) clearImmediate(this.corkEnd);
    this.connection.socket.uncork();
  }

  connected(fresh: boolean): void {
    this.arm("headersMs");
    this.handler.connected(fresh);
  }

  write(chunk: Buffer): boolean {
    return this.writeAll([chunk]);
  }

  /** One system call for all of them, and for the head where it has not gone out yet. */
  writeAll(chunks: readonly Buffer[]): boolean {
    const { socket } = this.connection;
    if (this.over || socket.destroyed) return true;
    if (!this.corked) socket.cork();
    this.corked = true;
    const chunked = this.request.body === "chunked";
    for (const chunk of chunks) {
      if (chunked) socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
      socket.write(chunk);
      if (chunked) socket.write("\r\n", "latin1");
    }
    this.uncork();
    // What the kernel took at once does not wait anywhere. `write` has asked for a drain event.
    return socket.writableLength < LIMITS.socketQueueBytes;
  }

  finish(trailers: readonly string[]): void {
    if (this.sent || this.over) return;
    this.sent = true;
    if (this.request.body !== "chunked") return;
    let end = "0\r\n";
    for (let i = 0; i < trailers.length; i += 2) end += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
    this.connection.socket.write(`${end}\r\n`, "latin1");
  }

  abort(): void {
    if (this.over) return;
    // A head that is still held back is not on record yet: it ends with the connection.
    this.corked = false;
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
    this.uncork();
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
