/**
 * This version beside another in one run: for each scenario the median over the rounds of what this
 * one took, divided by what the other took in the same round. Pure.
 */
import { type Measured, type Row, rowsOf } from "./report.ts";
import { median } from "./statistics.ts";

const FIGURES: readonly [name: string, of: (row: Row) => number][] = [
  ["requests/s", (row) => row.perSecond],
  ["p50", (row) => row.p50Ms],
  ["p99", (row) => row.p99Ms],
  ["CPU", (row) => row.cpuUs],
  ["proxy's CPU", (row) => row.proxyCpuUs],
  ["first event", (row) => row.firstEventMs],
  ["event lag p50", (row) => row.lagMs],
  ["event lag p99", (row) => row.lag99Ms],
  ["bytes on disk", (row) => row.capturedBytes],
];

/** A Markdown table of ratios, `callnumber` over `before`; a dash where a figure does not apply. */
export function comparison(measured: Measured): string {
  const lines = measured.scenarios.map(({ name }) => {
    const ours = rowsOf(measured, name, "callnumber");
    const before = rowsOf(measured, name, "before");
    const cells = FIGURES.map(([, of]) => {
      const ratios = ours.flatMap((row, i) => (before[i] ? [of(row) / of(before[i])] : []));
      const ratio = median(ratios.filter(Number.isFinite));
      return Number.isFinite(ratio) ? ratio.toFixed(2) : "–";
    });
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  const names = FIGURES.map(([name]) => name);
  const rule = ["", ...names].map(() => "---").join(" | ");
  const load = measured.load.map((one) => one.toFixed(1)).join(", after ");
  return [
    `This version over the other, medians of ${measured.rounds} rounds; load before ${load}.\n`,
    `| | ${names.join(" | ")} |`,
    `| ${rule} |`,
    ...lines,
    "",
  ].join("\n");
}
