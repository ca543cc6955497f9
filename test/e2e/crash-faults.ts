/**
 * Kills of daemon, filer or both at random moments, while the disk refuses the filer at random, all
 * on one state directory and one tree, under load from real sockets. What clients and upstream saw
 * decides (crash-check.ts): nothing is lost, nothing twice, nothing set aside, and when a fault ends
 * filing goes on by itself, without a call that wakes it.
 *
 *   CRASH_COUNT=200 CRASH_SEED=1 node test/e2e/crash-faults.ts
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../seeded-random.ts";
import { checkTree } from "./crash-check.ts";
import { World } from "./crash-oracle.ts";

const PROGRAM = fileURLToPath(new URL("./crash-daemon.ts", import.meta.url));
const PRELOAD = new URL("./inject-faults.mjs", import.meta.url).href;
const CLIENTS = 8;
/** After the end of a fault something is filed within this, on a machine with a core to spare. */
const GOES_ON_MS = 5_000;
/** What STEADY_WORK takes there. */
const STEADY_MS = 60;
const STEADY_WORK = "require('os').setPriority(0, 10); for (let i = 0; i < 5e7; i++);";
/** Until all is filed, with time for a slow machine. */
const FILED_MS = 60_000;
const CODES = ["EIO", "ENOSPC", "EMFILE", "ENOMEM"];
const CALLS = ["fdatasyncSync", "writeSync", "openSync", "readSync", "fsyncSync", "renameSync"];
const MORE_CALLS = ["fstatSync", "lstatSync", "mkdirSync", "readFileSync", "readdirSync", "rmSync"];

export interface FaultsResult {
  readonly kills: Readonly<Record<"daemon" | "filer" | "both", number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly finished: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /**
   * How often it was looked whether filing goes on, and the longest time that it took, divided by
   * how much slower the machine was where that was above the limit.
   */
  readonly recoveries: number;
  readonly goesOnMsMax: number;
  readonly seed: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

class Faults {
  readonly #file: string;
  readonly #random: () => number;
  readonly counts: Record<string, number> = {};

  constructor(file: string, random: () => number) {
    this.#file = file;
    this.#random = random;
  }

