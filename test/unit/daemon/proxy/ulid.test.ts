import assert from "node:assert/strict";
import { test } from "node:test";
import { ulidGenerator } from "../../../../daemon/proxy/ulid.ts";

test("ids have 26 characters and carry the time first", () => {
  const next = ulidGenerator(() => 1_469_918_176_385);
  const id = next();
  assert.match(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(id.slice(0, 10), "01ARYZ6S41");
});

test("ids sort in the order in which they were made, also when the clock steps back", () => {
  let now = 2_000;
  const next = ulidGenerator(() => now);
  const ids: string[] = [];
  for (let i = 0; i < 5_000; i++) {
    if (i % 1_000 === 500) now -= 700;
    if (i % 1_000 === 900) now += 900;
    ids.push(next());
  }
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, ids.length);
});
