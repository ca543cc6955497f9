/**
 * The targets that the project has set itself, compared with what was measured. Pure.
 *
 * What always holds: contenders are compared within a round, minutes apart at most, and the median
 * of the rounds' ratios counts: medians of each contender's own rounds may come from different
 * weather on a machine that does other things too.
 */
import { type Measured, type Row, rowsOf } from "./report.ts";
import { median, shown } from "./statistics.ts";

export interface Target {
  readonly what: string;
  readonly bound: string;
  readonly value: string;
  readonly holds: "yes" | "**no**" | "load too high" | "–";
}

export function targetsOf(measured: Measured): Target[] {
  const rows = (scenario: string, contender: string) => rowsOf(measured, scenario, contender);
  const perRound = (scenario: string, other: string, value: (ours: Row, theirs: Row) => number) => {
    const theirs = rows(scenario, other);
    const ours = rows(scenario, "callnumber");
    return median(ours.flatMap((row, i) => (theirs[i] ? [value(row, theirs[i])] : [])));
  };
  const over = (scenario: string, other: string, value: (row: Row) => number) =>
    perRound(scenario, other, (ours, theirs) => value(ours) / value(theirs));
  const lagOver = (scenario: string) =>
    perRound(scenario, "nginx", (ours, theirs) => ours.lagMs - theirs.lagMs);
  // Without a proxy it takes a small part of the time that is compared.
  const direct = median(rows(ONE, "direct").map(({ p50Ms }) => p50Ms));
  const plain = measured.scenarios.filter(({ shape }) => shape === "plain");
  const overMitmdump = plain.map(({ name }) => {
    const ours = over(name, "mitmdump", RATE);
    // What records nothing and is written in C shows what the machine gives at all.
    const nginx = median(
      rows(name, "nginx").flatMap((row, i) => {
        const theirs = rows(name, "mitmdump")[i];
        return theirs ? [row.perSecond / theirs.perSecond] : [];
      }),
    );
    return least(`throughput, ${name}`, 8, ours, "× mitmdump's", ` (nginx ${shown(nginx)} ×)`);
  });
  const { starts, backlog } = measured;
  const times = "× the tee's";
  const megabytes = (when: "loaded" | "filed") =>
    (backlog?.residentMiB[when] ?? Number.NaN) * 1.048576;
  const all: Target[] = [
    most(
      "added p50, 1 at a time",
      1.3,
      over(ONE, "undici tee", (r) => r.p50Ms - direct),
      times,
    ),
    least("throughput, 64 at once", 0.7, over(SIXTY_FOUR, "undici tee", RATE), times),
    most("CPU a request, 64 at once", 1 / 0.7, over(SIXTY_FOUR, "undici tee", CPU), times),
    least("throughput, 400 KB", 0.7, over(LARGE, "undici tee", RATE), times),
    most("CPU a request, 400 KB", 1 / 0.7, over(LARGE, "undici tee", CPU), times),
    most("event lag p50 over nginx's, paced", 0.15, lagOver("SSE paced"), "ms"),
    most("event lag p50 over nginx's, burst", 0.15, lagOver("SSE burst"), "ms"),
    ...overMitmdump,
    most("spawn to listening, later starts", 300, starts ? median(starts.laterMs) : NaN, "ms"),
    most("spawn to listening, first start", 300, starts?.firstMs ?? Number.NaN, "ms"),
    most("proxy and filer, resident after 100,000 requests", 250, megabytes("loaded"), "MB"),
    most("proxy and filer, resident once all is filed", 250, megabytes("filed"), "MB"),
  ];
  if (Math.max(...measured.load) <= LOAD_MAX) return all;
  // Others took the cores away at random: wall times prove nothing then, in either direction.
  return all.map((one) => (STEADY.test(one.what) ? one : { ...one, holds: "load too high" }));
}

/** One-minute load average up to which wall times are taken for what they are. */
const LOAD_MAX = 3;
/** Targets about what does not depend on who else runs. */
const STEADY = /CPU|resident/;

const ONE = "small, 1 at a time";
const SIXTY_FOUR = "small, 64 at once";
const LARGE = "400 KB, 4 at once";
const RATE = (row: Row) => row.perSecond;
/** Of the daemon: proxy and filer together. */
const CPU = (row: Row) => row.cpuUs;

const verdict = (holds: boolean) => (holds ? "yes" : "**no**");

function most(what: string, bound: number, value: number, unit: string): Target {
  return target(what, `≤ ${shown(bound)} ${unit}`, value, unit, value <= bound);
}

function least(what: string, bound: number, value: number, unit: string, more = ""): Target {
  return target(what, `≥ ${shown(bound)} ${unit}`, value, unit + more, value >= bound);
}

function target(what: string, bound: string, value: number, unit: string, holds: boolean): Target {
  const known = Number.isFinite(value);
  return {
    what,
    bound,
    value: known ? `${shown(value)} ${unit}` : "–",
    holds: known ? verdict(holds) : "–",
  };
}
