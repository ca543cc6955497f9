/**
 * The table of `stats` for people: a line for each row, made to fit the terminal.
 *
 * What always holds: no column is ever left out and no figure cut. Where the lines are too long,
 * counts are first written short (`1.2M`), then each name stands on a line of its own; `--json` has
 * everything exactly. Pure.
 */
import { oneLine } from "./printable.ts";
import type { talliedRow } from "./tally.ts";

export type StatsRow = { key: string } & ReturnType<typeof talliedRow>;

const COUNTS = ["calls", "errors", "in", "cached", "out", "cost"];

/** How wide it is written. */
interface Form {
  readonly heads: readonly string[];
  readonly count: (count: number) => string;
}

const EXACT: Form = { heads: [...COUNTS, "TTFT p50", "time p50", "p95"], count: String };
const SHORT: Form = { heads: [...COUNTS, "TTFT", "p50", "p95"], count: short };
const STARRED = "* some calls have no known price and are not in the sum";

/** @param width columns of the terminal; @param name what the rows are of, for the heading */
export function statsTable(rows: readonly StatsRow[], name: string, width: number): string {
  if (rows.length === 0) return "";
  const lines =
    fitting(inColumns(rows, name, EXACT), width) ??
    fitting(inColumns(rows, name, SHORT), width) ??
    underNames(rows, name, width);
  const starred = rows.some((row) => row.cost_usd !== null && row.unpriced > 0);
  return `${[...lines, ...(starred ? [STARRED] : [])].join("\n")}\n`;
}

const fitting = (lines: string[], width: number): string[] | null =>
  lines.every((line) => line.length <= width) ? lines : null;

/** Each row on one line, its name first. */
function inColumns(rows: readonly StatsRow[], name: string, form: Form): string[] {
  const names = [name, ...rows.map((row) => oneLine(row.key, 48))];
  const longest = Math.max(...names.map((text) => text.length));
  return aligned(rows, form).map((line, i) => `${names[i]!.padEnd(longest)}  ${line}`);
}

/** Each name on a line of its own, and below it its figures. */
function underNames(rows: readonly StatsRow[], name: string, width: number): string[] {
  const names = [name, ...rows.map((row) => oneLine(row.key, width))];
  return aligned(rows, SHORT).flatMap((line, i) => [names[i]!, `  ${line}`]);
}

/** The heading and the figures of each row, every column as wide as its widest. */
function aligned(rows: readonly StatsRow[], { heads, count }: Form): string[] {
  const cells = [heads, ...rows.map((row) => figures(row, count))];
  const widths = heads.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  return cells.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join("  "));
}

function figures(row: StatsRow, count: Form["count"]): string[] {
  return [
    count(row.calls),
    count(row.errors),
    count(row.input_tokens),
    count(row.cache_read_input_tokens),
    count(row.output_tokens),
    row.cost_usd === null ? "—" : `$${row.cost_usd.toFixed(4)}${row.unpriced > 0 ? "*" : ""}`,
    millis(row.first_token_p50_ms),
    millis(row.total_p50_ms),
    millis(row.total_p95_ms),
  ];
}

/** Three digits that count, with a unit: 999, 1.2k, 34k, 5.6M. */
function short(count: number): string {
  const units = ["", "k", "M", "G", "T"];
  let value = count;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}${units[at]}`;
}

const millis = (ms: number | null): string =>
  ms === null ? "—" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
