/**
 * Watches the configuration file and hands over each new configuration that is valid.
 *
 * What always holds: a bad file changes nothing, the old configuration stays in force; the folder
 * is watched, not the file, because editors replace files; where the system has no watches left
 * (inotify exhausted) it polls instead, for a watcher that fails silently would be worse than none.
 */
import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { watch } from "chokidar";
import { LIMITS } from "../../record/limits.ts";
import { type LoadOptions, loadConfig } from "./load.ts";
import type { Config } from "./types.ts";

export interface WatchOptions extends LoadOptions {
  readonly file: string;
  readonly loaded: (config: Config) => void;
  /** The new file is not used; the error says why. */
  readonly failed: (error: Error) => void;
}

/** Begins to watch; the function returned ends it. Never throws. */
export function watchConfig(options: WatchOptions): () => void {
  const { file } = options;
  let known = stampOf(file);
  const look = () => {
    const stamp = stampOf(file);
    if (stamp === known || stamp === null) return;
    known = stamp;
    try {
      options.loaded(loadConfig(options));
    } catch (error) {
      options.failed(error as Error);
    }
  };
  const watcher = watch(dirname(file), {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => path !== dirname(file) && basename(path) !== basename(file),
    // Editors write in several steps; half a file would be reported as a bad one.
    awaitWriteFinish: { stabilityThreshold: LIMITS.configSettleMs, pollInterval: 50 },
  });
  watcher.on("all", look);
  // A change between the call and now is part of the first look, which reports nothing.
  watcher.on("ready", look);
  const polling = setInterval(look, LIMITS.configPollMs);
  polling.unref();
  watcher.on("error", () => {});
  return () => {
    clearInterval(polling);
    void watcher.close();
  };
}

function stampOf(file: string): string | null {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return null;
  }
}
