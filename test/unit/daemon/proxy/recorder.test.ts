import assert from "node:assert/strict";
import { test } from "node:test";
import { type Begin, FrameKind } from "../../../../daemon/frames.ts";
import { Recorder } from "../../../../daemon/proxy/recorder.ts";
import type { FrameToWrite } from "../../../../daemon/spool/writer.ts";

function sink() {
  const groups: number[][] = [];
  const frames: FrameToWrite[] = [];
  const take = (list: readonly FrameToWrite[]) => {
    groups.push(list.map(({ kind }) => kind));
    frames.push(...list);
    return true;
  };
  return {
    groups,
    frames,
    append: (kind: number, exchange: number, atMs: number, payload: Uint8Array | string) =>
      take([{ kind, exchange, atMs, payload }]),
    appendGroup: take,
  };
}

const END = {
  outcome: "complete",
  error: null,
  connectMs: 1.23456,
  requestSentMs: null,
  headersMs: 2,
  verbatim: true,
} as const;

test("frames of one tick share one write, in order; the end flushes at once", async () => {
  const spool = sink();
  const recorder = new Recorder(spool, 7);
  recorder.data(FrameKind.responseData, Buffer.from("a"));
  recorder.data(FrameKind.responseData, Buffer.from("b"));
  assert.deepEqual(spool.groups, []);
  await new Promise((resolve) => process.nextTick(resolve));
  assert.deepEqual(spool.groups, [[5, 5]]);
  recorder.note(FrameKind.interim, { status: 102 });
  recorder.data(FrameKind.responseData, Buffer.from("c"));
  recorder.end(END);
  assert.deepEqual(spool.groups, [
    [5, 5],
    [8, 5, 7],
  ]);
  assert.ok(spool.frames.every(({ exchange }) => exchange === 7));
});

test("what goes upstream is on record at once, in one write with the request's beginning", async () => {
  const spool = sink();
  const recorder = new Recorder(spool, 1);
  recorder.begin({ id: "x" } as Begin);
  assert.deepEqual(spool.groups, []);
  recorder.passing(FrameKind.requestData, Buffer.from("a"));
  assert.deepEqual(spool.groups, [[1, 2]]);
  recorder.note(FrameKind.requestEnd, { trailers: [] });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(spool.groups.length, 1, "the request's end waits for the answer's head");
  recorder.note(FrameKind.responseHead, { status: 200 });
  recorder.data(FrameKind.responseData, Buffer.from("b"));
  recorder.end(END);
  assert.deepEqual(spool.groups, [
    [1, 2],
    [3, 4, 5, 7],
  ]);
});

test("a request whose body is long in coming is begun on record by the end of the turn", async () => {
  const spool = sink();
  const recorder = new Recorder(spool, 1);
  recorder.begin({ id: "x" } as Begin);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(spool.groups, [[1]]);
});

test("a chunk is recorded before a socket that was written to in the same tick sends it", async () => {
  const order: string[] = [];
  const recorder = new Recorder(
    { append: () => order.push("spool") > 0, appendGroup: () => true },
    1,
  );
  recorder.data(FrameKind.responseData, Buffer.from("x"));
  process.nextTick(() => order.push("socket"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(order, ["spool", "socket"]);
});

test("nothing is recorded behind the end, and there is one end only", async () => {
  const spool = sink();
  const recorder = new Recorder(spool, 1);
  recorder.end(END);
  recorder.data(FrameKind.responseData, Buffer.from("late"));
  recorder.end({ ...END, outcome: "client_aborted" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(spool.groups, [[7]]);
  const end = JSON.parse(String(spool.frames[0]?.payload));
  assert.equal(end.outcome, "complete");
  assert.equal(end.connect_ms, 1.235);
  assert.equal(end.request_sent_ms, null);
});
