/**
 * The timing summary of an exchange, from the moments at which its chunks arrived. Pure.
 *
 * Invariants: milliseconds since the request began, kept to a hundredth; null for what never
 * happened; the median gap is that of the chunks as they are kept. The single times stay in the stored chunks.
 */
import type { Timing } from "../../record/format/schema.ts";
import type { End } from "../frames.ts";
import type { ChunkMarks } from "../spool/chunk-marks.ts";

/** `arrivals` of the chunks; `end` null for an exchange that was interrupted, `lastAt` then its end. */
export function summariseTiming(
  arrivals: ChunkMarks,
  end: End | null,
  lastAt: number,
  firstTokenMs: number | null,
): Timing {
  const gaps = new Float64Array(Math.max(0, arrivals.length - 1));
  for (let i = 0; i < gaps.length; i++) gaps[i] = arrivals.at(i + 1) - arrivals.at(i);
  gaps.sort();
  return {
    connect_ms: round(end?.connect_ms),
    request_sent_ms: round(end?.request_sent_ms),
    headers_ms: round(end?.headers_ms),
    first_chunk_ms: round(arrivals.firstMs),
    first_token_ms: round(firstTokenMs),
    last_chunk_ms: round(arrivals.lastMs),
    total_ms: round(end === null ? lastAt : end.total_ms),
    chunks: arrivals.count,
    gap_p50_ms: round(gaps[Math.floor((gaps.length - 1) / 2)]),
    gap_max_ms: round(arrivals.gapMaxMs),
  };
}

function round(ms: number | null | undefined): number | null {
  return typeof ms === "number" ? Math.round(ms * 100) / 100 : null;
}
