/**
 * The daemon as a whole: puts lock, state key, spool, byte path and filer together.
 *
 * Invariants: the lock comes first and the sockets second; whatever is not needed to listen
 * is loaded afterwards, so that clients find the port open at once, but for the filer's supervisor:
 * an import that is refused (no descriptor left) could not be tried again; closing goes the other way
 * round: no new connections, drain, last frames to the disk, filer drained, lock released. No HTTP
 * and no file format in here.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { CodedError } from "../record/errors.ts";
import { LIMITS } from "../record/limits.ts";
import {
  liveCredentials,
  maskCredential,
  maskHeader,
  maskUrl,
} from "../record/secrets/credential-headers.ts";
import { isCredentialHeader } from "../record/secrets/credential-names.ts";
import { isLoopbackHost } from "./config/resolve.ts";
import type { Config, UpstreamConfig } from "./config/types.ts";
import { type FilerSupervisor, startFiler } from "./filing/supervisor.ts";
import { checkFolders } from "./folders.ts";
import { collectorOfReadBuffers, keepHeapSmall } from "./heap.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { loopWatch } from "./loop-watch.ts";
import { DaemonMetrics, diskRoom, type Observed, spoolSize } from "./metrics/daemon-metrics.ts";
import { exchangeLine } from "./metrics/exchange-line.ts";
import { reasonsOf } from "./metrics/health.ts";
import { Http1Upstream } from "./proxy/http1-upstream.ts";
import { LazyUpstream } from "./proxy/lazy-upstream.ts";
import type { OwnAnswer, OwnRoutes } from "./proxy/own-routes.ts";
import { ProxyServer } from "./proxy/proxy-server.ts";
import { makeRuntime, type ProxyRuntime } from "./proxy/runtime.ts";
import type { Upstream } from "./proxy/upstream.ts";
import { SpoolRenewal } from "./spool/renewal.ts";
import { openSpool, type SpoolWriter } from "./spool/writer.ts";
import { loadStateKey, type StateKey } from "./state-key.ts";
import { type RecordingState, UnfiledWatch } from "./unfiled-watch.ts";

/** A round of the filer that ends now has seen everything that is older than this. */
const IDLE_MARGIN_MS = 250;

/** Share of its time that the byte path works, from which on the filer leaves it the core. */
const BUSY_SHARE = 0.25;

export type LogLevel = "debug" | "info" | "warning" | "error";
export type Log = (level: LogLevel, message: string) => void;

export interface DaemonOptions {
  readonly log: Log;
  /** Shown by `/-/version`. */
  readonly version?: string;
  /** Listening sockets that were handed over; then `listen` of the configuration is not used. */
  readonly sockets?: readonly number[];
}

export interface Health {
  readonly status: "ok" | "degraded";
  /** Plain words, one per fault; empty when all is well. */
  readonly reasons: readonly string[];
  readonly inFlight: number;
  readonly exchanges: number;
  readonly spool: { readonly bytes: number; readonly lostExchanges: number };
  /** Ended and not in the tree yet. */
  readonly backlog: { readonly exchanges: number; readonly ageMs: number };
  /** Exchanges that are kept out of the tree. */
  readonly setAside: number;
  /** Strangers without a token or from a foreign page, and connections that sent no request. */
  readonly refused: {
    readonly strangers: number;
    readonly unrecorded: number;
    readonly malformed: number;
  };
}

export interface Daemon {
  /** One per listening address, with the real port. */
  readonly urls: readonly string[];
  /** Takes a new configuration for later exchanges; addresses and folders need a restart. */
  reload(config: Config): void;
  /** The configuration on disk was found wrong, or (null) is in force again. */
  configFault(message: string | null): void;
  health(): Health;
  /** The filer, once it runs; for whoever wants to hear of filed exchanges. */
  readonly filer: Promise<FilerSupervisor>;
  /** Drains and ends; resolves when all that was received is safe. The second call does not wait. */
  close(): Promise<void>;
}

