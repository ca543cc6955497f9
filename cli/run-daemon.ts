/**
 * The daemon as a foreground program, for `serve` and `up`: starts it, reloads its configuration
 * when the file changes or a SIGHUP comes, ends it tidily on the first signal, and tells systemd
 * about all of it where systemd asks.
 */
import { readdirSync } from "node:fs";
import type { Config } from "../daemon/config/types.ts";
import type { Daemon, Log } from "../daemon/daemon.ts";
import type { SystemdLink } from "../daemon/systemd/attach.ts";
import type { Io, Options } from "./command.ts";
import { checkoutWarning } from "./own-captures.ts";
import { version } from "./version.ts";

export interface RunningDaemon {
  readonly daemon: Daemon;
  /** Resolves once the signal has come and all that was received is filed. */
  readonly ended: Promise<void>;
}

/** Throws what startDaemon throws. */
export async function runDaemon(config: Config, options: Options, io: Io): Promise<RunningDaemon> {
  const { startDaemon } = await import("../daemon/daemon.ts");
  const log = logTo(io, options.quiet === true);
  const sockets = await inheritedSockets(io);
  const isNew = isEmpty(config.captures);
  const warning = checkoutWarning(config);
  if (warning !== null) log("warning", warning);
  const daemon = await startDaemon(config, { log, version: version(), sockets });
  if (isNew) {
    // What is filed from now on is filed by these rules or newer ones.
    const { noteScan } = await import("./scanned.ts");
    noteScan(config.state);
  }
  if (sockets.length > 0) compareAddresses(daemon, config, log);
  const { attachToSystemd } = await import("../daemon/systemd/attach.ts");
  const link = attachToSystemd(daemon, io.env, (message) => log("error", message));
  // Not waited for: the port is open, and whoever waits for that comes first.
  const stopWatching = watchConfiguration(config, daemon, link, log, io);
  const ended = new Promise<void>((done) => {
    const close = async () => {
      void stopWatching();
      log("info", `ending: ${daemon.health().inFlight} exchanges in flight`);
      link.stopping(config.drainMs);
      try {
        await daemon.close();
      } catch (error) {
        log("error", `the daemon did not end tidily: ${(error as Error).message}`);
      }
      await link.close();
      done();
    };
    if (io.signal.aborted) void close();
    else io.signal.addEventListener("abort", () => void close(), { once: true });
  });
  return { daemon, ended };
}

/** Also a folder that systemd-tmpfiles made is one without captures. */
function isEmpty(captures: string): boolean {
  try {
    return readdirSync(captures).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Lines on stderr; under systemd with the journal's level in front. */
function logTo(io: Io, quiet: boolean): Log {
  const journal = io.env.JOURNAL_STREAM !== undefined;
  const levels = { debug: 7, info: 6, warning: 4, error: 3 };
  return (level, message) => {
    if (quiet && levels[level] > 4) return;
    io.stderr.write(journal ? `<${levels[level]}>${message}\n` : `${level}: ${message}\n`);
  };
}

async function inheritedSockets(io: Io): Promise<number[]> {
  if (io.env.LISTEN_FDS === undefined) return [];
  const { takeListenFds } = await import("../daemon/systemd/listen-fds.ts");
  return takeListenFds(io.env as Record<string, string | undefined>);
}

/** With sockets from systemd, `listen` of the configuration is only what somebody once meant. */
function compareAddresses(daemon: Daemon, config: Config, log: Log): void {
  const real = daemon.urls.map((url) => new URL(url).host).sort();
  const meant = config.listen
    .map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`)
    .sort();
  if (real.join() === meant.join()) return;
  log(
    "warning",
    `listening on ${real.join(", ")} as the socket unit says, not on ${meant.join(", ")} as ` +
      "`listen` says; `callnumber service install` brings them together",
  );
}

/** Follows the file and, at once, SIGHUP; the function returned ends both. */
function watchConfiguration(
  { path }: Config,
  daemon: Daemon,
  link: SystemdLink,
  log: Log,
  io: Io,
): () => Promise<void> {
  if (path === null) return async () => {};
  const changed = (config: Config) => daemon.reload(config);
  const failed = (why: string) => daemon.configFault(why);
  const opening = import("../daemon/config/watch.ts").then(({ watchConfig }) =>
    watchConfig(path, { env: io.env, cwd: io.cwd, log, changed, failed }),
  );
  const missing = (error: Error) =>
    log("error", `changes of the configuration are not seen: ${error.message}`);
  opening.catch(missing);
  const onHangup = () => {
    const { done } = link.reloading();
    void opening.then((watch) => watch.reload(), missing).finally(done);
  };
  process.on("SIGHUP", onHangup);
  return async () => {
    process.off("SIGHUP", onHangup);
    await opening.then(
      (watch) => watch.close(),
      () => {},
    );
  };
}
