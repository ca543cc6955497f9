import assert from "node:assert/strict";
import { test } from "node:test";
import { collectorOfReadBuffers } from "../../../daemon/heap.ts";
import { LIMITS } from "../../../record/limits.ts";

const PIECE = 64 * 1024;

/** Most bytes outside of the heap while so many pieces pass, each let go of at once. */
function peakOf(pieces: number, passed: (bytes: number) => void): number {
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  for (let i = 0; i < pieces; i++) {
    Buffer.allocUnsafeSlow(PIECE).fill(i);
    passed(PIECE);
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  return peak;
}

test("buffers that have passed are collected every few MiB, and no sooner", () => {
  const peak = peakOf(1_000, collectorOfReadBuffers());
  assert.ok(peak >= LIMITS.collectBytes / 2, `${peak} bytes: it collects all the time`);
  assert.ok(peak < 3 * LIMITS.collectBytes, `${peak} bytes were there at once`);
});

test("what is not told to it waits for V8, which lets far more gather", () => {
  assert.ok(peakOf(1_000, () => {}) > 3 * LIMITS.collectBytes);
});
