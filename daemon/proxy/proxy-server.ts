/**
 * The listening side of the byte path: HTTP servers, their limits, and the life of exchanges.
 *
 * Invariants: every request passes takeIn() first; at most limits.in_flight exchanges run at
 * once; a client that is too slow with its head or its body is given up; a fault in one exchange
 * ends that one alone. It knows the spool only as a FrameSink and the filer not at all.
 */
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { CodedError, type ErrorCode } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import type { ListenAddress } from "../config/types.ts";
import type { FrameOutcome } from "../frames.ts";
import { makeBegin } from "./begin-frame.ts";
import { ClientConnection, type ConnectionOwner } from "./client-connection.ts";
import { ClientConnections } from "./client-connections.ts";
import type { ClientStream } from "./client-stream.ts";
import { Exchange } from "./exchange.ts";
import type { Refusal } from "./guard.ts";
import { forwardRequestHeaders } from "./headers.ts";
import { type Intake, takeIn } from "./intake.ts";
import { answerOwnRoute, type OwnRoutes } from "./own-routes.ts";
import { type FrameSink, Recorder } from "./recorder.ts";
import { errorAnswer, reasonOf } from "./refusal.ts";
import { type RefusalStats, Refusals } from "./refusals.ts";
import type { RequestHead } from "./request-parser.ts";
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
  /** Bytes of bodies that have been recorded and gone on. */
  readonly bytesPassed?: (bytes: number) => void;
  readonly log: (level: "info" | "warning" | "error", message: string) => void;
}

export interface ProxyStats {
  readonly inFlight: number;
  readonly exchanges: number;
  /** Connections whose bytes were not a request at all. */
  readonly malformed: number;
  /** Strangers who were refused. */
  readonly refused: RefusalStats;
  readonly connections: ReturnType<ClientConnections<ClientConnection>["stats"]>;
}

/** A listening socket that somebody else has opened (socket activation). */
export interface InheritedSocket {
  readonly fd: number;
}

/** What ends on its own or is stopped at the drain deadline: an exchange or a tunnel. */
export interface InFlight {
  stop(code: ErrorCode, outcome: FrameOutcome): void;
}

/** For exchanges that are only counted. */
const NO_SINK: FrameSink = { append: () => true, appendGroup: () => true, appendAll: () => {} };
const NOT_RECORDED = 0;

