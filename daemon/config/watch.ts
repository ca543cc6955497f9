/**
 * Reloads the configuration when its file changes.
 *
 * What always holds: a file that is wrong, half written or gone leaves the old configuration in
 * force, and says so; a burst of writes is one reload; where the system has no watches left
 * (inotify exhausted) the file is polled, since a watcher would then never tell of a change.
 */
import { statSync } from "node:fs";
import type { FSWatcher } from "chokidar";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { loadConfig } from "./load.ts";
import type { Config } from "./types.ts";

export interface WatchOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly log: (level: "info" | "warning" | "error", message: string) => void;
  /** Called with each new configuration that is valid. */
  readonly changed: (config: Config) => void;
  /** Called where the file is wrong; the old configuration stays. */
  readonly failed?: (why: string) => void;
}

export interface ConfigWatch {
  /** Reads the file now, as on SIGHUP. */
  reload(): void;
  close(): Promise<void>;
}

/** Watches `config.path`. Resolves when the watch is on. */
export async function watchConfig(path: string, options: WatchOptions): Promise<ConfigWatch> {
  const before = changedAt(path);
  const { watch } = await import("chokidar");
  let current: FSWatcher;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const reload = () => {
    try {
      options.changed(loadConfig({ file: path, env: options.env, cwd: options.cwd }));
      options.log("info", `configuration reloaded from ${path}`);
    } catch (error) {
      const why = error instanceof CodedError ? `${error.code}: ${error.message}` : String(error);
      options.failed?.(why);
      options.log("error", `the configuration is not reloaded, the old one stays: ${why}`);
    }
  };
  const soon = () => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(reload, LIMITS.configSettleMs);
  };
  const begin = (usePolling: boolean): Promise<void> => {
    current = watch(path, { ignoreInitial: true, usePolling, interval: LIMITS.configPollMs });
    current.on("add", soon).on("change", soon);
    current.on("error", (error) => {
      const { code } = error as NodeJS.ErrnoException;
      if (usePolling || closed || (code !== "ENOSPC" && code !== "EMFILE")) return;
      options.log("warning", `no watch to be had (${code}): the configuration is polled`);
      void current.close().then(() => begin(true));
    });
    return new Promise((resolve) => current.once("ready", resolve));
  };

  await begin(false);
  // Written while the watch was set up.
  if (changedAt(path) !== before) soon();
  return {
    reload,
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      await current.close();
    },
  };
}

/** Tells two versions of the file apart; 0 where there is none. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
