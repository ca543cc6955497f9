/**
 * Turns samples into the text of docs/benchmarks.md: medians over the rounds, ratios within the
 * run, and each target with whether it holds. Pure, but for the description of the machine.
 */
import { cpus, release, totalmem } from "node:os";
import type { BacklogResult } from "./measure-backlog.ts";
import type { Starts } from "./measure-starts.ts";
import { BURST_EVENTS, PACED_EVENTS, PACED_GAP_MS, type Scenario } from "./scenarios.ts";
import { median, quantile, shown } from "./statistics.ts";
import { targetsOf } from "./targets.ts";

export interface Sample {
  readonly contender: string;
  readonly scenario: string;
  readonly requests: number;
  readonly seconds: number;
  readonly latencies: readonly number[];
  readonly firstEvents: readonly number[];
  readonly eventLags: readonly number[];
  /** With those of the warm-up before. */
  readonly sent: number;
  /** Of the contender with its children, while the load ran. */
  readonly cpuMs: number;
  /** Of its first process alone (the daemon without the filer). */
  readonly proxyCpuMs: number;
  /** Bytes of captures that this sample has added. */
  readonly captured: number;
}

export interface Measured {
  readonly contenders: readonly { readonly name: string; readonly version: string }[];
  readonly scenarios: readonly Scenario[];
  readonly samples: readonly Sample[];
  readonly rounds: number;
  readonly seconds: number;
  /** One-minute load averages before and after. */
  readonly load: readonly [before: number, after: number];
  readonly resident: readonly { name: string; now: number; peak: number }[];
  readonly capture: { readonly sent: number; readonly filed: number } | null;
  readonly starts: Starts | null;
  readonly backlog: BacklogResult | null;
}

/** Medians over the rounds of one contender in one scenario. */
export interface Row {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
  readonly proxyCpuUs: number;
  readonly firstEventMs: number;
  readonly lagMs: number;
  readonly lag99Ms: number;
  readonly capturedBytes: number;
}

export function rowOf(measured: Measured, scenario: string, contender: string): Row | null {
  const rounds = roundsOf(measured, scenario, contender);
  return rounds.length === 0 ? null : rowFrom(rounds);
}

/** One row per round, in the order of the rounds: what is compared within a round. */
export function rowsOf(measured: Measured, scenario: string, contender: string): Row[] {
  return roundsOf(measured, scenario, contender).map((sample) => rowFrom([sample]));
}

function roundsOf(measured: Measured, scenario: string, contender: string): Sample[] {
  return measured.samples.filter(
    (sample) => sample.scenario === scenario && sample.contender === contender,
  );
}

function rowFrom(rounds: readonly Sample[]): Row {
  const over = (value: (sample: Sample) => number) => median(rounds.map(value));
  return {
    perSecond: over(({ requests, seconds }) => requests / seconds),
    p50Ms: over(({ latencies }) => quantile(latencies, 0.5)),
    p99Ms: over(({ latencies }) => quantile(latencies, 0.99)),
    cpuUs: over(({ cpuMs, requests }) => (1000 * cpuMs) / requests),
    proxyCpuUs: over(({ proxyCpuMs, requests }) => (1000 * proxyCpuMs) / requests),
    firstEventMs: over(({ firstEvents }) => quantile(firstEvents, 0.5)),
    lagMs: over(({ eventLags }) => quantile(eventLags, 0.5)),
    lag99Ms: over(({ eventLags }) => quantile(eventLags, 0.99)),
    capturedBytes: over(({ captured, sent }) => captured / sent),
  };
}

/** `notes`: what a person has to say about the numbers; kept from run to run. */
export function report(measured: Measured, notes: string): string {
  return [
    HEAD,
    machine(measured),
    targets(measured),
    ...measured.scenarios.map((scenario) => table(measured, scenario)),
    rest(measured),
    `${NOTES_MARK}\n${notes.trim()}\n`,
  ].join("\n");
}

export const NOTES_MARK = "## What the profiles say\n";

const HEAD = `# Benchmarks

Written by \`npm run bench\` (\`test/bench/run.ts\`), but for the last section. The daemon with capture on against a plain
undici tee (\`test/bench/tee.ts\`: node:http in, undici dispatch out, records nothing), nginx (records nothing) and
mitmdump (passes bodies on as they come and writes each exchange as a JSON line). A rate is of finished requests in a
closed loop; \`direct\` is the load generator at the upstream without anything between.
`;

function machine({ contenders, rounds, seconds, load }: Measured): string {
  const cores = cpus();
  const versions = contenders.flatMap(({ version }) => (version === "" ? [] : [version]));
  return `## The machine and the method

- ${new Date().toISOString().slice(0, 10)}, ${cores.length} cores of ${cores[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, ${versions.join(", ")}.
- Proxies (the daemon together with its filer) are pinned to core 0, load generator and upstream to core 1 (\`taskset\`).
- ${rounds} rounds; in each all contenders take turns, in changing order, ${seconds} s each or a set number of requests. Each was
  warmed up by 10,000 requests (mitmdump: 500). Before the next turn the filer has filed all there was. Medians of rounds.
- Load average of the machine before ${load[0].toFixed(1)}, after ${load[1].toFixed(1)}. One that runs nothing but this shows about 2: above that,
  others took part of both cores, wall times are too long for everybody, and CPU time is the better guide.
`;
}

