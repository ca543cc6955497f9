/**
 * Sums over rows that can be added up again: of a day, of a stream, of everything. TTFT is kept as
 * a histogram with fixed logarithmic buckets, because medians cannot be added and counts can.
 *
 * What always holds: `add` is associative and commutative, so days may come in any order; an
 * unknown figure adds nothing and is counted as unknown where that matters (`unpriced`).
 */
import type { Row } from "./rows.ts";

export interface Totals {
  calls: number;
  errors: number;
  input: number;
  cached: number;
  output: number;
  cost: number;
  /** Calls whose tokens are known: without one, sums of tokens and cost say nothing. */
  counted: number;
  /** Of these, calls whose price is not known. */
  unpriced: number;
  /** Milliseconds spent streaming and the tokens that came in them, for tokens per second. */
  stream_ms: number;
  stream_tokens: number;
  /** Log bucket → calls; see `bucketOf`. */
  ttft: Record<string, number>;
  /** Quickest and slowest first token in milliseconds; null where none came. */
  ttft_range: readonly [number, number] | null;
}

export function emptyTotals(): Totals {
  return {
    calls: 0,
    errors: 0,
    input: 0,
    cached: 0,
    output: 0,
    cost: 0,
    counted: 0,
    unpriced: 0,
    stream_ms: 0,
    stream_tokens: 0,
    ttft: {},
    ttft_range: null,
  };
}

/** Adds one row to `totals`. */
export function addRow(totals: Totals, row: Row): void {
  totals.calls += 1;
  if (!row.ok) totals.errors += 1;
  totals.input += row.input ?? 0;
  totals.cached += row.cached ?? 0;
  totals.output += row.output ?? 0;
  totals.cost += row.cost ?? 0;
  if (row.input !== null || row.output !== null) {
    totals.counted += 1;
    if (row.cost === null) totals.unpriced += 1;
  }
  if (row.ttft_ms === null) return;
  const bucket = bucketOf(row.ttft_ms);
  totals.ttft[bucket] = (totals.ttft[bucket] ?? 0) + 1;
  widen(totals, [row.ttft_ms, row.ttft_ms]);
  if (row.output && row.total_ms !== null && row.total_ms > row.ttft_ms) {
    totals.stream_ms += row.total_ms - row.ttft_ms;
    totals.stream_tokens += row.output;
  }
}

/** Adds `more` to `totals`. */
export function add(totals: Totals, more: Totals): void {
  for (const key of NUMBERS) totals[key] += more[key];
  for (const [bucket, n] of Object.entries(more.ttft)) {
    totals.ttft[bucket] = (totals.ttft[bucket] ?? 0) + n;
  }
  if (more.ttft_range !== null) widen(totals, more.ttft_range);
}

function widen(totals: Totals, [quickest, slowest]: readonly [number, number]): void {
  const [from, to] = totals.ttft_range ?? [quickest, slowest];
  totals.ttft_range = [Math.min(from, quickest), Math.max(to, slowest)];
}

/** A sum of tokens; null where the tokens of no call are known. */
export function knownTokens(totals: Totals, figure: "input" | "cached" | "output"): number | null {
  return totals.counted > 0 ? totals[figure] : null;
}

/** The sum of prices; null where the price of no call is known. */
export function knownCost(totals: Totals): number | null {
  return totals.counted > totals.unpriced ? totals.cost : null;
}

/** Median time to first token in milliseconds, within 10 %, of one call exactly; null without one. */
export function ttftMedian(totals: Totals): number | null {
  if (totals.ttft_range === null) return null;
  const [quickest, slowest] = totals.ttft_range;
  const buckets = Object.entries(totals.ttft)
    .map(([bucket, n]) => [Number(bucket), n] as const)
    .sort((a, b) => a[0] - b[0]);
  const all = buckets.reduce((sum, [, n]) => sum + n, 0);
  let seen = 0;
  for (const [bucket, n] of buckets) {
    seen += n;
    if (seen * 2 >= all) {
      return Math.min(slowest, Math.max(quickest, 1.2 ** (bucket + 0.5)));
    }
  }
  return null;
}

/** Output tokens per second while streaming; null where nothing was streamed. */
export function tokensPerSecond(totals: Totals): number | null {
  return totals.stream_ms > 0 ? (1000 * totals.stream_tokens) / totals.stream_ms : null;
}

const NUMBERS = [
  "calls",
  "errors",
  "input",
  "cached",
  "output",
  "cost",
  "counted",
  "unpriced",
  "stream_ms",
  "stream_tokens",
] as const;

function bucketOf(ms: number): string {
  return String(Math.floor(Math.log(Math.max(1, ms)) / Math.log(1.2)));
}
