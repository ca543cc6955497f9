/**
 * Sums over exchanges, for `stats`. What always holds: unknown is not nought: a cost that is not
 * known is counted as unpriced, a time that never came is in no percentile.
 */
import type { ExchangeLine } from "../record/format/schema.ts";

export interface Tally {
  calls: number;
  errors: number;
  input: number;
  cached: number;
  output: number;
  cost: number;
  priced: number;
  unpriced: number;
  bodyBytes: number;
  readonly firstToken: number[];
  readonly total: number[];
}

export function emptyTally(): Tally {
  const none = { calls: 0, errors: 0, input: 0, cached: 0, output: 0, cost: 0, priced: 0 };
  return { ...none, unpriced: 0, bodyBytes: 0, firstToken: [], total: [] };
}

export function addExchange(tally: Tally, line: ExchangeLine, cost: number | null): void {
  const { llm, response, timing, request } = line;
  const bad = line.outcome !== "complete" || (response?.status ?? 0) >= 400 || !!llm?.error;
  tally.calls++;
  if (bad) tally.errors++;
  tally.input += llm?.usage?.input_tokens ?? 0;
  tally.cached += llm?.usage?.cache_read_input_tokens ?? 0;
  tally.output += llm?.usage?.output_tokens ?? 0;
  tally.bodyBytes += (request.body?.bytes ?? 0) + (response?.body?.bytes ?? 0);
  if (cost !== null) {
    tally.cost += cost;
    tally.priced++;
  } else if (llm?.usage && !bad) tally.unpriced++;
  if (typeof timing.first_token_ms === "number") tally.firstToken.push(timing.first_token_ms);
  if (typeof timing.total_ms === "number") tally.total.push(timing.total_ms);
}

/** The tally as plain data; milliseconds, US dollars, bytes. */
export function talliedRow(tally: Tally) {
  return {
    calls: tally.calls,
    errors: tally.errors,
    input_tokens: tally.input,
    cache_read_input_tokens: tally.cached,
    output_tokens: tally.output,
    cost_usd: tally.priced === 0 ? null : tally.cost,
    unpriced: tally.unpriced,
    first_token_p50_ms: percentile(tally.firstToken, 0.5),
    total_p50_ms: percentile(tally.total, 0.5),
    total_p95_ms: percentile(tally.total, 0.95),
    body_bytes: tally.bodyBytes,
  };
}

/** Nearest rank; null where there is nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
