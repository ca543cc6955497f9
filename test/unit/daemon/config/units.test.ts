import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, parseSize } from "../../../../daemon/config/units.ts";

test("durations are read in milliseconds", () => {
  for (const [text, ms] of [
    ["10s", 10_000],
    ["250ms", 250],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["off", 0],
    [0, 0],
    [false, 0],
  ] as const) {
    assert.equal(parseDuration(text), ms, String(text));
  }
});

test("sizes are read in bytes", () => {
  for (const [text, bytes] of [
    ["256MiB", 268_435_456],
    ["4 GiB", 4_294_967_296],
    ["100kB", 100_000],
    ["7B", 7],
  ] as const) {
    assert.equal(parseSize(text), bytes, text);
  }
});

test("what has no unit, an unknown one or a sign is refused", () => {
  for (const value of [10, "10", "-1s", "1 parsec", "s", "", null, {}, "constructor"]) {
    assert.equal(parseDuration(value), null, String(value));
    assert.equal(parseSize(value), null, String(value));
  }
});
