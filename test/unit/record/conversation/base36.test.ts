import assert from "node:assert/strict";
import { test } from "node:test";
import { base36, paddedBase36 } from "../../../../record/conversation/base36.ts";

test("numbers are written as Number.toString(36) writes them", () => {
  const edges = [0, 1, 35, 36, 1295, 1296, 46655, 46656, 1679615, 1679616, 2 ** 31, 2 ** 32 - 1];
  let state = 5;
  for (let i = 0; i < 5000; i++) {
    state = (state * 48271) % 2147483647;
    edges.push(state * 2 + (i % 2), state % 100_000, 36 ** (i % 7));
  }
  for (const n of edges.filter((edge) => edge < 2 ** 32)) {
    assert.equal(base36(n), n.toString(36));
    assert.equal(paddedBase36(n), n.toString(36).padStart(7, "0"));
  }
});