/** Throws CodedError token-required, tree-locked, folder-unusable, state-unusable or listen-failed. */
export async function startDaemon(config: Config, options: DaemonOptions): Promise<Daemon> {
  if (options.sockets === undefined || options.sockets.length === 0) {
    for (const { host } of config.listen) checkToken(config, host);
  }
  keepHeapSmall();
  const lock = await acquireLock(config.state, config.captures);
  try {
    checkFolders(config);
    const running = new RunningDaemon(config, options, lock);
    await running.listen();
    return running;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function checkToken(config: Config, host: string): void {
  if (config.token === null && !isLoopbackHost(host)) {
    throw new CodedError("token-required", `listening on ${host} without a token`);
  }
}

function answerOf(health: { readonly status: "ok" | "degraded" }): OwnAnswer {
  return { status: health.status === "ok" ? 200 : 503, body: health };
}

class RunningDaemon implements Daemon {
  urls: readonly string[] = [];
  filer: Promise<FilerSupervisor>;
  private readonly options: DaemonOptions;
  private readonly lock: Lock;
  private readonly key: StateKey;
  private readonly spool: SpoolWriter;
  private readonly proxy: ProxyServer;
  private readonly metrics = new DaemonMetrics();
  private filerFault: string | null = null;
  private onDiskFault: string | null = null;
  private config: Config;
  private runtime: ProxyRuntime;
  private runningFiler: FilerSupervisor | null = null;
  private renewal: SpoolRenewal | null = null;
  private readonly unfiled: UnfiledWatch;
  private closing: Promise<void> | null = null;
  private cutShort: () => void = () => {};

  constructor(config: Config, options: DaemonOptions, lock: Lock) {
    this.config = config;
    this.options = options;
    this.lock = lock;
    this.key = loadStateKey(config.state);
    const { durability, limits } = config;
    this.spool = openSpool(this.spoolDir, {
      durability,
      limitBytes: limits.spoolBytes,
    });
    this.runtime = this.makeRuntime(config, null);
    this.filer = new Promise(() => {});
    const { state, captures, writer } = config;
    this.unfiled = new UnfiledWatch({
      state,
      captures,
      writer,
      observe: () => this.recordingState(),
      retry: () => this.runningFiler?.segmentEnded(),
      log: (message) => options.log("error", message),
    });
    this.proxy = new ProxyServer({
      sink: this.spool,
      runtime: this.runtime,
      ownRoutes: this.ownRoutes(),
      durable: durability === "strict" ? () => this.spool.durable() : null,
      recorded: () => {
        this.metrics.recorded();
        this.runningFiler?.wake();
      },
      socketOpened: () => this.runningFiler?.wake(),
      passedOn: (ms) => this.metrics.passedOn(ms),
      bytesPassed: collectorOfReadBuffers(),
      log: options.log,
    });
  }

  async listen(): Promise<void> {
    try {
      this.urls = await this.openSockets();
    } catch (error) {
      await this.proxy.close(0);
      await this.spool.close();
      throw error;
    }
    this.filer = this.startFiler();
    this.unfiled.start();
    this.filer.catch((error: Error) => {
      this.filerFault = error.message;
      this.options.log("error", `the filer does not start: ${error.message}`);
    });
  }

  private async openSockets(): Promise<string[]> {
    const { sockets = [] } = this.options;
    const places = sockets.length > 0 ? sockets.map((fd) => ({ fd })) : this.config.listen;
    const urls = await Promise.all(places.map((place) => this.proxy.listen(place)));
    // Where others have opened them, only now is it known where they listen.
    for (const url of urls) checkToken(this.config, new URL(url).hostname.replace(/^\[|\]$/g, ""));
    return urls;
  }

  configFault(message: string | null): void {
    this.onDiskFault = message;
  }

  reload(config: Config): void {
    this.onDiskFault = null;
    for (const field of ["listen", "captures", "state", "durability"] as const) {
      if (JSON.stringify(config[field]) !== JSON.stringify(this.config[field])) {
        this.options.log("warning", `a new \`${field}\` takes a restart; the old one stays`);
      }
    }
    this.runtime = this.makeRuntime(config, this.runtime);
    this.config = config;
    this.proxy.replace(this.runtime);
    this.runningFiler?.reload(config);
  }

  health(): Health {
    const spool = this.spool.stats();
    const proxy = this.proxy.stats();
    const filer = this.runningFiler?.stats() ?? null;
    const { state, captures } = this.config;
    const { bytes } = spoolSize(this.spoolDir);
    const { backlog } = this.metrics;
    const ageMs = Math.round(backlog.ageMs(performance.now()));
    const reasons = reasonsOf({
      spool,
      spoolBytes: bytes,
      spoolLimitBytes: this.config.limits.spoolBytes,
      filer,
      filerFault: this.filerFault,
      backlogMs: ageMs,
      disk: { state: diskRoom(state), captures: diskRoom(captures) },
      configFault: this.onDiskFault,
    }).concat(this.unfiled.reasons());
    return {
      status: reasons.length === 0 ? "ok" : "degraded",
      reasons,
      inFlight: proxy.inFlight,
      exchanges: proxy.exchanges,
      spool: { bytes, lostExchanges: spool.lostExchanges },
      backlog: { exchanges: backlog.depth, ageMs },
      setAside: this.unfiled.setAside,
      refused: {
        strangers: Object.values(proxy.refused.byCode).reduce((sum, count) => sum + count, 0),
        unrecorded: proxy.refused.unrecorded,
        malformed: proxy.malformed,
      },
    };
  }

  close(): Promise<void> {
    if (this.closing !== null) {
      this.cutShort();
      return this.closing;
    }
    const cut = new Promise<void>((resolve) => {
      this.cutShort = resolve;
    });
    this.closing = this.shutDown(cut);
    return this.closing;
  }

  private async shutDown(cut: Promise<void>): Promise<void> {
    const deadline = performance.now() + this.config.drainMs;
    await this.proxy.close(this.config.drainMs, cut);
    // An empty segment at the end: all before it can be removed once it is filed.
    this.renewal?.stop();
    this.spool.renew();
    await this.spool.close();
    const filer = this.runningFiler ?? (await this.filer.catch(() => null));
    if (filer !== null) {
      filer.wake();
      const left = Math.max(5_000, deadline - performance.now());
      await Promise.race([filer.drain(left), cut]);
      await filer.stop(true);
    }
    await Promise.race([this.unfiled.stop(), cut]);
    await this.lock.release();
  }

  private makeRuntime(config: Config, before: ProxyRuntime | null): ProxyRuntime {
    const { fingerprint, seal } = this.key;
    const rules = {
      isHeader: isCredentialHeader,
      mask: (name: string, value: string) => maskCredential(name, value, fingerprint),
      maskWithin: (name: string, value: string) => maskHeader(name, value, fingerprint),
      maskUrl: (url: string, refused: boolean) => maskUrl(url, fingerprint, refused),
      live: liveCredentials,
      seal,
    };
    return makeRuntime(config, rules, (entry) => this.openUpstream(entry), before);
  }

  private openUpstream(entry: UpstreamConfig): Upstream {
    if (entry.url.protocol === "playback:") {
      const { captures } = this.config;
      return new LazyUpstream(async () =>
        (await import("./playback/open.ts")).openPlayback(
          captures,
          () => this.config.playback.missing === "refuse",
          (how) => this.metrics.played(how),
        ),
      );
    }
    if (entry.http2 && entry.url.protocol === "https:") {
      return new LazyUpstream(async () => {
        const { Http2Upstream } = await import("./proxy/http2-upstream.ts");
        return new Http2Upstream(entry);
      });
    }
    return new Http1Upstream(entry);
  }

  private async startFiler(): Promise<FilerSupervisor> {
    // Its start takes a core for a third of a second: whoever waits for the port comes first.
    await pause(LIMITS.filerStartMs);
    const { config } = this;
    const filer = startFiler({
      config,
      spoolDir: this.spoolDir,
      version: this.options.version ?? "",
      // With a second core the kernel finds room for the filer by itself.
      ...(availableParallelism() === 1 ? { busy: loopWatch(BUSY_SHARE) } : {}),
      log: (message) => this.options.log("warning", message),
    });
    filer.on("filed", (notice) => {
      const { upstream, outcome } = notice;
      this.metrics.filed(this.isUpstream(upstream) ? upstream : null, outcome);
      this.options.log("info", exchangeLine(notice));
    });
    // What ended a moment before may not have been read in that round.
    filer.on("idle", () => this.metrics.backlog.idle(performance.now() - IDLE_MARGIN_MS));
    const renewal = new SpoolRenewal(this.spool, () => filer.segmentEnded());
    filer.on("erasable", (segment) => renewal.filed(segment));
    this.renewal = renewal;
    this.runningFiler = filer;
    return filer;
  }

  private recordingState(): RecordingState {
    const { lostExchanges, degraded } = this.spool.stats();
    const filing = this.filerFault ?? this.runningFiler?.stats().degraded ?? null;
    return { lostExchanges, filing, recording: degraded };
  }

  private get spoolDir(): string {
    return join(this.config.state, "spool");
  }

  private isUpstream(name: string | null): boolean {
    return name !== null && Object.hasOwn(this.config.upstreams, name);
  }

  private observed(): Observed {
    const { state, captures } = this.config;
    return {
      proxy: this.proxy.stats(),
      spool: this.spool.stats(),
      filer: this.runningFiler?.stats() ?? null,
      healthy: this.health().status === "ok",
      version: this.options.version ?? "",
      spoolDir: this.spoolDir,
      folders: { state, captures },
    };
  }

  private ownRoutes(): OwnRoutes {
    const ready = () => ({
      status: this.closing === null ? 200 : 503,
      body: { ready: this.closing === null },
    });
    const version = {
      name: "callnumber",
      version: this.options.version ?? null,
      node: process.version,
    };
    return {
      metrics: {
        answer: () => ({ status: 200, body: this.metrics.render(this.observed()) }),
        bare: null,
      },
      health: {
        answer: () => answerOf(this.health()),
        bare: () => answerOf({ status: this.health().status }),
      },
      ready: { answer: ready, bare: ready },
      version: { answer: () => ({ status: 200, body: version }), bare: null },
    };
  }
}
