/** The targets that the project has set itself, compared with what was measured. Pure. */
import { type Measured, type Row, rowOf } from "./report.ts";
import { median, shown } from "./statistics.ts";

export interface Target {
  readonly what: string;
  readonly bound: string;
  readonly value: string;
  /** null where it was not measured. */
  readonly holds: boolean | null;
}

export function targetsOf(measured: Measured): Target[] {
  const row = (scenario: string, contender: string) => rowOf(measured, scenario, contender);
  const added = (contender: string) => {
    const [with_, without] = [row(ONE, contender), row(ONE, "direct")];
    return with_ && without ? with_.p50Ms - without.p50Ms : Number.NaN;
  };
  const over = (scenario: string, other: string, value: (row: Row) => number) => {
    const [ours, theirs] = [row(scenario, "callnumber"), row(scenario, other)];
    return ours && theirs ? value(ours) / value(theirs) : Number.NaN;
  };
  const lagOver = (scenario: string) => {
    const [ours, nginx] = [row(scenario, "callnumber"), row(scenario, "nginx")];
    return ours && nginx ? ours.lagMs - nginx.lagMs : Number.NaN;
  };
  const plain = measured.scenarios.filter(({ shape }) => shape === "plain");
  const overMitmdump = plain.map(({ name }) => over(name, "mitmdump", (r) => r.perSecond));
  const { starts, backlog } = measured;
  const times = "× the tee's";
  return [
    most("added p50, 1 at a time", 1.3, added("callnumber") / added("undici tee"), times),
    least(
      "throughput, 64 at once",
      0.7,
      over(SIXTY_FOUR, "undici tee", (r) => r.perSecond),
      times,
    ),
    most("CPU a request, 64 at once", 1 / 0.7, over(SIXTY_FOUR, "undici tee", CPU), times),
    least(
      "throughput, 400 KB",
      0.7,
      over(LARGE, "undici tee", (r) => r.perSecond),
      times,
    ),
    most("CPU a request, 400 KB", 1 / 0.7, over(LARGE, "undici tee", CPU), times),
    most("event lag p50 over nginx's, paced", 0.15, lagOver("SSE paced"), "ms"),
    most("event lag p50 over nginx's, burst", 0.15, lagOver("SSE burst"), "ms"),
    least("throughput, worst case", 8, Math.min(...overMitmdump), "× mitmdump's"),
    most("spawn to listening, later starts", 300, starts ? median(starts.laterMs) : NaN, "ms"),
    most("spawn to listening, first start", 300, starts?.firstMs ?? Number.NaN, "ms"),
    most("proxy and filer, peak resident", 250, backlog?.residentMiB.peak ?? Number.NaN, "MB"),
  ];
}

const ONE = "small, 1 at a time";
const SIXTY_FOUR = "small, 64 at once";
const LARGE = "400 KB, 4 at once";
/** Of the daemon: proxy and filer together. */
const CPU = (row: Row) => row.cpuUs;

function most(what: string, bound: number, value: number, unit: string): Target {
  return target(what, `≤ ${shown(bound)} ${unit}`, value, unit, value <= bound);
}

function least(what: string, bound: number, value: number, unit: string): Target {
  return target(what, `≥ ${shown(bound)} ${unit}`, value, unit, value >= bound);
}

function target(what: string, bound: string, value: number, unit: string, holds: boolean): Target {
  const known = Number.isFinite(value);
  return {
    what,
    bound,
    value: known ? `${shown(value)} ${unit}` : "–",
    holds: known ? holds : null,
  };
}
