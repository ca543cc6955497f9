/**
 * The crash suite: the real daemon under load from real sockets, killed with SIGKILL at random
 * moments, over and over on one state directory and one tree. What clients and upstream saw
 * decides, not the daemon:
 *
 * - an exchange that a client saw end is in the tree, once, whole, byte for byte;
 * - of any other there is at most one, and it holds at least the bytes that the client had got,
 *   with the whole request where the client had got any;
 * - `verify` finds nothing, and no file ends in a torn line.
 *
 *   CRASH_COUNT=200 CRASH_SEED=1 node test/e2e/crash.ts
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";
import { type Known, randomFrom, World } from "./crash-oracle.ts";

const PROGRAM = fileURLToPath(new URL("./crash-daemon.ts", import.meta.url));
const CLIENTS = 12;

export interface CrashResult {
  readonly kills: number;
  readonly requests: number;
  readonly finished: number;
  /** Exchanges in the tree by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that had reached the upstream whole and are filed in part. */
  readonly requestsCut: number;
  readonly seed: number;
  readonly restartMsMax: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly filer: number;
}

async function start(config: string, log: string[]): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, config], { stdio: ["ignore", "pipe", "pipe"] });
  createInterface({ input: child.stderr! }).on("line", (line) => log.push(line));
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, "exit").then(() => {
    throw new Error(`the daemon does not start:\n${log.slice(-20).join("\n")}`);
  });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  return { child, ...JSON.parse(line) };
}

/** Kills daemon, filer or both, as `chance` says: a crash rarely picks the convenient one. */
async function kill({ child, filer }: Running, chance: number): Promise<void> {
  const gone = once(child, "exit");
  if (chance < 0.3) {
    try {
      process.kill(filer, "SIGKILL");
    } catch {
      // It was just being started again.
    }
  }
  child.kill("SIGKILL");
  await gone;
}

/** Runs `count` kills and checks the tree. Throws with the first difference. */
export async function crashSuite(count: number, seed: number): Promise<CrashResult> {
  const root = fs.mkdtempSync(join(os.tmpdir(), "callnumber-crash-"));
  const captures = join(root, "captures");
  const random = randomFrom(seed);
  const world = new World(randomFrom(seed + 1));
  const upstream = await world.listen();
  const config = join(root, "callnumber.yaml");
  fs.writeFileSync(
    config,
    `listen: 127.0.0.1:0\ncaptures: ./captures\nstate: ./state\nupstreams:\n  oracle: ${upstream}\n`,
  );
  const log: string[] = [];
  const clients = world.run(CLIENTS);
  let restartMsMax = 0;
  for (let kills = 0; kills < count; kills++) {
    const began = performance.now();
    const running = await start(config, log);
    restartMsMax = Math.max(restartMsMax, performance.now() - began);
    world.aim(running.url);
    await new Promise((done) => setTimeout(done, 20 + random() ** 2 * 900));
    const gone = kill(running, random());
    world.aim("");
    await gone;
  }
  const last = await start(config, log);
  world.aim(last.url);
  await new Promise((done) => setTimeout(done, 300));
  world.stop();
  await clients;
  last.child.kill("SIGTERM");
  const [code] = await once(last.child, "exit");
  world.close();
  assert.equal(code, 0, `the last shutdown ends well:\n${log.slice(-20).join("\n")}`);
  const { outcomes, requestsCut } = check(captures, world.known);
  fs.rmSync(root, { recursive: true });
  const all = [...world.known.values()];
  const finished = all.filter((x) => x.finished).length;
  return {
    kills: count,
    requests: all.length,
    finished,
    outcomes,
    requestsCut,
    seed,
    restartMsMax,
  };
}

function check(
  captures: string,
  known: ReadonlyMap<number, Known>,
): Pick<CrashResult, "outcomes" | "requestsCut"> {
  let requestsCut = 0;
  const outcomes: Record<string, number> = {};
  const seen = new Set<number>();
  const tree = openTree(captures);
  for (const { path } of tree.files()) {
    assert.deepEqual(verifyFile(path), [], "verify is clean");
    using day = tree.openDay(path);
    for (const x of day.exchanges()) {
      const n = Number(x.request.headers.find(([name]) => name === "x-oracle")?.[1]);
      const truth = known.get(n);
      assert.ok(truth, `exchange ${x.id} was never sent`);
      assert.ok(!seen.has(n), `request ${n} is filed twice`);
      seen.add(n);
      outcomes[x.outcome] = (outcomes[x.outcome] ?? 0) + 1;
      const request = day.requestBody(x);
      if (truth.arrived && request?.length !== truth.request.length) requestsCut++;
      compare(truth, x.outcome, request, day.responseBody(x));
    }
  }
  for (const { n, finished, received } of known.values()) {
    if (finished) assert.ok(seen.has(n), `request ${n} ended at its client and is not filed`);
    if (received.length > 0) assert.ok(seen.has(n), `request ${n} was answered and is not filed`);
  }
  return { outcomes, requestsCut };
}

function compare(
  truth: Known,
  outcome: string,
  request: Buffer | null,
  response: Buffer | null,
): void {
  const { n, finished, received, answer } = truth;
  const sent = request ?? Buffer.alloc(0);
  const got = response ?? Buffer.alloc(0);
  assert.ok(truth.request.subarray(0, sent.length).equals(sent), `request ${n} differs`);
  if (outcome === "complete") assert.ok(got.equals(answer), `answer ${n} is not whole`);
  // Then the answer is the daemon's own, and may come before the request was read.
  if (outcome === "upstream_error" || outcome === "rejected") return;
  if (received.length > 0) assert.equal(sent.length, truth.request.length, `request ${n} is cut`);
  assert.ok(answer.subarray(0, got.length).equals(got), `answer ${n} differs`);
  assert.ok(got.length >= received.length, `answer ${n} lacks bytes that its client had got`);
  if (finished) assert.ok(got.equals(answer), `answer ${n} is not whole`);
}

if (import.meta.main) {
  const count = Number(process.env.CRASH_COUNT ?? 200);
  const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1e6);
  console.error(`${count} kills, seed ${seed}`);
  console.log(JSON.stringify(await crashSuite(count, seed)));
}
