import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pagesOfTurns } from "../../../../site/digest/conversation-pages.ts";

const limits = { turns: 3, bytes: 100 };

test("a page ends when it has enough turns or enough text", () => {
  assert.deepEqual(pagesOfTurns([1, 1, 1, 1], limits), [1, 1, 1, 2]);
  assert.deepEqual(pagesOfTurns([60, 60, 30], limits), [1, 2, 2]);
});

test("a turn larger than a page has one of its own", () => {
  assert.deepEqual(pagesOfTurns([500, 1, 500], limits), [1, 2, 3]);
});

test("a conversation that grows keeps the addresses of what was there", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200)), fc.nat(200), (turns, more) => {
      assert.deepEqual(
        pagesOfTurns([...turns, more], limits).slice(0, -1),
        pagesOfTurns(turns, limits),
      );
    }),
  );
});