function targets(measured: Measured): string {
  const lines = targetsOf(measured).map(
    ({ what, bound, value, holds }) => `| ${what} | ${bound} | ${value} | ${holds} |`,
  );
  return `## Targets\n\n| target | bound | measured | holds |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`;
}

function table(measured: Measured, scenario: Scenario): string {
  const streams = scenario.shape !== "plain";
  const tee = rowOf(measured, scenario.name, "undici tee");
  const direct = rowOf(measured, scenario.name, "direct");
  const columns = streams
    ? ["first event ms", "event lag p50 ms", "p99 ms", "CPU ms a stream"]
    : [
        "requests/s",
        "of the tee's",
        "p50 ms",
        "added p50 ms",
        "p99 ms",
        "CPU µs",
        "proxy alone µs",
      ];
  const lines = measured.contenders.flatMap(({ name }) => {
    const row = rowOf(measured, scenario.name, name);
    if (row === null) return [];
    const cpu = name === "direct" ? Number.NaN : row.cpuUs;
    const proxy = name === "direct" ? Number.NaN : row.proxyCpuUs;
    const added = name === "direct" ? Number.NaN : row.p50Ms - (direct?.p50Ms ?? Number.NaN);
    const cells = streams
      ? [row.firstEventMs, row.lagMs, row.lag99Ms, cpu / 1000]
      : [
          row.perSecond,
          row.perSecond / (tee?.perSecond ?? Number.NaN),
          row.p50Ms,
          added,
          row.p99Ms,
          cpu,
          // Where the work is done by children, the first process says nothing.
          name === "nginx" ? cpu : proxy,
        ];
    return [`| ${[name, ...cells.map(shown)].join(" | ")} |`];
  });
  const head = ["", ...columns].join(" | ");
  const rule = ["", ...columns].map(() => "---").join(" | ");
  return `## ${scenario.name}\n\n${about(scenario)}\n\n|${head} |\n| ${rule} |\n${lines.join("\n")}\n`;
}

function about({ shape, concurrency, requestBytes, requests }: Scenario): string {
  const size = requestBytes < 1000 ? `${requestBytes} bytes` : `${requestBytes / 1000} KB`;
  const asked = `Requests of about ${size}, ${concurrency} at once`;
  if (shape === "burst") return `${asked}, answered by ${BURST_EVENTS} events without a pause.`;
  if (shape === "paced") {
    return `${asked}, answered by ${PACED_EVENTS} events, one every ${PACED_GAP_MS} ms.`;
  }
  const count = requests === null ? "" : `, ${requests} of them (mitmdump: a tenth)`;
  return `${asked}${count}, answered by 1 KB of JSON.`;
}

function rest(measured: Measured): string {
  const { scenarios, resident, capture, starts, backlog } = measured;
  const lines = ["## Memory, starts, disk, backlog\n"];
  for (const { name, now, peak } of resident) {
    lines.push(`- ${name}: ${shown(now)} MiB resident after all rounds, peak ${shown(peak)} MiB.`);
  }
  for (const { name } of scenarios) {
    const ours = rowOf(measured, name, "callnumber");
    const mitm = rowOf(measured, name, "mitmdump");
    if (ours === null) continue;
    const other = mitm === null ? "" : `, mitmdump ${mitm.capturedBytes.toFixed(0)}`;
    lines.push(`- ${name}: ${ours.capturedBytes.toFixed(0)} bytes on disk an exchange${other}.`);
  }
  if (capture !== null) {
    lines.push(`- ${capture.sent} requests were sent through the daemon, ${capture.filed} filed.`);
  }
  if (starts !== null) {
    const later = `${shown(median(starts.laterMs))} ms (median of ${starts.laterMs.length})`;
    lines.push(
      `- From spawn to listening, on the proxies' core: ${shown(starts.firstMs)} ms the very first time, ${later} later.`,
    );
  }
  if (backlog !== null) lines.push(...backlogLines(backlog));
  return `${lines.join("\n")}\n`;
}

function backlogLines(b: BacklogResult): string[] {
  const rate = b.waiting / b.filingSeconds;
  return [
    `- ${b.requests} requests at a fresh daemon, 64 at once, took ${shown(b.seconds)} s (${shown(b.requests / b.seconds)}/s).`,
    `- ${b.waiting} of them were not filed by then; that took ${shown(b.filingSeconds)} s more: ${shown(rate)} exchanges/s. In the end ${b.filed} were filed, ${b.lost} lost.`,
    `- Proxy and filer together: ${shown(b.residentMiB.loaded)} MiB resident after the last answer, ${shown(b.residentMiB.filed)} MiB once all was filed; the peaks of both add up to ${shown(b.residentMiB.peak)} MiB.`,
  ];
}