  begin(): void {
    const code = this.#pick(CODES);
    const all = this.#random() < 0.5 ? CALLS : [...CALLS, ...MORE_CALLS];
    const calls = this.#random() < 0.5 ? all : [this.#pick(all)];
    const share = this.#random() < 0.3 ? 1 : this.#random() * 0.3;
    const start = this.#random() < 0.2;
    this.counts[code] = (this.counts[code] ?? 0) + 1;
    fs.writeFileSync(`${this.#file}.draft`, JSON.stringify({ code, calls, share, start }));
    fs.renameSync(`${this.#file}.draft`, this.#file);
  }

  end(): void {
    fs.rmSync(this.#file, { force: true });
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)] as T;
  }
}

async function start(config: string, faults: string, log: string[]): Promise<Running> {
  const env = { ...process.env, NODE_OPTIONS: `--import=${PRELOAD}`, CRASH_FAULTS: faults };
  const child = spawn(process.execPath, [PROGRAM, config], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  createInterface({ input: child.stderr! }).on("line", (line) => {
    log.push(`${Math.round(performance.now())} ${line}`);
  });
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, "exit").then(() => {
    throw new Error(`the daemon does not start:\n${log.slice(-20).join("\n")}`);
  });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  return { child, ...JSON.parse(line) };
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Its filer, at the moment: it is a new one after each death. */
function filerOf({ child }: Running): number[] {
  try {
    const text = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killFiler(running: Running): void {
  for (const pid of filerOf(running)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just died by itself.
    }
  }
}

async function backlog({ url }: Running): Promise<number> {
  const health = await (await fetch(`${url}/-/health`)).json();
  return (health as { backlog: { exchanges: number } }).backlog.exchanges;
}

/** How much longer a process like the filer takes now than on a machine with a core to spare. */
function slowness(): number {
  const began = performance.now();
  spawnSync(process.execPath, ["-e", STEADY_WORK]);
  return Math.max(1, (performance.now() - began) / STEADY_MS);
}

/** Without a new call: how long it takes from now until something that waits is filed. */
async function goesOn(running: Running, log: readonly string[]): Promise<number> {
  const began = performance.now();
  const before = await backlog(running);
  let slow = 1;
  let goesOnMs: number | null = before === 0 ? 0 : null;
  for (;;) {
    const left = await backlog(running);
    const ms = performance.now() - began;
    if (left < before) goesOnMs ??= ms;
    if (left === 0) return (goesOnMs ?? ms) / slow;
    const tail = log.slice(-20).join("\n");
    if (goesOnMs === null && ms > GOES_ON_MS) {
      slow = Math.max(slow, slowness());
      const said = `${Math.round(performance.now())}: nothing is filed for ${ms} ms, the machine is ${slow} times slower:\n${tail}`;
      assert.ok(ms < GOES_ON_MS * slow, said);
    }
    assert.ok(ms < FILED_MS, `${left} calls are still not filed:\n${tail}`);
    await pause(20);
  }
}

async function shutDown({ child }: Running, log: readonly string[]): Promise<void> {
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0, `the last shutdown ends well:\n${log.slice(-20).join("\n")}`);
}

/** Runs `count` kills and checks the tree. Throws with the first difference. */
export async function crashWithFaults(count: number, seed: number): Promise<FaultsResult> {
  const root = fs.mkdtempSync(join(os.tmpdir(), "callnumber-faults-"));
  const random = seededRandom(seed);
  const world = new World(seededRandom(seed + 1));
  const config = join(root, "callnumber.yaml");
  const upstream = await world.listen();
  const folders = "listen: 127.0.0.1:0\ncaptures: ./captures\nstate: ./state\n";
  fs.writeFileSync(config, `${folders}upstreams:\n  oracle: ${upstream}\n`);
  const file = join(root, "faults.json");
  const faults = new Faults(file, random);
  const log: string[] = [];
  const kills = { daemon: 0, filer: 0, both: 0 };
  let recoveries = 0;
  let goesOnMsMax = 0;
  const clients = world.run(CLIENTS);
  let running = await start(config, file, log);
  for (let n = 0; n < count; n++) {
    world.aim(running.url);
    if (random() < 0.6) faults.begin();
    await pause(20 + random() ** 2 * 900);
    const who = random();
    if (who < 0.5) {
      kills.filer++;
      killFiler(running);
      // Sometimes again, while it is being started.
      if (random() < 0.3) await pause(random() * 300).then(() => killFiler(running));
    } else {
      const gone = once(running.child, "exit");
      kills[who < 0.75 ? "daemon" : "both"]++;
      if (who >= 0.75) killFiler(running);
      running.child.kill("SIGKILL");
      world.aim("");
      await gone;
      running = await start(config, file, log);
    }
    if (random() < 0.4) faults.end();
    if (random() > 0.2) continue;
    // Nobody calls any more, so nothing but the filer itself can make it go on.
    world.aim("");
    await world.quiet();
    await pause(200);
    faults.end();
    goesOnMsMax = Math.max(goesOnMsMax, await goesOn(running, log));
    recoveries++;
  }
  world.stop();
  await clients;
  faults.end();
  goesOnMsMax = Math.max(goesOnMsMax, await goesOn(running, log));
  recoveries++;
  await shutDown(running, log);
  world.close();
  for (const folder of ["poison", "quarantine", "retry"]) {
    const path = join(root, "state", folder);
    const names = fs.existsSync(path) ? fs.readdirSync(path) : [];
    assert.deepEqual(
      names,
      [],
      `set aside:\n${log.filter((l) => /aside|kept in/.test(l)).join("\n")}`,
    );
  }
  const outcomes = checkTree(join(root, "captures"), world.known);
  fs.rmSync(root, { recursive: true });
  const all = [...world.known.values()];
  const finished = all.filter((x) => x.finished).length;
  const requests = all.length;
  return {
    kills,
    faults: faults.counts,
    requests,
    finished,
    outcomes,
    recoveries,
    goesOnMsMax,
    seed,
  };
}

if (import.meta.main) {
  const count = Number(process.env.CRASH_COUNT ?? 200);
  const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1e6);
  console.error(`${count} kills with faults, seed ${seed}`);
  console.log(JSON.stringify(await crashWithFaults(count, seed)));
}
