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
    appendAll: (list: readonly FrameToWrite[]) => void take(list),
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

test("frames wait for company and share one write, in order; the end flushes at once", () => {
  const spool = sink();
  const recorder = new Recorder(spool, 7);
  recorder.begin({ id: "x" } as Begin);
  recorder.data(FrameKind.responseData, Buffer.from("a"));
  recorder.data(FrameKind.responseData, Buffer.from("b"));
  assert.deepEqual(spool.groups, []);
  recorder.flush();
  assert.deepEqual(spool.groups, [[1, 5, 5]]);
  recorder.note(FrameKind.interim, { status: 102 });
  recorder.data(FrameKind.responseData, Buffer.from("c"));
  recorder.end(END);
  assert.deepEqual(spool.groups, [
    [1, 5, 5],
    [8, 5, 7],
  ]);
  assert.ok(spool.frames.every(({ exchange }) => exchange === 7));
});

test("what passes at once is on record at once, with all that waited", () => {
  const spool = sink();
  const recorder = new Recorder(spool, 1);
  recorder.begin({ id: "x" } as Begin);
  recorder.passing(FrameKind.clientFrame, Buffer.from("a"));
  assert.deepEqual(spool.groups, [[1, 9]]);
});

test("what is collected is recorded by the collector, and not a second time", () => {
  const spool = sink();
  const recorder = new Recorder(spool, 3);
  recorder.data(FrameKind.requestData, Buffer.from("a"));
  recorder.trailers(FrameKind.requestEnd, []);
  const collected: FrameToWrite[] = [];
  recorder.collect(collected);
  recorder.collect(collected);
  recorder.flush();
  assert.deepEqual(
    collected.map(({ kind, exchange }) => [kind, exchange]),
    [
      [2, 3],
      [3, 3],
    ],
  );
  assert.deepEqual(spool.groups, []);
  recorder.trailers(FrameKind.responseEnd, [["grpc-status", "0"]]);
  recorder.flush();
  assert.deepEqual(
    [collected[1]?.payload, spool.frames[0]?.payload].map((text) => JSON.parse(String(text))),
    [{ trailers: [] }, { trailers: [["grpc-status", "0"]] }],
  );
});

test("nothing is recorded behind the end, and there is one end only", () => {
  const spool = sink();
  const recorder = new Recorder(spool, 1);
  recorder.end(END);
  recorder.data(FrameKind.responseData, Buffer.from("late"));
  recorder.end({ ...END, outcome: "client_aborted" });
  recorder.flush();
  assert.deepEqual(spool.groups, [[7]]);
  const end = JSON.parse(String(spool.frames[0]?.payload));
  assert.equal(end.outcome, "complete");
  assert.equal(end.connect_ms, 1.235);
  assert.equal(end.request_sent_ms, null);
});
