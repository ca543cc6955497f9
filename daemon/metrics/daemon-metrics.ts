/**
 * What the daemon counts, and how it tells it: `/-/metrics`, the disk's room, the backlog.
 *
 * Invariants: one addition per exchange, nothing per chunk; files and disks are looked at
 * only when somebody asks; labels are bounded (outcomes, and upstreams of the configuration), never
 * a model, a client's text or an id. Outcomes are counted as they are filed: only the filer knows
 * whether an answer had come to its end before its connection was closed.
 */
import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { SupervisorStats } from "../filing/supervisor.ts";
import type { ProxyStats } from "../proxy/proxy-server.ts";
import type { SpoolStats } from "../spool/writer.ts";
import { Backlog } from "./backlog.ts";
import { Histogram, MetricsText } from "./prometheus-text.ts";

export interface Observed {
  readonly proxy: ProxyStats;
  readonly spool: SpoolStats;
  readonly filer: SupervisorStats | null;
  readonly healthy: boolean;
  readonly version: string;
  readonly spoolDir: string;
  readonly folders: { readonly state: string; readonly captures: string };
}

/** Seconds. */
const ADDED_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];

export class DaemonMetrics {
  readonly backlog = new Backlog();
  readonly #startedAt = Date.now();
  readonly #added = new Histogram(ADDED_BOUNDS);
  readonly #outcomes = new Map<string, number>();
  readonly #filed = new Map<string, number>();
  readonly #played = new Map<string, number>();
  #ended = 0;

  /** An exchange has ended and its last frame is in the spool. */
  recorded(): void {
    this.#ended += 1;
    this.backlog.ended(performance.now());
  }

  /** Milliseconds from a request's head to its way out to the upstream. */
  passedOn(ms: number): void {
    this.#added.add(ms / 1000);
  }

