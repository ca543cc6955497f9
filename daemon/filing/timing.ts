/**
 * The timing summary of an exchange, from the moments at which its chunks arrived. Pure.
 *
 * What always holds: milliseconds since the request began, kept to a hundredth; null for what never
 * happened. The single times stay in the stored chunks.
 */
import type { Timing } from "../../record/format/schema.ts";
import type { End } from "../frames.ts";

/** `arrivals` ascending; `end` null for an exchange that was interrupted, `lastAt` then its end. */
export function summariseTiming(
  arrivals: readonly number[],
  end: End | null,
  lastAt: number,
  firstTokenMs: number | null,
): Timing {
  const gaps: number[] = [];
  for (let i = 1; i < arrivals.length; i++) gaps.push((arrivals[i] ?? 0) - (arrivals[i - 1] ?? 0));
  gaps.sort((a, b) => a - b);
  return {
    connect_ms: round(end?.connect_ms),
    request_sent_ms: round(end?.request_sent_ms),
    headers_ms: round(end?.headers_ms),
    first_chunk_ms: round(arrivals[0]),
    first_token_ms: round(firstTokenMs),
    last_chunk_ms: round(arrivals.at(-1)),
    total_ms: round(end === null ? lastAt : end.total_ms),
    chunks: arrivals.length,
    gap_p50_ms: round(gaps[Math.floor((gaps.length - 1) / 2)]),
    gap_max_ms: round(gaps.at(-1)),
  };
}

function round(ms: number | null | undefined): number | null {
  return typeof ms === "number" ? Math.round(ms * 100) / 100 : null;
}
