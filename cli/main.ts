#!/usr/bin/env node
/**
 * The bin: this process's own command line, signals and exit code. Everything else is program.ts,
 * loaded once the compile cache is on (types are stripped at every start without it: measured on
 * `serve`, 620 ms of CPU to the open port without the cache, 290 ms with it).
 */
import { realpathSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Signals this close together are one. */
const SAME_WISH_MS = 500;

/** Runs this process's own command line; sets its exit code once all output is out. */
export async function runAsProgram(): Promise<void> {
  const stop = new AbortController();
  let askedAt: number | null = null;
  const onSignal = () => {
    const now = performance.now();
    // The first asks for a tidy end, an impatient second one means now. What comes within a moment
    // is the same wish: a terminal and the launcher may both pass one ctrl-C on.
    if (askedAt === null) stop.abort();
    else if (now - askedAt > SAME_WISH_MS) process.exit(130);
    askedAt ??= now;
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A reader that goes away (`callnumber ls | head`) is a normal end.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 74);
  });
  const { run } = await import("./program.ts");
  process.exitCode = await run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: process.cwd(),
    env: process.env,
    signal: stop.signal,
  });
  process.off("SIGINT", onSignal);
  process.off("SIGTERM", onSignal);
}

function useCompileCache(): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const cache =
    process.env.CACHE_DIRECTORY ?? process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "callnumber", "compile");
  enableCompileCache(folder);
  // The processes that this one starts find their first file in it as well.
  process.env.NODE_COMPILE_CACHE = folder;
}

useCompileCache();
const invoked = process.argv[1];
if (invoked !== undefined && realpathSync(invoked) === fileURLToPath(import.meta.url)) {
  await runAsProgram();
}
