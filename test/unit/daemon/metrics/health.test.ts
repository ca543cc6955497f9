/** Each fault of a part has its reason; a sound daemon has none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Parts, reasonsOf } from "../../../../daemon/metrics/health.ts";

const GiB = 1024 ** 3;
const sound: Parts = {
  spool: {
    bytes: 1,
    segments: 1,
    frames: 1,
    lostExchanges: 3,
    lostFrames: 3,
    syncs: 1,
    degraded: null,
  },
  spoolBytes: 10,
  spoolLimitBytes: 100,
  filer: {
    filed: 1,
    interrupted: 0,
    partial: 1,
    poisoned: 0,
    lost: 0,
    redactions: 0,
    open: 0,
    stalled: 0,
    filedIn: null,
    degraded: null,
    pid: 1,
    restarts: 2,
    poison: [],
  },
  filerFault: null,
  backlogMs: 0,
  disk: {
    state: { free: 50 * GiB, total: 100 * GiB },
    captures: { free: 5 * GiB, total: 900 * GiB },
  },
  configFault: null,
};

test("faults that are over leave no reason behind", () => {
  assert.deepEqual(reasonsOf(sound), []);
  assert.deepEqual(reasonsOf({ ...sound, filer: null }), []);
});

const faults: [string, Partial<Parts>, RegExp][] = [
  [
    "a disk that refuses the spool",
    { spool: { ...sound.spool, degraded: "EIO: x" } },
    /^recording fails: EIO: x$/,
  ],
  ["a spool that fills", { spoolBytes: 85 }, /^the spool is 85% full$/],
  ["a filer that cannot start", { filerFault: "ENOENT" }, /^the filer does not start: ENOENT$/],
  [
    "a filer that fails",
    { filer: { ...sound.filer!, degraded: "ENOSPC" } },
    /^filing fails: ENOSPC$/,
  ],
  ["a backlog", { backlogMs: 360_000 }, /^nothing was filed for 6 minutes$/],
  [
    "a disk nearly full",
    { disk: { state: { free: GiB / 2, total: 100 * GiB }, captures: null } },
    /^only 512 MiB free for state$/,
  ],
  ["a wrong configuration on disk", { configFault: "line 3" }, /not in force$/],
];
for (const [what, change, reason] of faults) {
  test(`${what} is a reason`, () => {
    const reasons = reasonsOf({ ...sound, ...change });
    assert.equal(reasons.length, 1);
    assert.match(reasons[0] ?? "", reason);
  });
}
