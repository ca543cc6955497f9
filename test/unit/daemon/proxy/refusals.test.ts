import assert from "node:assert/strict";
import { test } from "node:test";
import { fewHeaders, Refusals } from "../../../../daemon/proxy/refusals.ts";
import { LIMITS } from "../../../../record/limits.ts";

test("some strangers a minute are recorded, fewer than all minutes of a day would allow", () => {
  const refusals = new Refusals();
  let recorded = 0;
  for (let ms = 0; ms < 86_400_000; ms += 1_000) {
    if (refusals.note("origin-refused", ms)) recorded++;
    if (ms === 59_000) assert.equal(recorded, LIMITS.refusalsMinuteCount);
  }
  assert.equal(recorded, LIMITS.refusalsDayCount);
  assert.deepEqual(refusals.stats(), {
    byCode: { "origin-refused": 86_400 },
    unrecorded: 86_400 - recorded,
  });
  assert.equal(refusals.note("host-refused", 86_400_000), true);
});

test("of a stranger's headers as many are recorded as fit, each whole", () => {
  const large = "x".repeat(LIMITS.refusalHeadBytes);
  assert.deepEqual(fewHeaders(["A", "1", "B", large, "C", "2"]), ["A", "1", "C", "2"]);
  const many = Array.from({ length: 2000 }, () => "abcdefgh");
  assert.ok(fewHeaders(many).join("").length <= LIMITS.refusalHeadBytes);
});
