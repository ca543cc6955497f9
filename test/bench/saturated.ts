/**
 * Does filing slow the byte path? Small requests one at a time: at the upstream itself, through the
 * daemon while its filer has nothing to do, and through it while the filer works off a backlog of
 * large requests. Once with proxy and filer on one core (the other has the upstream and this
 * process), once with both cores free for all.
 *
 *   node test/bench/saturated.ts [--rounds 5]
 *
 * What always holds: the three are measured in turn within each round, and what is printed is of
 * the requests of all rounds together; a round counts as saturated only if the filer had a backlog
 * before and after it, and had filed some of it meanwhile, by what the daemon's health says; exit
 * code 1 where no round was, or where what is added is more than with an idle filer: the median by
 * 1.25 × and 0.1 ms, or the p99 by 2 × (whatever runs on the same core costs about that).
 */
import { parseArgs } from "node:util";
import { health, waitUntilFiled } from "./captured.ts";
import { endProcess, ownFolder, serveCallnumber, startUpstream } from "./contenders.ts";
import { runLoad } from "./load.ts";
import { requestTemplate, SCENARIOS, type Scenario } from "./scenarios.ts";
import { median, quantile, shown } from "./statistics.ts";

const ALLOWED_RATIO = 1.25;
const ALLOWED_MORE_MS = 0.1;
const ALLOWED_RATIO_P99 = 2;
const SMALL_SECONDS = 2;
/** 400 KB each: the filer needs some seconds for them. */
const LARGE_REQUESTS = 1500;
const PAUSE_MS = 5;

const scenario = (name: RegExp) => SCENARIOS.find((x) => name.test(x.name)) as Scenario;
let number = 1;

/** Small requests with pauses between them, so that what is seen is delay and not throughput. */
async function small(port: number, base: string): Promise<number[]> {
  const template = requestTemplate(scenario(/1 at a time/), `127.0.0.1:${port}`, base);
  const latencies: number[] = [];
  const until = performance.now() + SMALL_SECONDS * 1000;
  while (performance.now() < until) {
    const load = { port, template, concurrency: 1, requests: 4, seconds: 0, firstNumber: number };
    const { latencies: some } = await runLoad(load);
    number += 4;
    // The first pays for its connection.
    latencies.push(...some.slice(1));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return latencies;
}

async function pileUp(port: number): Promise<void> {
  const template = requestTemplate(scenario(/400 KB/), `127.0.0.1:${port}`, "/bench");
  const load = { port, template, concurrency: 4, requests: LARGE_REQUESTS, seconds: 0 };
  await runLoad({ ...load, firstNumber: number });
  number += LARGE_REQUESTS;
}

interface Round {
  /** Latencies in ms. */
  readonly direct: readonly number[];
  readonly idle: readonly number[];
  readonly busy: readonly number[];
  readonly filed: number;
  readonly saturated: boolean;
}

async function round(upstream: number, port: number): Promise<Round> {
  const direct = await small(upstream, "");
  const idle = await small(port, "/bench");
  await waitUntilFiled(port);
  await pileUp(port);
  const before = (await health(port)).backlog.exchanges;
  const sent = number;
  const busy = await small(port, "/bench");
  const after = (await health(port)).backlog.exchanges;
  const filed = before + (number - sent) - after;
  await waitUntilFiled(port);
  return { direct, idle, busy, filed, saturated: before > 0 && after > 0 && filed > 0 };
}

async function measure(name: string, cores: string, rounds: number): Promise<boolean> {
  const upstream = await startUpstream(1);
  const folder = ownFolder();
  const { child, port } = await serveCallnumber(folder, upstream.port, cores);
  child.stdout?.resume();
  child.stderr?.resume();
  try {
    // Compiled once and for all.
    await small(port, "/bench");
    const all: Round[] = [];
    for (let i = 0; i < rounds; i += 1) all.push(await round(upstream.port, port));
    return report(name, all);
  } finally {
    await endProcess(child);
    await endProcess(upstream.child);
  }
}

function report(name: string, all: readonly Round[]): boolean {
  const kept = all.filter(({ saturated }) => saturated);
  console.log(`\n${name}: ${kept.length} of ${all.length} rounds with a busy filer`);
  if (kept.length === 0) return false;
  // One in a hundred is too few of a single round to say anything.
  const of = (which: "direct" | "idle" | "busy", at: "p50" | "p99") =>
    quantile(
      kept.flatMap((x) => x[which]),
      at === "p50" ? 0.5 : 0.99,
    );
  const added = (which: "idle" | "busy", at: "p50" | "p99") => of(which, at) - of("direct", at);
  for (const at of ["p50", "p99"] as const) {
    console.log(
      `  ${at}: direct ${shown(of("direct", at))} ms, added with an idle filer ` +
        `${shown(added("idle", at))} ms, with a busy one ${shown(added("busy", at))} ms ` +
        `(${shown(added("busy", at) / added("idle", at))} ×)`,
    );
  }
  console.log(`  filed meanwhile: ${median(kept.map(({ filed }) => filed))} exchanges a round`);
  const more = added("busy", "p50") - added("idle", "p50");
  return (
    (more < ALLOWED_MORE_MS || added("busy", "p50") < ALLOWED_RATIO * added("idle", "p50")) &&
    added("busy", "p99") < ALLOWED_RATIO_P99 * added("idle", "p99")
  );
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const good = [
  await measure("proxy and filer on one core", "0", rounds),
  await measure("no core kept for anyone", "0,1", rounds),
];
process.exitCode = good.every(Boolean) ? 0 : 1;
