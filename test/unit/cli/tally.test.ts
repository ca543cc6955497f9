import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile } from "../../../cli/tally.ts";

test("percentiles are of the nearest rank, and of nothing there is none", () => {
  assert.equal(percentile([], 0.5), null);
  assert.equal(percentile([7], 0.95), 7);
  assert.equal(percentile([4, 1, 3, 2], 0.5), 2);
  assert.equal(
    percentile(
      Array.from({ length: 100 }, (_, i) => i + 1),
      0.95,
    ),
    95,
  );
});
