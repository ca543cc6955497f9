/**
 * The daemon as a foreground program, for `serve` and `up`: starts it, reloads its configuration
 * when the file changes, ends it tidily on the first signal.
 */
import type { Config } from "../daemon/config/types.ts";
import type { Daemon, Log } from "../daemon/daemon.ts";
import type { Io, Options } from "./command.ts";
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
  const daemon = await startDaemon(config, { log, version: version() });
  const stopWatching = await watchConfiguration(config, daemon, log, io);
  const ended = new Promise<void>((done) => {
    const close = () => {
      void stopWatching();
      daemon.close().then(done, (error: Error) => {
        log("error", `the daemon did not end tidily: ${error.message}`);
        done();
      });
    };
    if (io.signal.aborted) close();
    else io.signal.addEventListener("abort", close, { once: true });
  });
  return { daemon, ended };
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

/** Nothing to watch where the defaults alone hold. */
async function watchConfiguration(
  { path }: Config,
  daemon: Daemon,
  log: Log,
  io: Io,
): Promise<() => Promise<void>> {
  if (path === null) return async () => {};
  const { watchConfig } = await import("../daemon/config/watch.ts");
  const changed = (config: Config) => daemon.reload(config);
  const watch = await watchConfig(path, { env: io.env, cwd: io.cwd, log, changed });
  return () => watch.close();
}
