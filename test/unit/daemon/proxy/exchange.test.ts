import assert from "node:assert/strict";
import { test } from "node:test";
import { Exchange, type ExchangeParts } from "../../../../daemon/proxy/exchange.ts";
import { Recorder } from "../../../../daemon/proxy/recorder.ts";
import { Turn } from "../../../../daemon/proxy/turn.ts";
import { slowness } from "../../../timing.ts";

const PIECES = 100_000;

/** An exchange between things that only count what they are given. */
function stage() {
  const taken = { writes: 0, records: 0 };
  const client = {
    send: (chunks: readonly Buffer[]) => {
      taken.writes += chunks.length;
      return true;
    },
  };
  const sink = { append: () => true, appendGroup: () => true, appendAll: () => {} };
  const turn = new Turn(() => taken.records++);
  const recorder = new Recorder(sink, 1);
  const parts = { client, recorder, turn, passedOn: () => {} };
  const exchange = new Exchange(parts as unknown as ExchangeParts);
  return { exchange, turn, taken };
}

test("an answer in pieces of one byte costs time in proportion, and memory for a few of them", () => {
  const { exchange, turn, taken } = stage();
  const piece = Buffer.from("a");
  const limitMs = 300 * slowness();
  const before = process.threadCpuUsage();
  for (let i = 0; i < PIECES; i++) exchange.data(piece);
  turn.commit();
  const { user, system } = process.threadCpuUsage(before);
  assert.equal(taken.writes, PIECES);
  assert.ok(taken.records > 3, `recorded in ${taken.records} goes`);
  assert.ok((user + system) / 1000 < limitMs, `${(user + system) / 1000} ms of ${limitMs}`);
});
