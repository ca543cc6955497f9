/**
 * An upstream spoken to over HTTP/2 (`http2: on`): its connections, and which of them a call gets.
 *
 * Invariants:
 * - The same callbacks as over HTTP/1.1; header names become lower case (HTTP/2 knows no other),
 *   which is why it is opt-in.
 * - A connection that has got a GOAWAY takes no further call; the next call opens another.
 * - Only what the upstream declares unprocessed is sent again (RFC 9113 §8.7), see http2-call.ts.
 * - Where the upstream does not offer HTTP/2, all goes over HTTP/1.1, and it is asked again later.
 *
 * Why node:http2 and no ready-made client: docs/decisions/0020-own-http2-client.md.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import type { TLSSocket } from "node:tls";
import { LIMITS } from "../../record/limits.ts";
import type { UpstreamConfig } from "../config/types.ts";
import { explainConnectError } from "./connect-error.ts";
import { Http1Upstream, openSocket } from "./http1-upstream.ts";
import { type CallOwner, Http2Call } from "./http2-call.ts";
import type {
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from "./upstream.ts";

export class Http2Upstream implements Upstream, CallOwner {
  readonly config: UpstreamConfig;
  /** Bytes of request bodies that are kept to be sent again. */
  keptBytes = 0;
  private readonly connections = new Set<Http2Connection>();
  private http1: Http1Upstream | null = null;
  private http1Until = 0;

  constructor(config: UpstreamConfig) {
    this.config = config;
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return this.chosen?.begin(request, handler) ?? new Http2Call(request, handler, this);
  }

  /** Gives the call a stream, or one of HTTP/1.1, now or when a connection is there. */
  place(call: Http2Call): void {
    const { chosen } = this;
    if (chosen !== null) {
      call.fallBack(chosen);
      return;
    }
    for (const connection of this.connections) if (connection.take(call)) return;
    const connection = new Http2Connection(this);
    this.connections.add(connection);
    connection.take(call);
  }

  /** HTTP/1.1, where a connection of late has got that. One of many servers may differ. */
  private get chosen(): Http1Upstream | null {
    return performance.now() < this.http1Until ? this.http1 : null;
  }

  /** The upstream has chosen HTTP/1.1 for a connection. */
  onlyHttp1(): Http1Upstream {
    this.http1Until = performance.now() + LIMITS.http1ChoiceMs;
    this.http1 ??= new Http1Upstream(this.config);
    return this.http1;
  }

  gone(connection: Http2Connection): void {
    this.connections.delete(connection);
  }

  hasConnection(from: number, to: number): boolean {
    return this.http1?.hasConnection(from, to) ?? false;
  }

  close(): void {
    this.http1?.close();
    for (const connection of this.connections) connection.close();
  }
}

/** One connection and its session; carries many calls at a time. */
export class Http2Connection {
  /** Streams above this number were not processed; null while there was no GOAWAY. */
  lastStreamId: number | null = null;
  /** Why the session ended, where it was an error. */
  fault = "";
  private readonly owner: Http2Upstream;
  private readonly socket: TLSSocket;
  private session: ClientHttp2Session | null = null;
  private waiting: Http2Call[] = [];
  private calls = 0;
  private closing = false;
  private idleTimer: NodeJS.Timeout | null = null;

  constructor(owner: Http2Upstream) {
    this.owner = owner;
    const { config } = owner;
    this.socket = openSocket(config, undefined, undefined, ["h2", "http/1.1"]) as TLSSocket;
    const { socket } = this;
    socket.setNoDelay(true);
    const ms = config.timeouts.connectMs || LIMITS.connectMs;
    const timer = setTimeout(() => {
      const error = new Error(`not connected within ${ms} ms`);
      socket.destroy(Object.assign(error, { code: "CALLNUMBER_CONNECT_TIMEOUT" }));
    }, ms);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      this.connected();
    });
    socket.on("error", (error) => this.failed(explainConnectError(error, config)));
    socket.once("close", () => {
      clearTimeout(timer);
      const message = "the upstream closed the connection while it was being made";
      this.failed({ code: "upstream-closed", message });
    });
  }

  /** False where another connection has to take the call. */
  take(call: Http2Call): boolean {
    const { session } = this;
    if (this.closing || session?.closed || session?.destroyed || this.calls >= this.room)
      return false;
    this.calls++;
    if (this.idleTimer !== null) clearTimeout(this.idleTimer);
    this.idleTimer = null;
    if (session === null) this.waiting.push(call);
    else call.attach(this, session, false);
    return true;
  }

  /** A call that it carried is over. */
  released(): void {
    this.calls--;
    if (this.calls > 0) return;
    if (this.closing) this.close();
    else this.idleTimer ??= setTimeout(() => this.close(), LIMITS.upstreamIdleMs).unref();
  }

  /** Takes no more calls; ends behind those that it carries. */
  close(): void {
    this.closing = true;
    this.owner.gone(this);
    if (this.calls > 0) return;
    if (this.session === null) this.socket.destroy();
    else this.session.close();
  }

  private get room(): number {
    const told = this.session?.remoteSettings?.maxConcurrentStreams ?? LIMITS.http2StreamsCount;
    return Math.min(told, LIMITS.http2StreamsCount);
  }

  private connected(): void {
    if (this.socket.alpnProtocol !== "h2") {
      const http1 = this.owner.onlyHttp1();
      this.closing = true;
      this.owner.gone(this);
      for (const call of this.waiting.splice(0)) call.fallBack(http1);
      this.socket.destroy();
      return;
    }
    const { hostname, port } = this.owner.config.url;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const window = LIMITS.http2WindowBytes;
    const session = connectHttp2(`https://${host}:${port}`, {
      createConnection: () => this.socket,
      settings: {
        enablePush: false,
        initialWindowSize: window,
        maxHeaderListSize: LIMITS.headBytes,
      },
      maxHeaderListPairs: LIMITS.headersCount,
      maxSessionMemory: 64,
    });
    this.session = session;
    session.on("error", (error) => {
      this.fault = error.message;
    });
    session.on("goaway", (_code, lastStreamId) => {
      this.lastStreamId = Math.min(lastStreamId, this.lastStreamId ?? lastStreamId);
      this.closing = true;
      this.owner.gone(this);
    });
    session.on("close", () => {
      this.closing = true;
      this.owner.gone(this);
    });
    // However many readers are slow, those of other streams must not wait for them.
    session.once("connect", () => session.setLocalWindowSize(window * LIMITS.http2StreamsCount));
    for (const call of this.waiting.splice(0)) call.attach(this, session, true);
  }

  private failed(failure: UpstreamFailure): void {
    this.closing = true;
    this.owner.gone(this);
    for (const call of this.waiting.splice(0)) call.failed(failure);
  }
}
