import assert from "node:assert/strict";
import { test } from "node:test";
import { crashSuite } from "./crash.ts";

// `npm run test:crash` makes 200 of them with a seed of its own.
const COUNT = Number(process.env.CRASH_COUNT ?? 10);
/** The suite itself cuts at every byte. */
const CUT_STEP = 29;

test(`killed at ${COUNT} random moments: what clients saw is filed, once, byte for byte`, async (t) => {
  const result = await crashSuite(COUNT, 20261123, CUT_STEP);
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.cuts > 20);
  assert.ok(result.finished > 0 && (result.outcomes.interrupted ?? 0) > 0, "the load was real");
});
