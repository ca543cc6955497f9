import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteCache } from "../../../../record/reader/byte-cache.ts";

test("the least recently used goes first, and the room is never exceeded", () => {
  const cache = new ByteCache(80);
  const bytes = Buffer.alloc(10);
  for (let key = 0; key < 8; key++) cache.set(key, bytes);
  assert.equal(cache.get(0), bytes);
  cache.set(8, bytes);
  assert.equal(cache.get(1), undefined);
  assert.equal(cache.get(0), bytes);
  assert.equal(cache.get(8), bytes);
});

test("what would push out most of the rest is not kept", () => {
  const cache = new ByteCache(80);
  cache.set(1, Buffer.alloc(11));
  assert.equal(cache.get(1), undefined);
});
