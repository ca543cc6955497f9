/**
 * Ties a running daemon to systemd: says when it is ready, how it does, and that it is alive.
 *
 * What always holds: outside of systemd it does nothing; STATUS changes at most once a second and
 * holds numbers and fault names only, never anything of an exchange; nothing in here can delay or
 * stop the daemon.
 */
import { openNotifier } from "./notify.ts";
import { isServed } from "./socket-probe.ts";
import { startWatchdog, watchdogTimeout } from "./watchdog.ts";

/** What systemd may know of the daemon. */
export interface Watched {
  readonly urls: readonly string[];
  health(): { readonly reasons: readonly string[]; readonly inFlight: number };
}

export interface SystemdLink {
  /** Around a reload; `done` is called when the new configuration holds, or the old one stays. */
  reloading(): { done(): void };
  /** The end has begun and may take this long. */
  stopping(drainMs: number): void;
  close(): Promise<void>;
}

const STATUS_MS = 1_000;
/** For filing and syncing what the drain has left. */
const AFTER_DRAIN_MS = 30_000;

export function attachToSystemd(
  daemon: Watched,
  env: Readonly<Record<string, string | undefined>>,
  log: (message: string) => void,
): SystemdLink {
  const notifier = openNotifier(env);
  if (notifier === null) {
    return { reloading: () => ({ done() {} }), stopping() {}, close: async () => {} };
  }
  let stopping = false;
  const status = () => `STATUS=${statusOf(daemon, stopping)}`;
  let said = status();
  notifier.send("READY=1", said);
  const saying = setInterval(() => {
    const now = status();
    if (now !== said) notifier.send(now);
    said = now;
  }, STATUS_MS).unref();
  const timeoutMs = watchdogTimeout(env);
  const stopWatchdog =
    timeoutMs === null
      ? () => {}
      : startWatchdog({
          timeoutMs,
          isServed,
          urls: () => (stopping ? [] : daemon.urls),
          alive: () => notifier.send("WATCHDOG=1"),
          log,
        });
  return {
    reloading() {
      const usec = process.hrtime.bigint() / 1000n;
      notifier.send("RELOADING=1", `MONOTONIC_USEC=${usec}`);
      return { done: () => notifier.send("READY=1", status()) };
    },
    stopping(drainMs) {
      stopping = true;
      const usec = (drainMs + AFTER_DRAIN_MS) * 1000;
      notifier.send("STOPPING=1", status(), `EXTEND_TIMEOUT_USEC=${usec}`);
    },
    async close() {
      clearInterval(saying);
      stopWatchdog();
      await notifier.close();
    },
  };
}

function statusOf(daemon: Watched, stopping: boolean): string {
  const { reasons, inFlight } = daemon.health();
  const flight = `${inFlight} exchange${inFlight === 1 ? "" : "s"} in flight`;
  if (stopping) return `ending: ${flight}`;
  if (reasons.length > 0) return `degraded: ${reasons.join("; ")}`.slice(0, 400);
  return `recording at ${daemon.urls.join(", ")}; ${flight}`;
}
