import assert from "node:assert/strict";
import { test } from "node:test";
import { summariseTiming } from "../../../../daemon/filing/timing.ts";
import { ChunkMarks } from "../../../../daemon/spool/chunk-marks.ts";

function arrived(...times: number[]): ChunkMarks {
  const marks = new ChunkMarks();
  for (const at of times) marks.add(1, at);
  return marks;
}

test("no chunk at all leaves nulls, and the end of an interrupted one is its last frame", () => {
  const timing = summariseTiming(new ChunkMarks(), null, 12.3456, null);
  assert.equal(timing.total_ms, 12.35);
  assert.equal(timing.chunks, 0);
  assert.equal(timing.first_chunk_ms, null);
  assert.equal(timing.gap_p50_ms, null);
});

test("gaps lie between chunks: their median and their longest", () => {
  const end = {
    outcome: "complete",
    error: null,
    connect_ms: 0,
    request_sent_ms: 1,
    headers_ms: 2,
    total_ms: 101,
    verbatim: true,
  } as const;
  const timing = summariseTiming(arrived(10, 11, 13, 50, 52), end, 99, 11);
  assert.deepEqual(
    [timing.first_chunk_ms, timing.last_chunk_ms, timing.gap_p50_ms, timing.gap_max_ms],
    [10, 52, 2, 37],
  );
  assert.deepEqual([timing.first_token_ms, timing.total_ms, timing.connect_ms], [11, 101, 0]);
});
