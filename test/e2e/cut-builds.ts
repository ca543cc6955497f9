/**
 * Builds of the site that are ended at random moments, over and over in one folder while the captures
 * change: by SIGKILL and SIGTERM, by the end of the process that asked, at a certain write, on a full
 * disk, and as `up` builds, after each change. The next build must publish what a build of everything
 * publishes, file by file and byte by byte.
 *
 *   SITE_KILLS=200 SITE_SEED=1 node test/e2e/cut-builds.ts
 */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runBuild } from "../../site/build/session.ts";
import type { Answer, SiteOptions } from "../../site/build.ts";
import { seededRandom } from "../seeded-random.ts";
import { CutCaptures } from "./cut-captures.ts";

const BUILDER = fileURLToPath(new URL("../../site/builder-process.ts", import.meta.url));
const WATCHER = fileURLToPath(new URL("./cut-watch-daemon.ts", import.meta.url));
const PRELOAD = new URL("./cut-at-write.mjs", import.meta.url).href;

export interface CutResult {
  readonly seed: number;
  readonly kills: number;
  /** Of these, how many ended a build that was at work. */
  readonly cut: number;
  readonly files: number;
  readonly ways: Readonly<Record<string, number>>;
}

const WAYS = ["SIGKILL", "SIGTERM", "disconnect", "write", "full disk", "up"] as const;

/** Throws where a build that follows a cut one differs from one of everything. */
export async function cutBuilds(
  kills: number,
  seed: number,
  { exchanges = 240, days = 3, tell = (_: string): void => {} } = {},
): Promise<CutResult> {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-cut-"));
  try {
    using world = new CutCaptures({ folder, seed, exchanges, days });
    const options: SiteOptions = {
      captures: world.captures,
      out: join(folder, "out"),
      state: join(folder, "state"),
      title: "Cut",
      languages: ["en"],
      timezone: "UTC",
    };
    const random = seededRandom(seed + 1);
    await build(options);
    const ways: Record<string, number> = {};
    let cut = 0;
    let files = 0;
    for (let n = 0; n < kills; n += 1) {
      const way = WAYS[Math.floor(random() * WAYS.length)]!;
      ways[way] = (ways[way] ?? 0) + 1;
      const log = [`seed ${seed}, kill ${n}: ${way}`];
      for (let i = Math.floor(random() * 3); i >= 0; i -= 1) log.push(world.change());
      if (await cutOne(way, options, world, random, log)) cut += 1;
      for (let i = Math.floor(random() * 2.5); i > 0; i -= 1) log.push(world.change());
      tell(log.join("; "));
      await build(options);
      const fresh = { ...options, out: join(folder, "fresh") };
      rmSync(fresh.out, { recursive: true, force: true });
      await build({ ...fresh, all: true });
      files += compare(options.out, fresh.out, log);
    }
    return { seed, kills, cut, files, ways };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build(options: SiteOptions): Promise<void> {
  await runBuild(options, () => {});
}

/** True where a build was at work when it was ended. */
async function cutOne(
  way: (typeof WAYS)[number],
  options: SiteOptions,
  world: CutCaptures,
  random: () => number,
  log: string[],
): Promise<boolean> {
  const env = { ...process.env };
  const execArgv: string[] = [];
  if (way === "write" || way === "full disk") {
    env.CUT_AT = String(Math.ceil(random() ** 2 * 160));
    env.CUT_BY = way === "write" ? "SIGKILL" : "ENOSPC";
    log.push(`write ${env.CUT_AT}`);
    execArgv.push("--import", PRELOAD);
  }
  const stdio = ["ignore", "ignore", "ignore", "ipc"] as ["ignore", "ignore", "ignore", "ipc"];
  if (way === "up") {
    const child = fork(WATCHER, [JSON.stringify(options)], { env, stdio });
    await until(child, (message) => message === "ready");
    for (let i = 0; i < 3; i += 1) {
      log.push(world.change());
      await sleep(random() * 500);
    }
    child.kill(random() < 0.5 ? "SIGKILL" : "SIGTERM");
    await once(child, "exit");
    // The builder notices that nobody waits for it.
    return true;
  }
  const child = fork(BUILDER, { env, stdio, execArgv });
  const ended = once(child, "exit");
  let isDone = false;
  child.on("message", (answer: Answer) => {
    isDone ||= answer.kind === "done" || answer.kind === "failed";
    if (isDone) child.kill();
  });
  child.send({ kind: "build", options });
  if (execArgv.length === 0) {
    // The first word comes when days are read.
    await Promise.race([until(child, () => true), ended]);
    await Promise.race([sleep(random() * 400), ended]);
    if (way !== "disconnect") child.kill(way as NodeJS.Signals);
    else if (child.connected) child.disconnect();
  }
  await ended;
  return !isDone;
}

function until(child: ChildProcess, is: (message: unknown) => boolean): Promise<void> {
  return new Promise((resolve) => {
    child.on("message", (message) => {
      if (is(message)) resolve();
    });
    child.once("exit", () => resolve());
  });
}

/** How many files there are; throws at the first that differs. */
function compare(a: string, b: string, log: readonly string[]): number {
  const [mine, whole] = [filesOf(a), filesOf(b)];
  assert.deepEqual(mine, whole, log.join("\n"));
  for (const path of whole) {
    const same = readFileSync(join(a, path)).equals(readFileSync(join(b, path)));
    assert.ok(same, `${path} differs: ${log.join("\n")}`);
  }
  return whole.length;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kills = Number(process.env.SITE_KILLS ?? 200);
  const seed = Number(process.env.SITE_SEED ?? Date.now() % 100_000);
  const result = await cutBuilds(kills, seed, { tell: (line) => console.error(line) });
  console.log(JSON.stringify(result));
}
