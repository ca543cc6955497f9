/** Names of 64 bits against Node's own way of writing them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bitsAt, hex64 } from "../../../../record/conversation/hex64.ts";

test("64 bits are written as a Buffer writes them in hex, and read from bytes in latin1", () => {
  const bytes = Buffer.alloc(8);
  const edges = [0, 1, 15, 16, 0x7fffffff, -1, -0x80000000, 0x80000000, 0xffffffff];
  const pairs = edges.flatMap((high) => edges.map((low) => [high, low] as const));
  let state = 5;
  for (let i = 0; i < 5000; i++) {
    state = (state * 48271) % 2147483647;
    pairs.push([state | 0, Math.imul(state, 0x9e3779b9)]);
  }
  for (const [high, low] of pairs) {
    bytes.writeInt32BE(high | 0, 0);
    bytes.writeInt32BE(low | 0, 4);
    assert.equal(hex64(high, low), bytes.toString("hex"));
    const text = `x${bytes.toString("latin1")}`;
    assert.deepEqual([bitsAt(text, 1), bitsAt(text, 5)], [high | 0, low | 0]);
  }
});