  /** An exchange is in the tree; `upstream` null where it is none of the configuration. */
  filed(upstream: string | null, outcome: string): void {
    count(this.#filed, upstream ?? "");
    count(this.#outcomes, outcome);
    this.backlog.filed();
  }

  /** Playback gave an answer: `recorded`, `canned` or `missing`. */
  played(how: string): void {
    count(this.#played, how);
  }

  render(at: Observed): string {
    const text = new MetricsText();
    text.gauge("callnumber_build_info", "Version, as a label.", [
      [{ version: at.version, node: process.version }, 1],
    ]);
    text.gauge("callnumber_healthy", "1 where health is ok, 0 where degraded.", at.healthy ? 1 : 0);
    this.#renderTraffic(text, at.proxy);
    this.#renderRecording(text, at);
    renderProcess(text, this.#startedAt);
    return text.toString();
  }

  #renderTraffic(text: MetricsText, proxy: ProxyStats): void {
    const { connections } = proxy;
    text
      .counter("callnumber_requests_total", "Requests that were recorded.", proxy.exchanges)
      .counter("callnumber_ended_total", "Requests and sockets that have ended.", this.#ended)
      .counter("callnumber_malformed_total", "Connections without a request.", proxy.malformed)
      .counter(
        "callnumber_refused_total",
        "Refused strangers.",
        Object.entries(proxy.refused.byCode).map(([code, count]) => [{ code }, count] as const),
      )
      .counter(
        "callnumber_refused_unrecorded_total",
        "Of them, those that were only counted.",
        proxy.refused.unrecorded,
      )
      .counter(
        "callnumber_exchanges_total",
        "Exchanges in the tree by how they ended.",
        [...this.#outcomes].map(([outcome, count]) => [{ outcome }, count] as const),
      )
      .counter(
        "callnumber_playback_total",
        "Answers of the upstream playback by where they came from.",
        [...this.#played].map(([answer, count]) => [{ answer }, count] as const),
      )
      .gauge("callnumber_exchanges_in_flight", "Exchanges and streams open.", proxy.inFlight)
      .gauge("callnumber_client_connections", "Client connections open.", connections.open)
      .counter("callnumber_client_connections_total", "Accepted.", connections.accepted)
      .counter("callnumber_client_received_bytes_total", "From clients.", connections.receivedBytes)
      .counter("callnumber_client_sent_bytes_total", "To clients.", connections.sentBytes)
      .histogram(
        "callnumber_added_latency_seconds",
        "From a request's head to its way out to the upstream.",
        this.#added,
      );
  }

  #renderRecording(text: MetricsText, { spool, spoolDir, filer, folders }: Observed): void {
    const onDisk = spoolSize(spoolDir);
    text
      .gauge("callnumber_spool_bytes", "Bytes of all segments on disk.", onDisk.bytes)
      .gauge("callnumber_spool_segments", "Segments on disk.", onDisk.segments)
      .gauge("callnumber_spool_exchanges", "Ended and not filed yet.", this.backlog.depth)
      .gauge(
        "callnumber_spool_age_seconds",
        "Time since the oldest of these ended.",
        this.backlog.ageMs(performance.now()) / 1000,
      )
      .counter("callnumber_spool_syncs_total", "Flushes of the spool to the disk.", spool.syncs)
      .counter("callnumber_lost_total", "Exchanges not recorded whole.", spool.lostExchanges)
      .counter(
        "callnumber_filed_total",
        "Exchanges in the tree, synced.",
        [...this.#filed].map(([upstream, count]) => [{ upstream }, count] as const),
      )
      .counter("callnumber_redactions_total", "Places redacted.", filer?.redactions ?? 0)
      .counter("callnumber_set_aside_total", "Exchanges kept out of the tree.", [
        [{ why: "poisoned" }, filer?.poisoned ?? 0],
      ])
      .counter("callnumber_partial_total", "Exchanges filed without a body.", filer?.partial ?? 0)
      .counter("callnumber_filer_restarts_total", "Times the filer died.", filer?.restarts ?? 0)
      .gauge("callnumber_filer_up", "1 where the filer runs.", filer?.pid == null ? 0 : 1)
      .gauge("callnumber_disk_free_bytes", "Free for an ordinary user.", [
        [{ folder: "state" }, diskRoom(folders.state)?.free ?? Number.NaN],
        [{ folder: "captures" }, diskRoom(folders.captures)?.free ?? Number.NaN],
      ]);
  }
}

function count(counts: Map<string, number>, label: string): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
}

function renderProcess(text: MetricsText, startedAt: number): void {
  const { user, system } = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  text
    .counter("process_cpu_seconds_total", "User and system.", (user + system) / 1e6)
    .gauge("process_resident_memory_bytes", "Of the proxy.", process.memoryUsage.rss())
    .gauge("process_start_time_seconds", "Unix time of the start.", startedAt / 1000)
    .counter("callnumber_event_loop_busy_seconds_total", "Not idle.", loop.active / 1000);
}

export interface DiskRoom {
  /** Bytes that an ordinary user may still write. */
  readonly free: number;
  readonly total: number;
}

/** Of the disk that holds a folder, or its nearest parent that exists; null where it will not tell. */
export function diskRoom(folder: string): DiskRoom | null {
  for (let path = folder; ; path = join(path, "..")) {
    try {
      const { bavail, blocks, bsize } = statfsSync(path);
      return { free: bavail * bsize, total: blocks * bsize };
    } catch {
      if (path === join(path, "..")) return null;
    }
  }
}

/** What the segments of the spool take up; looks at the disk. */
export function spoolSize(folder: string): { bytes: number; segments: number } {
  let bytes = 0;
  let segments = 0;
  try {
    for (const name of readdirSync(folder)) {
      const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
      if (size === undefined) continue;
      bytes += size;
      segments += 1;
    }
  } catch {
    // The folder is gone: the writer makes it again, and health says what it thinks of that.
  }
  return { bytes, segments };
}
