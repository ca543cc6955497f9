/**
 * What the contenders have put on the disk, and when the daemon's filer is done.
 *
 * Invariants: the daemon's exchanges are counted in the files, not taken from its counters;
 * a difference to what was sent is an error.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { type Contender, fileBytes } from "./contenders.ts";
import type { Sample } from "./report.ts";

interface Health {
  readonly backlog: { readonly exchanges: number };
  readonly spool: { readonly bytes: number; readonly lostExchanges: number };
  readonly setAside: number;
}

/** Asks `/-/health` of the daemon. */
export function health(port: number): Promise<Health> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: "/-/health", agent: false }, (res) => {
      let text = "";
      res.on("data", (piece) => {
        text += piece;
      });
      res.on("end", () => resolve(JSON.parse(text) as Health));
    }).on("error", reject);
  });
}

/** Resolves once nothing waits to be filed; gives the seconds that it took. */
export async function waitUntilFiled(port: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { backlog } = await health(port);
    if (backlog.exchanges === 0) return (performance.now() - began) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Exchanges in the tree below `folder`, counted line by line. */
export function filedExchanges(folder: string): number {
  const mark = Buffer.from('\n{"type":"exchange"');
  let count = 0;
  for (const path of captureFiles(folder)) {
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) count += 1;
  }
  return count;
}

function captureFiles(folder: string): string[] {
  const captures = join(folder, "captures");
  if (!existsSync(captures)) return [];
  return readdirSync(captures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".jsonl"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What was filed against what was sent. Throws where they differ. */
export function captureUse(
  { folder, name }: Contender,
  samples: readonly Sample[],
  unmeasured: number,
) {
  const sent = samples
    .filter(({ contender }) => contender === name)
    .reduce((sum, sample) => sum + sample.sent, unmeasured);
  const filed = filedExchanges(folder);
  if (filed !== sent) throw new Error(`${sent} requests were sent and ${filed} exchanges filed`);
  return { sent, filed };
}

/** Bytes that a contender has captured so far; 0 for those that do not. */
export function capturedBytes({ name, daemon, folder }: Contender): number {
  if (!daemon && name !== "mitmdump") return 0;
  return captureFiles(folder).reduce((sum, path) => sum + fileBytes(path), 0);
}
