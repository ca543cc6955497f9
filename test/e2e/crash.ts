/**
 * The crash suite: the real daemon under load from real sockets, killed with SIGKILL at random
 * moments, over and over on one state directory and one tree. What clients and upstream saw
 * decides, not the daemon:
 *
 * - an exchange that a client saw end is in the tree, once, whole, byte for byte;
 * - a request that the upstream had whole is in the tree, whole, whatever became of its answer;
 * - of any other there is at most one, and it holds at least the bytes that the client had got;
 * - no healthy client was refused;
 * - `verify` finds nothing, and no file ends in a torn line.
 *
 * Then what the first kill left is cut at every byte of the last frame of the spool, and the file
 * made of it at every byte of its last line (crash-cuts.ts).
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
import { listSegments } from "../../daemon/spool/reader.ts";
import { seededRandom } from "../seeded-random.ts";
import { checkTree } from "./crash-check.ts";
import { cutEverywhere } from "./crash-cuts.ts";
import { World } from "./crash-oracle.ts";

const PROGRAM = fileURLToPath(new URL("./crash-daemon.ts", import.meta.url));
const CLIENTS = 12;
/** Exchanges that have ended before the first kill. */
const FIRST_COUNT = 8;
/** Shutdowns at the end, each of which files for some seconds. */
const SHUTDOWNS = 20;

export interface CrashResult {
  readonly kills: number;
  readonly requests: number;
  readonly finished: number;
  /** Bytes at which the spool and the file were cut. */
  readonly cuts: number;
  /** Exchanges in the tree by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that had reached the upstream whole, all of which are filed whole. */
  readonly arrived: number;
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 1));
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

async function shutDown({ child }: Running, log: readonly string[]): Promise<void> {
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0, `the last shutdown ends well:\n${log.slice(-20).join("\n")}`);
}

/**
 * Runs `count` kills and checks the tree; then cuts at every `cutStep`th byte. Throws with the
 * first difference.
 */
export async function crashSuite(
  count: number,
  seed: number,
  cutStep: number,
): Promise<CrashResult> {
  const root = fs.mkdtempSync(join(os.tmpdir(), "callnumber-crash-"));
  const captures = join(root, "captures");
  const random = seededRandom(seed);
  const world = new World(seededRandom(seed + 1));
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
    // The first takes the filer along, after a few exchanges: what it leaves is the spool of one
    // run, small enough to be filed anew for each byte at which it is cut.
    if (kills === 0) await until(() => world.finished >= FIRST_COUNT);
    else await new Promise((done) => setTimeout(done, 20 + random() ** 2 * 900));
    const gone = kill(running, kills === 0 ? 0 : random());
    world.aim("");
    await gone;
    if (kills === 0) fs.cpSync(join(root, "state"), join(root, "first"), { recursive: true });
  }
  const last = await start(config, log);
  world.aim(last.url);
  await new Promise((done) => setTimeout(done, 300));
  world.stop();
  await clients;
  await shutDown(last, log);
  // A shutdown waits for the filer only so long; what is left the next start files.
  const spool = join(root, "state", "spool");
  for (let i = 0; i < SHUTDOWNS && listSegments(spool).length > 1; i++) {
    await shutDown(await start(config, log), log);
  }
  world.close();
  const outcomes = checkTree(captures, world.known);
  const cuts = await cutEverywhere(root, config, cutStep);
  fs.rmSync(root, { recursive: true });
  const all = [...world.known.values()];
  const finished = all.filter((x) => x.finished).length;
  const arrived = all.filter((x) => x.arrived).length;
  return {
    kills: count,
    requests: all.length,
    finished,
    arrived,
    cuts,
    outcomes,
    seed,
    restartMsMax,
  };
}

if (import.meta.main) {
  const count = Number(process.env.CRASH_COUNT ?? 200);
  const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1e6);
  console.error(`${count} kills, seed ${seed}`);
  console.log(JSON.stringify(await crashSuite(count, seed, 1)));
}
