/**
 * `npm run bench`: measures the daemon, capture on, side by side with a plain undici tee, nginx and
 * mitmdump, and writes docs/benchmarks.md.
 *
 *   node test/bench/run.ts [--rounds 5] [--seconds 3] [--only NAME,…] [--scenario TEXT] [--dry]
 *                          [--against CHECKOUT]
 *
 * `--against` measures this version and that of another checkout (packages installed) in turns and
 * prints the ratios instead of the page.
 *
 * Invariants: proxies (the daemon with its filer) share core 0, load generator and upstream
 * core 1; the contenders take turns within each round, so that whatever else the machine does
 * meets all of them; before the next one's turn the daemon's filer has filed all there was. What
 * was sent and what was filed must agree in number, else the run fails.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { comparison } from "./against.ts";
import { capturedBytes, captureUse, waitUntilFiled } from "./captured.ts";
import {
  type Contender,
  endProcess,
  startCallnumber,
  startMitmdump,
  startNginx,
  startTee,
  startUpstream,
} from "./contenders.ts";
import { runLoad } from "./load.ts";
import { measureBacklog } from "./measure-backlog.ts";
import { measureStarts } from "./measure-starts.ts";
import { cpuMs, residentMiB, withChildren } from "./process-cost.ts";
import { type Measured, NOTES_MARK, report, type Sample } from "./report.ts";
import { requestTemplate, SCENARIOS, type Scenario } from "./scenarios.ts";

const PAGE = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));
const PROXY_CORE = 0;
const LOAD_CORE = 1;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    requests: { type: "string", default: "100000" },
    only: { type: "string" },
    scenario: { type: "string", default: "" },
    dry: { type: "boolean", default: false },
    against: { type: "string" },
  },
});

const say = (text: string) => process.stderr.write(`${text}\n`);
let nextNumber = 1;
/** Sent to each daemon while warming up. */
const WARM_UP = 10_000;

async function main(): Promise<void> {
  spawnSync("taskset", ["-a", "-cp", String(LOAD_CORE), String(process.pid)]);
  const upstream = await startUpstream(LOAD_CORE);
  const contenders = await startAll(upstream.port);
  const samples: Sample[] = [];
  const loadBefore = loadavg()[0] as number;
  try {
    const rounds = Number(options.rounds);
    const scenarios = SCENARIOS.filter(({ name }) => name.includes(options.scenario));
    for (const contender of contenders) await warmUp(contender);
    for (let round = 0; round < rounds; round += 1) {
      for (const scenario of scenarios) {
        for (const contender of turnsOf(contenders, round)) {
          samples.push(await measure(contender, scenario));
          say(line(samples.at(-1) as Sample));
        }
      }
    }
    const whole = chosen() === null && options.scenario === "";
    const [use] = contenders
      .filter(({ daemon }) => daemon)
      .map((one) => captureUse(one, samples, WARM_UP));
    const measured: Measured = {
      contenders,
      scenarios,
      samples,
      rounds,
      seconds: Number(options.seconds),
      load: [loadBefore, loadavg()[0] as number],
      resident: contenders.filter(({ pid }) => pid > 0).map(resident),
      capture: use ?? null,
      starts: whole ? await measureStarts(upstream.port, PROXY_CORE, 7) : null,
      backlog: whole
        ? await measureBacklog(upstream.port, PROXY_CORE, Number(options.requests), say)
        : null,
    };
    const text = options.against ? comparison(measured) : report(measured, notes());
    if (options.dry || !whole) process.stdout.write(text);
    else writeFileSync(PAGE, text);
  } finally {
    for (const contender of contenders) await contender.stop();
    await endProcess(upstream.child);
  }
}

/** Names of the contenders that were asked for; null for all that are installed. */
function chosen(): string[] | null {
  if (options.against !== undefined) return ["callnumber", "before"];
  return options.only?.split(",") ?? null;
}

/** What was written by hand at the end of the page. */
function notes(): string {
  try {
    return readFileSync(PAGE, "utf8").split(NOTES_MARK)[1] ?? "";
  } catch {
    return "";
  }
}