export class ProxyServer implements ConnectionOwner {
  private readonly options: ProxyOptions;
  private runtime: ProxyRuntime;
  private readonly servers: Server[] = [];
  private readonly running = new Set<InFlight>();
  /** They have their answers, and their clients still send. */
  private readonly owing = new Set<Exchange>();
  private readonly connections = new ClientConnections<ClientConnection>();
  private readonly nextId = ulidGenerator();
  private readonly ownId = randomBytes(9).toString("base64url");
  private readonly sweeper: NodeJS.Timeout;
  private readonly checker: NodeJS.Timeout;
  private readonly turn: Turn;
  private emptied: (() => void) | null = null;
  private looking: NodeJS.Timeout | null = null;
  private count = 0;
  private malformedCount = 0;
  private readonly refusals = new Refusals();
  /** No connection goes on behind the answer that it waits for. */
  closing = false;
  private refusing = false;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.runtime = options.runtime;
    this.turn = new Turn((frames) => options.sink.appendAll(frames), options.bytesPassed);
    this.sweeper = setInterval(() => this.sweep(), LIMITS.slowBodyMs).unref();
    this.checker = setInterval(() => this.check(), LIMITS.clientCheckMs).unref();
  }

  /** Listens; resolves to the URL. Rejects with CodedError listen-failed. */
  listen(address: ListenAddress | InheritedSocket): Promise<string> {
    const server = this.makeServer();
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const where = "fd" in address ? `socket ${address.fd}` : `${address.host}:${address.port}`;
        const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
        reject(new CodedError("listen-failed", `listen ${where}: ${why}`, { cause: error }));
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
    const { count, malformedCount: malformed } = this;
    const connections = this.connections.stats();
    const refused = this.refusals.stats();
    return { inFlight: this.running.size, exchanges: count, malformed, refused, connections };
  }

  /**
   * Stops accepting, waits for what is in flight and until clients have read their answers; at the
   * deadline, or at `cut`, stops the rest. A
   * connection that was accepted a moment ago still gets its first request served.
   */
  async close(drainMs: number, cut?: Promise<void>): Promise<void> {
    this.closing = true;
    for (const server of this.servers) server.close();
    for (const connection of this.connections.all()) if (connection.idle) connection.endSoon();
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
    clearInterval(this.checker);
    for (const connection of this.connections.all()) connection.cut();
    for (const { upstream } of this.runtime.upstreams.values()) upstream.close();
  }

  private makeServer(): Server {
    // Half open: whether a client that has said all still waits for an answer is ours to judge.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = LIMITS.connectionsCount;
    server.on("connection", (socket: Socket) => {
      this.connections.add(new ClientConnection(socket, this), () => this.lookEmpty());
    });
    return server;
  }

  asked(connection: ClientConnection): void {
    this.connections.asked(connection);
  }

  malformed(): void {
    this.malformedCount++;
  }

  failed(error: Error): void {
    this.options.log("error", `a fault of the daemon ended an exchange: ${error.stack}`);
  }

  wantsUpgrade({ fields }: RequestHead): boolean {
    // Any other protocol (h2c above all) would be a way past the guards: answered as HTTP/1.1.
    const { upgrade, connection } = fields;
    if (upgrade === undefined || connection === undefined) return false;
    if (upgrade.trim().toLowerCase() !== "websocket") return false;
    return connection.split(",").some((option) => option.trim().toLowerCase() === "upgrade");
  }

  opened(stream: ClientStream): void {
    const { runtime } = this;
    const { request, socket } = stream;
    const intake = takeIn(request, socket, runtime, this.ownId, this.isOwn);
    if (intake.own !== null && intake.refusal === null) {
      this.ownRoute(intake.own, stream, intake.isStranger);
      return;
    }
    const refusal = intake.refusal ?? this.capacity();
    const { target } = intake;
    const recorder = this.record(request, socket, intake, runtime, refusal);
    const exchange = new Exchange({
      client: stream,
      recorder,
      turn: this.turn,
      masker: runtime.masker,
      verbatim: (target?.injected.length ?? 0) === 0,
      durable: this.options.durable,
      passedOn: (ms) => this.options.passedOn?.(ms),
      failed: (error) => this.failed(error),
      over: (done) => {
        this.running.delete(done);
        if (target !== null && refusal === null) {
          target.inFlight--;
          // An eye is kept on a body that is still coming. A refused one has its connection closed.
          if (done.owing) this.owing.add(done);
        }
        this.over(recorder);
      },
      paid: (done) => this.owing.delete(done),
    });
    stream.handler = exchange;
    if (refusal !== null || target === null) {
      // Other readers take such a target for no request at all: nothing behind it is one to us.
      if (refusal?.code === "path-refused") stream.closeAfter();
      exchange.refuse(refusal?.code ?? "unknown-upstream", refusal?.message ?? "");
      return;
    }
    target.inFlight++;
    this.running.add(exchange);
    const send = {
      method: request.method,
      path: targetPath(target.config.url.basePath, intake.rest),
      headers: this.headersFor(request, intake, target, false),
      body: request.facts.body,
      speed: request.fields["x-callnumber-speed"] ?? null,
    };
    exchange.start((handler) => target.upstream.begin(send, handler));
  }

  upgraded(socket: Socket, request: RequestHead, rest: Buffer): void {
    const { runtime } = this;
    const intake = takeIn(request, socket, runtime, this.ownId, this.isOwn);
    const refusal = intake.refusal ?? noUpgrade(intake) ?? checkUpgrade(request) ?? this.capacity();
    const recorder = this.record(request, socket, intake, runtime, refusal);
    const tunnel = new Tunnel(socket, recorder, runtime.masker, {
      opened: () => this.options.socketOpened?.(),
      over: () => {
        this.running.delete(tunnel);
        this.over(recorder);
      },
    });
    if (refusal !== null || intake.target === null) {
      tunnel.refuse(refusal ?? { code: "unknown-upstream", message: "" }, request.target);
      return;
    }
    this.running.add(tunnel);
    const { target } = intake;
    tunnel.start(target.config, {
      method: request.method,
      path: targetPath(target.config.url.basePath, intake.rest),
      headers: this.headersFor(request, intake, target, true),
      head: rest,
      verbatim: target.injected.length === 0,
    });
  }

  private record(
    request: RequestHead,
    socket: Socket,
    intake: Intake,
    runtime: ProxyRuntime,
    refusal: Refusal | null,
  ): Recorder {
    const isKnown = !intake.isStranger || refusal === null;
    if (!isKnown && !this.refusals.note(refusal.code, performance.now())) {
      return new Recorder(NO_SINK, NOT_RECORDED);
    }
    const recorder = new Recorder(this.options.sink, ++this.count);
    recorder.begin(makeBegin(this.nextId(), request, socket, intake, runtime));
    return recorder;
  }

  private headersFor(
    request: RequestHead,
    intake: Intake,
    target: UpstreamRuntime,
    upgrade: boolean,
  ): string[] {
    return forwardRequestHeaders(request.raw, {
      host: target.host,
      replace: target.config.headers,
      body: request.facts.body,
      upgrade,
      hop: intake.hop,
    });
  }

  private ownRoute(path: string, stream: ClientStream, isStranger: boolean): void {
    const { request } = stream;
    // A body that nobody wants is not waited for.
    if (request.facts.body !== "none") stream.closeAfter();
    const refusal = answerOwnRoute(this.options.ownRoutes, path, stream, isStranger);
    if (refusal === null) return;
    if (isStranger) this.refusals.count(refusal.code);
    const answer = errorAnswer(refusal, request.target);
    stream.head(answer.status, reasonOf(answer.status), answer.headers);
    stream.finish([answer.body]);
  }

  private capacity(): { code: ErrorCode; message: string } | null {
    if (this.refusing) return { code: "shutting-down", message: "the daemon is ending" };
    const most = this.runtime.config.limits.inFlightCount;
    if (this.running.size < most) return null;
    return { code: "over-capacity", message: `${most} exchanges are in flight` };
  }

  private over(recorder: Recorder): void {
    this.lookEmpty();
    if (recorder.number !== NOT_RECORDED) this.options.recorded();
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

  private readonly isOwn = (from: number, to: number): boolean => {
    for (const { upstream } of this.runtime.upstreams.values()) {
      if (upstream.hasConnection(from, to)) return true;
    }
    return false;
  };

  private check(): void {
    const now = performance.now();
    for (const connection of this.connections.all()) connection.checkTime(now);
  }

  /** Gives up bodies that bring less than a trickle; runs once per `slowBodyMs`. */
  private sweep(): void {
    for (const item of this.running) {
      if (!(item instanceof Exchange) || !item.receiving) continue;
      if (isTrickle(item)) item.stop("request-too-slow", "rejected");
    }
    for (const item of this.owing) if (isTrickle(item)) item.client.destroy();
  }
}

/** Less than `slowBodyBytes` came since this was asked last. */
function isTrickle(exchange: Exchange): boolean {
  const before = exchange.bytesAtLastSweep;
  exchange.bytesAtLastSweep = exchange.requestBytes;
  return before >= 0 && exchange.requestBytes - before < LIMITS.slowBodyBytes;
}

function noUpgrade({ own }: Intake): Refusal | null {
  if (own === null) return null;
  return { code: "no-such-route", message: "no upgrade of the daemon's own routes" };
}

function checkUpgrade({ method, facts }: RequestHead) {
  if (method === "GET" && facts.body === "none") return null;
  return { code: "request-malformed" as const, message: "an upgrade that is no WebSocket" };
}
