/**
 * Tells systemd at intervals that the daemon is well; silence makes systemd restart it.
 *
 * What always holds: a word goes out only from the event loop of the byte path, and only after each
 * listening socket has been found served; while the daemon ends there are no sockets to ask, and
 * the loop alone answers. The interval is a third of what systemd waits.
 */

export interface WatchdogOptions {
  /** How long systemd waits, milliseconds. */
  readonly timeoutMs: number;
  /** Whether a listening socket is served; given `ms` to find out. */
  readonly isServed: (url: string, ms: number) => Promise<boolean>;
  /** The sockets to ask about; empty while the daemon ends. */
  readonly urls: () => readonly string[];
  readonly alive: () => void;
  readonly log: (message: string) => void;
}

/** What $WATCHDOG_USEC asks of this process, in milliseconds; null where it asks nothing. */
export function watchdogTimeout(
  env: Readonly<Record<string, string | undefined>>,
  pid: number = process.pid,
): number | null {
  const usec = Number(env.WATCHDOG_USEC ?? "");
  if (!Number.isFinite(usec) || usec <= 0) return null;
  if (env.WATCHDOG_PID !== undefined && Number(env.WATCHDOG_PID) !== pid) return null;
  return usec / 1000;
}

/** Begins; the function returned ends it. */
export function startWatchdog(options: WatchdogOptions): () => void {
  const everyMs = options.timeoutMs / 3;
  let asking = false;
  const tick = async () => {
    if (asking) return;
    asking = true;
    const served = await Promise.all(
      options.urls().map((url) => options.isServed(url, everyMs * 0.9)),
    );
    asking = false;
    if (served.every(Boolean)) options.alive();
    else options.log("a listening socket does not answer: no sign of life to systemd");
  };
  options.alive();
  const timer = setInterval(() => void tick(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
