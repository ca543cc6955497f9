/**
 * How fast captures are understood, on one core: bringing every exchange of a captures folder into
 * normal form, taking its facts and placing it in its conversation, as the site and the commands do;
 * and what the filer spends on the dialects for the same exchanges.
 *
 *   node test/bench/understanding.ts [exchanges] [days]      generated agent traffic
 *   node test/bench/understanding.ts --captures FOLDER       captures of one's own
 *
 * What always holds: the best of eight runs, each with fresh readers, on one core; exit code 1 where
 * both kinds of work together stay below 30 MB of capture files a second. What the reader does for
 * them (lines, parts, outlines; for the filer, joining and laying out) is timed apart and printed:
 * it is no work of theirs. So is the rate by bytes of the bodies that the files stand for: the better
 * a session dedupes, the further apart the two are, for every request has its whole history.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LayoutMemory } from "../../record/bodies/layout-memory.ts";
import { placeDays } from "../../record/conversation/placed-days.ts";
import type { WireExchange } from "../../record/dialects/normal.ts";
import { understand } from "../../record/dialects/understand.ts";
import { CaptureFile } from "../../record/reader/capture-file.ts";
import { DayReader } from "../../record/reader/day-reader.ts";
import { openTree, type Tree } from "../../record/reader/tree.ts";
import { generateCaptures } from "./generate-captures.ts";

const FLOOR_MB_PER_S = 30;
const RUNS = 8;

interface Size {
  exchanges: number;
  /** Bytes of the capture files, and of the bodies that they stand for. */
  stored: number;
  bodies: number;
}

function sizeOf(tree: Tree): Size {
  const size = { exchanges: 0, stored: 0, bodies: 0 };
  for (const { path } of tree.files()) {
    size.stored += statSync(path).size;
    using day = DayReader.open(path);
    for (const line of day.exchanges()) {
      size.exchanges++;
      size.bodies += (line.request.body?.bytes ?? 0) + (line.response?.body?.bytes ?? 0);
    }
  }
  return size;
}

/** So much of bodies is in memory at a time while the dialects are timed. */
const BATCH_BYTES = 64 * 1024 * 1024;

/** The exchanges as the filer gives them to the dialects: laid out for carving, in batches. */
function* batches(tree: Tree): Generator<WireExchange[]> {
  const layouts = new LayoutMemory();
  let batch: WireExchange[] = [];
  let bytes = 0;
  for (const { path } of tree.files()) {
    using day = DayReader.open(path);
    for (const line of day.exchanges()) {
      const requestBody = day.requestBody(line);
      const responseBody = day.responseBody(line);
      batch.push({
        method: line.request.method,
        url: line.request.url,
        requestHeaders: line.request.headers,
        requestBody,
        requestLayout: requestBody === null ? null : layouts.layoutOf(requestBody),
        status: line.response?.status ?? null,
        responseHeaders: line.response?.headers ?? [],
        responseBody,
        chunks: null,
      });
      bytes += (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
      if (bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  yield batch;
}

/**
 * The dialects alone, over bodies that lie in memory: what repeats from turn to turn is not read
 * again, as in the filer. Reading, joining and laying out are done before. Returns milliseconds.
 */
function dialectMs(tree: Tree): number {
  let ms = 0;
  for (const batch of batches(tree)) {
    const before = performance.now();
    for (const exchange of batch) understand(exchange);
    ms += performance.now() - before;
  }
  return ms;
}

let readingMs = 0;

/** From now on the time that readers take is added to `readingMs`, whoever uses them. */
function timeReaders(): void {
  const timed = <A extends unknown[], R>(work: (...args: A) => R) =>
    function (this: unknown, ...args: A): R {
      const before = performance.now();
      try {
        return work.apply(this, args);
      } finally {
        readingMs += performance.now() - before;
      }
    };
  const { prototype } = DayReader;
  prototype.exchange = timed(prototype.exchange);
  prototype.requestBody = timed(prototype.requestBody);
  prototype.responseBody = timed(prototype.responseBody);
  prototype.assembled = timed(prototype.assembled);
  prototype.partText = timed(prototype.partText);
  prototype.outline = timed(prototype.outline);
  const { exchanges } = CaptureFile.prototype;
  CaptureFile.prototype.exchanges = function* (from) {
    const lines = exchanges.call(this, from);
    const next = timed(() => lines.next());
    for (let line = next(); line.done !== true; line = next()) yield line.value;
  };
}

interface Placing {
  readonly ms: number;
  readonly reading: number;
}

function placing(tree: Tree): Placing {
  readingMs = 0;
  const before = performance.now();
  placeDays(tree, {});
  const ms = performance.now() - before;
  return { ms: ms - readingMs, reading: readingMs };
}

/** The quickest of the runs. */
function best<T>(work: () => T, ms: (run: T) => number): T {
  const runs = Array.from({ length: RUNS }, work);
  return runs.reduce((a, b) => (ms(b) < ms(a) ? b : a));
}

function report(captures: string): boolean {
  const tree = openTree(captures);
  const { exchanges, stored, bodies } = sizeOf(tree);
  timeReaders();
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${exchanges} exchanges, ${mb(stored)} of capture files for ${mb(bodies)} of bodies`);
  const speed = (bytes: number, ms: number) => `${(bytes / 1000 / ms).toFixed(1)} MB/s`;
  const say = (what: string, ms: number, more = "") =>
    console.log(
      `${what} in ${(ms / 1000).toFixed(2)} s: ${speed(stored, ms)} of capture, ${speed(bodies, ms)} of bodies${more}`,
    );
  const placed = best(
    () => placing(tree),
    ({ ms, reading }) => ms + reading,
  );
  say("read", placed.reading);
  say("normalised and placed", placed.ms);
  const filing = best(
    () => dialectMs(tree),
    (ms) => ms,
  );
  say("understood by the dialects", filing);
  const together = placed.ms + filing;
  const enough = stored / 1000 / together >= FLOOR_MB_PER_S;
  const verdict = `; asked for: ${FLOOR_MB_PER_S} MB/s${enough ? "" : ", NOT reached"}`;
  say("dialects and conversations together", together, verdict);
  say("the same with reading", together + placed.reading);
  return enough;
}

const { values, positionals } = parseArgs({
  options: { captures: { type: "string" } },
  allowPositionals: true,
});
if (values.captures !== undefined) process.exitCode = report(values.captures) ? 0 : 1;
else {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-understanding-"));
  try {
    const [exchanges = 4000, days = 4] = positionals.map(Number);
    generateCaptures({ folder, exchanges, days, seed: 1 });
    process.exitCode = report(folder) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
