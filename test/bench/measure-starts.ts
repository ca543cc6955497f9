/**
 * Time from spawn to the line that says that the daemon listens: the first start with an empty
 * compile cache, and later ones. Each in the same folder, so that all but the first find a tree.
 */
import { rmSync } from "node:fs";
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
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      const { child, ms } = await serveCallnumber(folder, upstream, core);
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
