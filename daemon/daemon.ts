/**
 * The daemon as a whole: puts lock, state key, spool, byte path and filer together.
 *
 * What always holds: the lock comes first and the sockets second; whatever is not needed to listen
 * is loaded afterwards, so that clients find the port open at once; closing goes the other way
 * round: no new connections, drain, last frames to the disk, filer drained, lock released. No HTTP
 * and no file format in here.
 */
import { join } from "node:path";
import { CodedError } from "../record/errors.ts";
import {
  isCredentialHeader,
  isCredentialParameter,
  liveCredentials,
  maskCredential,
} from "../record/secrets/credential-headers.ts";
import { isLoopbackHost } from "./config/resolve.ts";
import type { Config, UpstreamConfig } from "./config/types.ts";
import type { FilerSupervisor } from "./filing/supervisor.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { Http1Upstream } from "./proxy/http1-upstream.ts";
import { LazyUpstream } from "./proxy/lazy-upstream.ts";
import type { OwnRoutes } from "./proxy/own-routes.ts";
import { ProxyServer } from "./proxy/proxy-server.ts";
import { makeRuntime, type ProxyRuntime } from "./proxy/runtime.ts";
import type { Upstream } from "./proxy/upstream.ts";
import { openSpool, type SpoolWriter } from "./spool/writer.ts";
import { loadStateKey, type StateKey } from "./state-key.ts";

export type LogLevel = "debug" | "info" | "warning" | "error";
export type Log = (level: LogLevel, message: string) => void;

export interface DaemonOptions {
  readonly log: Log;
  /** Shown by `/-/version`. */
  readonly version?: string;
}

export interface Health {
  readonly status: "ok" | "degraded";
  /** Plain words, one per fault; empty when all is well. */
  readonly reasons: readonly string[];
  readonly inFlight: number;
  readonly exchanges: number;
  readonly spool: { readonly bytes: number; readonly lostExchanges: number };
}

export interface Daemon {
  /** One per listening address, with the real port. */
  readonly urls: readonly string[];
  /** Takes a new configuration for later exchanges; addresses and folders need a restart. */
  reload(config: Config): void;
  health(): Health;
  /** The filer, once it runs; for whoever wants to hear of filed exchanges. */
  readonly filer: Promise<FilerSupervisor>;
  /** Drains and ends; resolves when all that was received is safe. The second call does not wait. */
  close(): Promise<void>;
}

/** Throws CodedError token-required, tree-locked, state-unusable or listen-failed. */
export async function startDaemon(config: Config, options: DaemonOptions): Promise<Daemon> {
  for (const { host } of config.listen) {
    if (config.token === null && !isLoopbackHost(host)) {
      throw new CodedError("token-required", `listening on ${host} without a token`);
    }
  }
  const lock = await acquireLock(config.state, config.captures);
  try {
    const running = new RunningDaemon(config, options, lock);
    await running.listen();
    return running;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class RunningDaemon implements Daemon {
  urls: readonly string[] = [];
  filer: Promise<FilerSupervisor>;
  private readonly options: DaemonOptions;
  private readonly lock: Lock;
  private readonly key: StateKey;
  private readonly spool: SpoolWriter;
  private readonly proxy: ProxyServer;
  private config: Config;
  private runtime: ProxyRuntime;
  private runningFiler: FilerSupervisor | null = null;
  private closing: Promise<void> | null = null;
  private cutShort: () => void = () => {};

  constructor(config: Config, options: DaemonOptions, lock: Lock) {
    this.config = config;
    this.options = options;
    this.lock = lock;
    this.key = loadStateKey(config.state);
    const { durability, limits } = config;
    this.spool = openSpool(join(config.state, "spool"), {
      durability,
      limitBytes: limits.spoolBytes,
    });
    this.runtime = this.makeRuntime(config, null);
    this.filer = new Promise(() => {});
    this.proxy = new ProxyServer({
      sink: this.spool,
      runtime: this.runtime,
      ownRoutes: this.ownRoutes(),
      durable: durability === "strict" ? () => this.spool.durable() : null,
      recorded: () => this.runningFiler?.wake(),
      log: options.log,
    });
  }

  async listen(): Promise<void> {
    try {
      this.urls = await Promise.all(
        this.config.listen.map((address) => this.proxy.listen(address)),
      );
    } catch (error) {
      await this.proxy.close(0);
      await this.spool.close();
      throw error;
    }
    this.filer = this.startFiler();
    this.filer.catch((error: Error) => {
      this.options.log("error", `the filer does not start: ${error.message}`);
    });
  }

  reload(config: Config): void {
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
    const reasons: string[] = [];
    if (spool.degraded !== null) reasons.push(`recording fails: ${spool.degraded}`);
    const filing = this.runningFiler?.stats().degraded ?? null;
    if (filing !== null) reasons.push(`filing fails: ${filing}`);
    return {
      status: reasons.length === 0 ? "ok" : "degraded",
      reasons,
      inFlight: proxy.inFlight,
      exchanges: proxy.exchanges,
      spool: { bytes: spool.bytes, lostExchanges: spool.lostExchanges },
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
    await this.spool.close();
    const filer = this.runningFiler ?? (await this.filer.catch(() => null));
    if (filer !== null) {
      filer.wake();
      const left = Math.max(5_000, deadline - performance.now());
      await Promise.race([filer.drain(left), cut]);
      await filer.stop();
    }
    await this.lock.release();
  }

  private makeRuntime(config: Config, before: ProxyRuntime | null): ProxyRuntime {
    const { fingerprint, seal } = this.key;
    const rules = {
      isHeader: isCredentialHeader,
      isParameter: isCredentialParameter,
      mask: (name: string, value: string) => maskCredential(name, value, fingerprint),
      live: liveCredentials,
      seal,
    };
    return makeRuntime(config, rules, (entry) => this.openUpstream(entry), before);
  }

  private openUpstream(entry: UpstreamConfig): Upstream {
    if (entry.url.protocol === "playback:") {
      const { captures } = this.config;
      return new LazyUpstream(async () =>
        (await import("./playback/open.ts")).openPlayback(captures),
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
    const { startFiler } = await import("./filing/supervisor.ts");
    const { config } = this;
    const filer = startFiler({
      config,
      spoolDir: join(config.state, "spool"),
      log: (message) => this.options.log("warning", message),
    });
    this.runningFiler = filer;
    return filer;
  }

  private ownRoutes(): OwnRoutes {
    return {
      health: () => {
        const health = this.health();
        return { status: health.status === "ok" ? 200 : 503, body: health };
      },
      ready: () => ({ status: this.closing === null ? 200 : 503, body: { ready: !this.closing } }),
      version: () => ({
        status: 200,
        body: { name: "callnumber", version: this.options.version ?? null, node: process.version },
      }),
    };
  }
}
