/**
 * Keeps the site built: watches the captures folder and builds what is dirty after each change.
 *
 * What always holds: one build at a time, changes that arrive meanwhile make one more; a failed
 * build is reported and the next change tries again; where the system cannot watch (inotify
 * exhausted) it builds at intervals instead.
 */
import { watch } from "chokidar";
import { LIMITS } from "../record/limits.ts";
import { type Report, type SiteOptions, startSiteBuilder } from "./build.ts";

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly onReport: (report: Report) => void;
  readonly onError: (error: Error) => void;
}

/** Builds at once and then after every change. Resolves once the signal has come and all has ended. */
export async function watchSite(options: SiteOptions, watching: WatchOptions): Promise<void> {
  const { signal } = watching;
  const builder = startSiteBuilder(options);
  let changed = Promise.withResolvers<void>();
  const watcher = watch(options.captures, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => path.includes("/.git/"),
  });
  const change = () => changed.resolve();
  watcher.on("all", change);
  let polling: NodeJS.Timeout | undefined;
  watcher.on("error", () => {
    polling ??= setInterval(change, LIMITS.sitePollMs);
  });
  signal.addEventListener("abort", change, { once: true });
  // What came before the watch was ready would be neither built nor noticed.
  await Promise.race([
    new Promise((ready) => watcher.once("ready", () => ready(null))),
    new Promise((failed) => watcher.once("error", failed)),
    changed.promise,
  ]);

  while (!signal.aborted) {
    changed = Promise.withResolvers<void>();
    const ended = new AbortController();
    const cut = () => void builder.close();
    signal.addEventListener("abort", cut, { once: true, signal: ended.signal });
    try {
      watching.onReport(await builder.build());
    } catch (error) {
      if (!signal.aborted) watching.onError(error as Error);
    }
    ended.abort();
    await changed.promise;
    // A burst of exchanges makes one build.
    await new Promise((settled) => setTimeout(settled, signal.aborted ? 0 : LIMITS.siteWatchMs));
  }
  clearInterval(polling);
  await watcher.close();
  await builder.close();
}
