/**
 * Time from spawn to the line that says that the daemon listens: the first start with an empty
 * compile cache, and later ones. Each in the same folder, so that all but the first find a tree.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endProcess, ownFolder, serveCallnumber } from "./contenders.ts";

export interface Starts {
  readonly firstMs: number;
  readonly laterMs: readonly number[];
}

export async function measureStarts(
  upstream: number,
  core: number,
  count: number,
): Promise<Starts> {
  const folder = ownFolder();
  const cache = join(folder, "cache");
  mkdirSync(cache);
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      const env = { XDG_CACHE_HOME: cache };
      const { child, ms } = await serveCallnumber(folder, upstream, core, env);
      child.stderr?.resume();
      times.push(ms);
      // The filer starts after the port is open; it is not to be cut off in the middle of that.
      await new Promise((resolve) => setTimeout(resolve, 700));
      await endProcess(child);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [firstMs = 0, ...laterMs] = times;
  return { firstMs, laterMs };
}
