/**
 * An HTTP/1.1 upstream with its pool of connections.
 *
 * Invariants: the last connection to become idle is the next to be used, idle ones are
 * closed before the upstream would close them, and a call that fails is never sent again: whether
 * it was carried out is not ours to guess. Why not a ready-made client: see
 * docs/decisions/0003-own-http1-client.md.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { LIMITS } from "../../record/limits.ts";
import type { UpstreamConfig } from "../config/types.ts";
import { guardedLookup, isExplicitHost } from "./addresses.ts";
import { explainConnectError } from "./connect-error.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type {
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from "./upstream.ts";

export class Http1Upstream implements Upstream, ConnectionOwner {
  private readonly config: UpstreamConfig;
  private readonly dial: typeof openSocket;
  private readonly idle: Connection[] = [];
  /** Port pairs of open connections, see `pair`. */
  private readonly pairs = new Set<number>();
  private session: Buffer | undefined;
  private closing = false;

  /** `dial` opens its connections; tests pass their own. */
  constructor(config: UpstreamConfig, dial: typeof openSocket = openSocket) {
    this.config = config;
    this.dial = dial;
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return this.take().begin(request, handler, this.config.timeouts);
  }

  hasConnection(from: number, to: number): boolean {
    return this.pairs.has(pair(from, to));
  }

  close(): void {
    this.closing = true;
    for (const connection of this.idle.splice(0)) connection.socket.destroy();
  }

  released(connection: Connection, idleMs: number | null): void {
    // One second earlier than the upstream, so that its close never meets our next request.
    const ms = idleMs === null ? LIMITS.upstreamIdleMs : idleMs - 1000;
    if (this.closing || ms <= 0 || this.idle.length >= LIMITS.upstreamIdleCount) {
      connection.socket.destroy();
      return;
    }
    this.idle.push(connection);
    if (connection.idleTimer === null) {
      connection.idleTimer = setTimeout(
        () => {
          if (this.forget(connection)) connection.socket.destroy();
        },
        Math.min(ms, LIMITS.clientIdleMs),
      ).unref();
    } else {
      connection.idleTimer.refresh();
    }
  }

  closed(connection: Connection): void {
    if (connection.idleTimer !== null) clearTimeout(connection.idleTimer);
    this.forget(connection);
  }

  explain(error: Error): UpstreamFailure {
    return explainConnectError(error, this.config);
  }

  private forget(connection: Connection): boolean {
    const at = this.idle.indexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    return at !== -1;
  }

  private take(): Connection {
    for (;;) {
      const connection = this.idle.pop();
      if (connection === undefined) break;
      if (connection.usable) return connection;
      connection.socket.destroy();
    }
    const secure = this.config.url.protocol === "https:";
    const socket = this.dial(this.config, this.session, (bytes) => connection.received(bytes));
    if (secure) socket.on("session", (session: Buffer) => (this.session = session));
    this.watch(socket, secure ? "secureConnect" : "connect");
    const connection = new Connection(socket, secure ? "secureConnect" : "connect", this);
    return connection;
  }

  private watch(socket: Socket, connectEvent: string): void {
    let own = 0;
    const timer = setTimeout(() => {
      const error = new Error(`not connected within ${this.config.timeouts.connectMs} ms`);
      socket.destroy(Object.assign(error, { code: "CALLNUMBER_CONNECT_TIMEOUT" }));
    }, this.config.timeouts.connectMs || LIMITS.connectMs);
    socket.once("connect", () => {
      own = pair(socket.localPort ?? 0, socket.remotePort ?? 0);
      this.pairs.add(own);
    });
    socket.once(connectEvent, () => clearTimeout(timer));
    socket.once("close", () => {
      clearTimeout(timer);
      this.pairs.delete(own);
    });
  }
}

/**
 * A connection by both its ports: the kernel gives one local port to several connections at once
 * where their destinations differ, so the local port alone would accuse innocent clients.
 */
function pair(from: number, to: number): number {
  return from * 65_536 + to;
}

/**
 * All connections read into this one piece of memory, and what came is copied out of it: left to
 * itself Node allocates 64 KiB for each event of a stream and gives all but some hundred bytes back.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(LIMITS.readBytes);

function copied(read: (bytes: Buffer) => void): (count: number, from: Uint8Array) => boolean {
  return (count, from) => {
    const bytes = Buffer.allocUnsafe(count);
    (from as Buffer).copy(bytes, 0, 0, count);
    read(bytes);
    return true;
  };
}

/**
 * Dials an upstream; the guard against private addresses sits in the name lookup. Where `read` is
 * given it gets all that comes, and there is no `data` event.
 */
export function openSocket(
  config: UpstreamConfig,
  session?: Buffer,
  read?: (bytes: Buffer) => void,
  protocols: string[] = ["http/1.1"],
): Socket {
  const { hostname: host, port, protocol } = config.url;
  const open = config.allowPrivate || isExplicitHost(host);
  const options = {
    host,
    port,
    ...(open ? {} : { lookup: guardedLookup() }),
    ...(read === undefined ? {} : { onread: { buffer: READ_BUFFER, callback: copied(read) } }),
  };
  if (protocol !== "https:") return connectTcp(options);
  // Loaded when it is first needed: nothing of it is, to listen.
  return process.getBuiltinModule("node:tls").connect({
    ...options,
    ALPNProtocols: protocols,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(config.ca === null ? {} : { ca: config.ca }),
    ...(session === undefined ? {} : { session }),
  });
}
