/**
 * The listening side of the byte path: HTTP servers, their limits, and the life of exchanges.
 *
 * What always holds: every request passes takeIn() first; at most limits.in_flight exchanges run at
 * once; a client that is too slow with its head or its body is given up; a fault in one exchange
 * ends that one alone. It knows the spool only as a FrameSink and the filer not at all.
 */
import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { CodedError, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import type { ListenAddress } from "../config/types.ts";
import type { FrameOutcome } from "../frames.ts";
import { makeBegin } from "./begin-frame.ts";
import { ClientConnections } from "./client-connections.ts";
import { Exchange } from "./exchange.ts";
import { forwardRequestHeaders } from "./headers.ts";
import { type Intake, takeIn } from "./intake.ts";
import { answerOwnRoute, type OwnRoutes } from "./own-routes.ts";
import { type FrameSink, Recorder } from "./recorder.ts";
import { errorAnswer } from "./refusal.ts";
import { targetPath } from "./route.ts";
import type { ProxyRuntime, UpstreamRuntime } from "./runtime.ts";
import { Tunnel } from "./tunnel.ts";
import { Turn } from "./turn.ts";
import { ulidGenerator } from "./ulid.ts";

export interface ProxyOptions {
  readonly sink: FrameSink;
  readonly runtime: ProxyRuntime;
  readonly ownRoutes: OwnRoutes;
  /** With `durability: strict` the end of a response waits for this; null else. */
  readonly durable: (() => Promise<void>) | null;
  /** An exchange's last frame is in the spool. */
  readonly recorded: () => void;
  /** A WebSocket is open: there will be something to file before its last frame. */
  readonly socketOpened?: () => void;
  /** Milliseconds from a request's head to its way out, for the metrics. */
  readonly passedOn?: (ms: number) => void;
  readonly log: (level: "info" | "warning" | "error", message: string) => void;
}

export interface ProxyStats {
  readonly inFlight: number;
  readonly exchanges: number;
  /** Connections whose bytes were not a request at all. */
  readonly malformed: number;
  readonly connections: ReturnType<ClientConnections["stats"]>;
}

/** A listening socket that somebody else has opened (socket activation). */
export interface InheritedSocket {
  readonly fd: number;
}

/** What ends on its own or is stopped at the drain deadline: an exchange or a tunnel. */
export interface InFlight {
  stop(code: ErrorCode, outcome: FrameOutcome): void;
}

export class ProxyServer {
  private readonly options: ProxyOptions;
  private runtime: ProxyRuntime;
  private readonly servers: Server[] = [];
  private readonly running = new Set<InFlight>();
  /** They have their answers, and their clients still send. */
  private readonly owing = new Set<Exchange>();
  private readonly bySocket = new WeakMap<Socket, Exchange>();
  private readonly connections = new ClientConnections();
  private readonly nextId = ulidGenerator();
  private readonly ownId = randomBytes(9).toString("base64url");
  private readonly sweeper: NodeJS.Timeout;
  private readonly turn: Turn;
  private emptied: (() => void) | null = null;
  private looking: NodeJS.Timeout | null = null;
  private count = 0;
  private malformed = 0;
  private closing = false;
  private refusing = false;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.runtime = options.runtime;
    this.turn = new Turn((frames) => options.sink.appendAll(frames));
    this.sweeper = setInterval(() => this.sweep(), LIMITS.slowBodyMs).unref();
  }

  /** Listens; resolves to the URL. Rejects with CodedError listen-failed. */
  listen(address: ListenAddress | InheritedSocket): Promise<string> {
    const server = this.makeServer();
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const where = "fd" in address ? `socket ${address.fd}` : `${address.host}:${address.port}`;
        const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
        reject(new CodedError("listen-failed", `${where}: ${why}`, { cause: error }));
      });
      server.listen(address, () => {
        const { address: host, port } = server.address() as AddressInfo;
        resolve(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
      });
    });
  }

  /** Later exchanges use this; those in flight keep what they began with. */
  replace(runtime: ProxyRuntime): void {
    this.runtime = runtime;
  }

  stats(): ProxyStats {
    const { count, malformed } = this;
    const connections = this.connections.stats();
    return { inFlight: this.running.size, exchanges: count, malformed, connections };
  }

  /**
   * Stops accepting, waits for what is in flight and until clients have read their answers; at the
   * deadline, or at `cut`, stops the rest. A
   * connection that was accepted a moment ago still gets its first request served.
   */
  async close(drainMs: number, cut?: Promise<void>): Promise<void> {
    this.closing = true;
    // Node's own close would throw away what waits in the queue of a connection idle otherwise.
    for (const server of this.servers) NetServer.prototype.close.call(server);
    if (!this.connections.sending) {
      for (const server of this.servers) server.closeIdleConnections();
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        this.emptied = null;
        clearTimeout(timer);
        clearTimeout(grace);
        resolve();
      };
      const timer = setTimeout(done, drainMs);
      const grace = setTimeout(() => {
        this.connections.forgetFresh();
        this.lookEmpty();
      }, LIMITS.drainFreshMs);
      this.emptied = done;
      void cut?.then(done);
      this.lookEmpty();
    });
    this.refusing = true;
    // What came in this very turn is recorded while the spool still takes it.
    this.turn.commit();
    for (const exchange of [...this.running]) exchange.stop("shutting-down", "shutdown");
    clearInterval(this.sweeper);
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const { upstream } of this.runtime.upstreams.values()) upstream.close();
  }

  private makeServer(): Server {
    const server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: LIMITS.headBytes,
      headersTimeout: LIMITS.requestHeadMs,
      // Bodies are watched by sweep(): a long upload is fine, a stalled one is not.
      requestTimeout: 0,
      keepAliveTimeout: LIMITS.clientIdleMs,
      connectionsCheckingInterval: 5_000,
      requireHostHeader: false,
      noDelay: true,
      // Any other protocol (h2c above all) would be a way past the guards: answered as HTTP/1.1.
      shouldUpgradeCallback: isWebSocket,
    });
    // Node would drop headers beyond its count in silence; takeIn() refuses them instead.
    server.maxHeadersCount = 0;
    server.maxConnections = LIMITS.connectionsCount;
    server.on("request", (req, res) => this.request(req, res));
    server.on("checkContinue", (req, res) => this.request(req, res));
    server.on("checkExpectation", (req, res) => this.request(req, res));
    server.on("upgrade", (req, socket, head) => this.upgrade(req, socket as Socket, head));
    server.on("connect", (_req, socket) =>
      refuseRaw(socket as Socket, "method-refused", "CONNECT"),
    );
    server.on("clientError", (error, socket) => this.clientError(error, socket as Socket));
    server.on("connection", (socket: Socket) => {
      this.connections.add(socket, () => this.lookEmpty());
      // Node's own handling of a half-closed client waits for the answer; a cancel must not.
      socket.on("end", () => this.bySocket.get(socket)?.clientClosed());
    });
    return server;
  }

  private request(req: IncomingMessage, res: ServerResponse): void {
    const { runtime } = this;
    this.connections.asked(req.socket);
    if (this.closing) res.shouldKeepAlive = false;
    const intake = takeIn(req, runtime, this.ownId, (from, to) => this.isOwn(from, to));
    if (intake.own !== null && intake.refusal === null) {
      this.ownRoute(intake.own, req, res);
      return;
    }
    const refusal = intake.refusal ?? this.capacity();
    const recorder = this.record(req, intake, runtime);
    const exchange = new Exchange({
      req,
      res,
      recorder,
      turn: this.turn,
      masker: runtime.masker,
      verbatim: (intake.target?.injected.length ?? 0) === 0,
      durable: this.options.durable,
      passedOn: (ms) => this.options.passedOn?.(ms),
      over: (done) => {
        this.running.delete(done);
        if (intake.target !== null && refusal === null) {
          intake.target.inFlight--;
          this.awaitRest(done);
        }
        this.over();
      },
    });
    if (refusal !== null || intake.target === null) {
      exchange.refuse(refusal?.code ?? "unknown-upstream", refusal?.message ?? "");
      return;
    }
    const { target } = intake;
    target.inFlight++;
    this.running.add(exchange);
    this.bySocket.set(req.socket, exchange);
    const { body } = intake.facts;
    const send = {
      method: req.method ?? "GET",
      path: targetPath(target.config.url.basePath, intake.rest),
      headers: this.headersFor(req, intake, target, false),
      body,
      speed: header(req, "x-callnumber-speed"),
    };
    exchange.start((handler) => target.upstream.send(send, handler), body !== "none");
  }

  private upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const { runtime } = this;
    this.connections.asked(socket);
    const intake = takeIn(req, runtime, this.ownId, (from, to) => this.isOwn(from, to));
    const recorder = this.record(req, intake, runtime);
    const refusal = intake.refusal ?? checkUpgrade(req, intake) ?? this.capacity();
    const tunnel = new Tunnel(socket, recorder, runtime.masker, {
      opened: () => this.options.socketOpened?.(),
      over: () => {
        this.running.delete(tunnel);
        this.over();
      },
    });
    if (refusal !== null || intake.target === null) {
      const fallback = { code: "no-such-route", message: "no upgrade of the daemon's own routes" };
      tunnel.refuse(refusal ?? (fallback as { code: ErrorCode; message: string }), req.url ?? "/");
      return;
    }
    this.running.add(tunnel);
    const { target } = intake;
    const headers = this.headersFor(req, intake, target, true);
    tunnel.start(target.config, {
      method: req.method ?? "GET",
      path: targetPath(target.config.url.basePath, intake.rest),
      headers,
      head,
      verbatim: target.injected.length === 0,
    });
  }

  private record(req: IncomingMessage, intake: Intake, runtime: ProxyRuntime): Recorder {
    const recorder = new Recorder(this.options.sink, ++this.count);
    recorder.begin(makeBegin(this.nextId(), req, intake, runtime));
    return recorder;
  }

  private headersFor(
    req: IncomingMessage,
    intake: Intake,
    target: UpstreamRuntime,
    upgrade: boolean,
  ): string[] {
    return forwardRequestHeaders(req.rawHeaders, {
      host: target.host,
      replace: target.config.headers,
      body: intake.facts.body,
      upgrade,
      hop: intake.hop,
    });
  }

  private ownRoute(path: string, req: IncomingMessage, res: ServerResponse): void {
    req.resume();
    if (answerOwnRoute(this.options.ownRoutes, path, res)) return;
    const message = `no route ${JSON.stringify(path)}`;
    const answer = errorAnswer({ code: "no-such-route", message }, req.url ?? "/");
    res.writeHead(answer.status, answer.headers);
    res.end(answer.body);
  }

  private capacity(): { code: ErrorCode; message: string } | null {
    if (this.refusing) return { code: "shutting-down", message: "the daemon is ending" };
    const most = this.runtime.config.limits.inFlightCount;
    if (this.running.size < most) return null;
    return { code: "over-capacity", message: `${most} exchanges are in flight` };
  }

  /** Keeps an eye on a body that is still coming. A refused one has its connection closed. */
  private awaitRest(exchange: Exchange): void {
    if (!exchange.owing) return;
    this.owing.add(exchange);
    exchange.req.once("close", () => this.owing.delete(exchange));
  }

  private over(): void {
    this.lookEmpty();
    this.options.recorded();
  }

  private lookEmpty(): void {
    const { emptied } = this;
    if (emptied === null || this.running.size > 0 || this.connections.freshCount > 0) return;
    if (!this.connections.sending) emptied();
    // A client may still have the rest of an answer to read.
    else this.looking ??= setTimeout(() => this.lookAgain(), LIMITS.drainLookMs);
  }

  private lookAgain(): void {
    this.looking = null;
    this.lookEmpty();
  }

  private isOwn(from: number, to: number): boolean {
    for (const { upstream } of this.runtime.upstreams.values()) {
      if (upstream.hasConnection(from, to)) return true;
    }
    return false;
  }

  /** Bytes that the HTTP parser refuses: no request to record, or one that is already running. */
  private clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    this.malformed++;
    const exchange = this.bySocket.get(socket);
    if (exchange !== undefined && this.running.has(exchange)) {
      // The end of the connection in the middle of a body is the client's leaving.
      if (error.code === "HPE_INVALID_EOF_STATE" || error.code === "ECONNRESET") {
        exchange.clientClosed();
        return;
      }
      exchange.stop("request-malformed", "rejected");
      socket.destroySoon();
      return;
    }
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    const code: ErrorCode =
      error.code === "HPE_HEADER_OVERFLOW"
        ? "headers-too-large"
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? "request-too-slow"
          : "request-malformed";
    refuseRaw(socket, code, error.message);
  }

  /** Gives up bodies that bring less than a trickle; runs once per `slowBodyMs`. */
  private sweep(): void {
    for (const item of this.running) {
      if (!(item instanceof Exchange) || !item.receiving) continue;
      if (isTrickle(item)) item.stop("request-too-slow", "rejected");
    }
    for (const item of this.owing) if (isTrickle(item)) item.req.socket.destroy();
  }
}

