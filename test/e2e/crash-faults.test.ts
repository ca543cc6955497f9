import assert from "node:assert/strict";
import { test } from "node:test";
import { crashWithFaults } from "./crash-faults.ts";

// `CRASH_COUNT=200 node test/e2e/crash-faults.ts` makes 200 of them; `npm run fuzz:filing` goes on.
const COUNT = Number(process.env.CRASH_COUNT ?? 10);
const SEED = Number(process.env.CRASH_SEED ?? 20261201);

test(`${COUNT} kills of daemon and filer while the disk refuses: nothing lost, twice or set aside`, async (t) => {
  const result = await crashWithFaults(COUNT, SEED);
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.finished > 0 && result.recoveries > 0, "the load was real");
});
