/** How many exchanges wait to be filed, and since when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Backlog } from "../../../../daemon/metrics/backlog.ts";

test("the oldest that waits gives the age; filing takes it off in order", () => {
  const backlog = new Backlog();
  assert.equal(backlog.ageMs(50), 0);
  for (const at of [10, 20, 30]) backlog.ended(at);
  assert.deepEqual([backlog.depth, backlog.ageMs(100)], [3, 90]);
  backlog.filed();
  assert.deepEqual([backlog.depth, backlog.ageMs(100)], [2, 80]);
  for (let i = 0; i < 5; i++) backlog.filed();
  assert.deepEqual([backlog.depth, backlog.ageMs(100)], [0, 0]);
});

test("what is never filed is taken off when the filer has seen everything of its time", () => {
  const backlog = new Backlog();
  for (const at of [10, 20, 30]) backlog.ended(at);
  backlog.idle(20);
  assert.deepEqual([backlog.depth, backlog.ageMs(31)], [1, 1]);
});

test("a million exchanges in and out leave nothing behind", () => {
  const backlog = new Backlog();
  for (let i = 0; i < 1_000_000; i++) {
    backlog.ended(i);
    if (i >= 3) backlog.filed();
  }
  assert.equal(backlog.depth, 3);
  assert.equal(backlog.ageMs(1_000_000), 3);
});

test("a line that is too long is still counted", () => {
  const backlog = new Backlog();
  for (let i = 0; i < 150_000; i++) backlog.ended(i);
  assert.equal(backlog.depth, 150_000);
  for (let i = 0; i < 150_000; i++) backlog.filed();
  assert.equal(backlog.depth, 0);
});