/** Less than `slowBodyBytes` came since this was asked last. */
function isTrickle(exchange: Exchange): boolean {
  const before = exchange.bytesAtLastSweep;
  exchange.bytesAtLastSweep = exchange.requestBytes;
  return before >= 0 && exchange.requestBytes - before < LIMITS.slowBodyBytes;
}

function isWebSocket(req: IncomingMessage): boolean {
  return req.headers.upgrade?.trim().toLowerCase() === "websocket";
}

/** Node before 24.9 does not ask `shouldUpgradeCallback`, so the answer stands here too. */
function checkUpgrade(req: IncomingMessage, intake: Intake) {
  const plain = isWebSocket(req) && req.method === "GET" && intake.facts.body === "none";
  if (plain) return null;
  return { code: "request-malformed" as const, message: "an upgrade that is no WebSocket" };
}

function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === "string" ? value : null;
}

/** An answer for a connection on which no response object exists; closes it. */
function refuseRaw(socket: Socket, code: ErrorCode, message: string): void {
  if (!socket.writable) return;
  const answer = errorAnswer({ code, message }, "/");
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n`;
  for (let i = 0; i < answer.headers.length; i += 2) {
    head += `${answer.headers[i]}: ${answer.headers[i + 1]}\r\n`;
  }
  socket.on("error", () => {});
  socket.end(Buffer.concat([Buffer.from(`${head}connection: close\r\n\r\n`), answer.body]));
  socket.setTimeout(2_000, () => socket.destroy());
}