async function startAll(upstream: number): Promise<Contender[]> {
  const starters: Record<string, () => Promise<Contender | null>> = {
    callnumber: () => startCallnumber(upstream, PROXY_CORE),
    before: () => startCallnumber(upstream, PROXY_CORE, options.against),
    tee: () => startTee(upstream, PROXY_CORE),
    nginx: () => startNginx(upstream, PROXY_CORE),
    mitmdump: () => startMitmdump(upstream, PROXY_CORE),
  };
  // No proxy at all: what has to be taken off to know what a proxy adds.
  const direct = { name: "direct", version: "", port: upstream, base: "", pid: 0, folder: "" };
  const all: Contender[] = [{ ...direct, daemon: false, stop: async () => {} }];
  for (const name of chosen() ?? ["callnumber", "tee", "nginx", "mitmdump"]) {
    const started = await starters[name]?.();
    if (started) all.push(started);
    else say(`${name} is not installed: left out`);
  }
  return all;
}

/** The order changes from round to round, so that nobody always comes after the same one. */
function turnsOf(contenders: readonly Contender[], round: number): Contender[] {
  const by = round % contenders.length;
  return [...contenders.slice(by), ...contenders.slice(0, by)];
}

/** Node compiles what is hot only after some thousand calls; a daemon runs for weeks. */
async function warmUp(contender: Contender): Promise<void> {
  const scenario = SCENARIOS.find(({ concurrency }) => concurrency === 16) as Scenario;
  const { port, base } = contender;
  const template = requestTemplate(scenario, `127.0.0.1:${port}`, base);
  const requests = contender.name === "mitmdump" ? 500 : WARM_UP;
  const load = { port, template, concurrency: 16, seconds: 0, firstNumber: nextNumber };
  await runLoad({ ...load, requests });
  nextNumber += requests;
  if (contender.daemon) await waitUntilFiled(port);
}

async function measure(contender: Contender, scenario: Scenario): Promise<Sample> {
  const { port, base, pid } = contender;
  const template = requestTemplate(scenario, `127.0.0.1:${port}`, base);
  const load = { port, template, concurrency: scenario.concurrency };
  const slow = contender.name === "mitmdump" && scenario.requests !== null;
  const requests = slow ? Math.ceil((scenario.requests as number) / 10) : scenario.requests;
  const warm = scenario.requests === null ? null : Math.min(scenario.concurrency * 2, 20);
  const seconds = Number(options.seconds);
  const capturedBefore = capturedBytes(contender);
  const warmed = await runLoad({ ...load, requests: warm, seconds: 0.3, firstNumber: nextNumber });
  nextNumber += warmed.requests;
  const pids = pid === 0 ? [] : withChildren(pid);
  const cpuBefore = pids.map((one) => cpuMs([one]));
  const result = await runLoad({ ...load, requests, seconds, firstNumber: nextNumber });
  const cpu = pids.map((one, i) => cpuMs([one]) - (cpuBefore[i] as number));
  nextNumber += result.requests;
  if (contender.daemon) await waitUntilFiled(port);
  return {
    contender: contender.name,
    scenario: scenario.name,
    ...result,
    sent: warmed.requests + result.requests,
    cpuMs: cpu.reduce((sum, ms) => sum + ms, 0),
    proxyCpuMs: cpu[0] ?? 0,
    captured: capturedBytes(contender) - capturedBefore,
  };
}

function line(sample: Sample): string {
  const sorted = sample.latencies.toSorted((a, b) => a - b);
  const p50 = (sorted[sorted.length >> 1] ?? 0).toFixed(3);
  const rate = (sample.requests / sample.seconds).toFixed(0);
  const cpu = ((1000 * sample.cpuMs) / sample.requests).toFixed(0);
  const own = ((1000 * sample.proxyCpuMs) / sample.requests).toFixed(0);
  const lags = sample.eventLags.toSorted((a, b) => a - b);
  const lag = lags.length > 0 ? `, event lag p50 ${lags[lags.length >> 1]?.toFixed(3)} ms` : "";
  return (
    `${sample.scenario.padEnd(20)} ${sample.contender.padEnd(11)} ${rate.padStart(6)}/s ` +
    `p50 ${p50} ms, CPU ${own} + ${Number(cpu) - Number(own)} us${lag}`
  );
}

function resident({ name, pid }: Contender) {
  const each = withChildren(pid).map(residentMiB);
  return {
    name,
    now: each.reduce((sum, { now }) => sum + now, 0),
    peak: each.reduce((sum, { peak }) => sum + peak, 0),
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
await main();
