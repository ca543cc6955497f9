import assert from "node:assert/strict";
import { test } from "node:test";
import { loadStateKey } from "../../../../daemon/state-key.ts";
import { fileAll, filerOf, put, readTree, scene, spoolOf } from "./spooled.ts";
import { Sender } from "./ws-sender.ts";

const frame = (value: object, masked: boolean) => Sender.text(JSON.stringify(value), masked);

const SECRET = "my-very-own-key-0123456789";

/** A socket with these frames: [who, ms, message]. */
function socket(frames: [9 | 10, number, object][], end: object | null) {
  const at = scene();
  const spool = spoolOf(at);
  const sealed = loadStateKey(at.state).seal([SECRET]);
  const id = put(spool, {
    begin: { method: "GET", url: "/v1/responses", sealed },
    request: "",
    head: { status: 101, headers: [["Upgrade", "websocket"]] },
    response: [],
    end: null,
  });
  const number = Number(id.slice(-6));
  for (const [kind, ms, message] of frames) {
    spool.append(kind, number, ms, frame(message, kind === 9));
  }
  if (end !== null) {
    spool.append(
      7,
      number,
      900,
      JSON.stringify({ total_ms: 900, error: null, verbatim: true, ...end }),
    );
  }
  return { at, id, spool, number };
}

const delta = (text: string) => ({ type: "response.output_text.delta", item_id: "i", delta: text });
const completed = (text: string) => ({
  type: "response.completed",
  response: {
    id: "resp",
    model: "m-1",
    status: "completed",
    output: [
      { type: "message", id: "i", role: "assistant", content: [{ type: "output_text", text }] },
    ],
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  },
});
const create = (input: string) => ({ type: "response.create", model: "m-1", input });

test("each response.create is an exchange with its own request, answer, id and times", async () => {
  const { at, id } = socket(
    [
      [9, 10, create("one")],
      [10, 30, delta("first")],
      [10, 40, completed("first")],
      [9, 100, create("two")],
      [10, 130, completed("second")],
    ],
    { outcome: "complete" },
  );
  const { filed } = await fileAll(at);
  const [one, two, ...more] = readTree(at);
  assert.equal(more.length, 0);
  assert.equal(filed.length, 2);
  assert.equal(one?.line.id, id);
  assert.ok((two?.line.id ?? "") > "01KB" && two?.line.id.length === 26);
  assert.equal(two?.line.started, "2026-11-23T10:00:00.100Z");
  assert.equal(one?.request?.toString(), JSON.stringify(create("one")));
  assert.deepEqual(
    one?.chunks?.map(([ms, b]) => [ms, JSON.parse(b.toString()).type]),
    [
      [30, "response.output_text.delta"],
      [40, "response.completed"],
    ],
  );
  assert.deepEqual(
    two?.chunks?.map(([ms]) => ms),
    [30],
  );
  assert.equal(two?.line.timing.first_chunk_ms, 30);
  assert.equal(one?.line.llm?.model, "m-1");
  assert.equal(one?.line.llm?.usage?.input_tokens, 3);
  assert.match(two?.assembled ?? "", /second/);
  assert.deepEqual([one?.line.outcome, two?.line.outcome], ["complete", "complete"]);
});

test("filed again after a crash a socket gives the same turns, none twice", async () => {
  const { at } = socket(
    [
      [9, 10, create("one")],
      [9, 20, create("two")],
    ],
    { outcome: "complete" },
  );
  await fileAll(at);
  const { rmSync } = await import("node:fs");
  const before = readTree(at).map((x) => x.line.id);
  rmSync(`${at.state}/filer`, { recursive: true });
  await fileAll(at);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    before,
  );
});

test("the running turn of a socket that broke has the socket's outcome, an answered one is complete", async () => {
  const { at } = socket(
    [
      [9, 10, create("one")],
      [10, 40, completed("first")],
      [9, 100, create("two")],
      [10, 130, delta("sec")],
    ],
    { outcome: "upstream_aborted", error: { code: "upstream-aborted", message: "reset" } },
  );
  await fileAll(at);
  assert.deepEqual(
    readTree(at).map((x) => [x.line.outcome, x.line.error?.code]),
    [
      ["complete", undefined],
      ["upstream_aborted", "upstream-aborted"],
    ],
  );
});

test("a socket of something else is one exchange with the messages of both sides", async () => {
  const { at } = socket(
    [
      [9, 5, { hello: 1 }],
      [10, 9, { hi: 2 }],
    ],
    { outcome: "complete" },
  );
  await fileAll(at);
  const [x, ...more] = readTree(at);
  assert.equal(more.length, 0);
  assert.equal(x?.line.request.body, null);
  assert.deepEqual(
    x?.chunks?.map(([ms, b, from]) => [ms, b.toString(), from]),
    [
      [5, '{"hello":1}', "client"],
      [9, '{"hi":2}', undefined],
    ],
  );
});

test("live credentials are taken out of messages, also where two deltas share one", async () => {
  const { at } = socket(
    [
      [9, 10, create(`use ${SECRET}`)],
      [10, 30, delta(`it is ${SECRET.slice(0, 12)}`)],
      [10, 31, delta(`${SECRET.slice(12)} indeed`)],
      [10, 40, completed("done")],
    ],
    { outcome: "complete" },
  );
  await fileAll(at);
  const [x] = readTree(at);
  assert.ok(!x?.request?.includes(SECRET));
  assert.ok(!x?.response?.includes(SECRET.slice(12)), "the second half is gone too");
});

test("a turn is filed when its answer ends, while the socket stays open, and not again later", async () => {
  const { at, spool, number } = socket(
    [
      [9, 10, create("one")],
      [10, 40, completed("first")],
      [9, 100, create("two")],
    ],
    null,
  );
  const first = filerOf(at);
  assert.equal(await first.filer.run(), true);
  assert.equal(first.filer.follows, true);
  assert.deepEqual(
    first.filed.map(({ outcome }) => outcome),
    ["complete"],
  );
  spool.append(10, number, 140, frame(completed("second"), false));
  assert.equal(await first.filer.run(), true);
  assert.equal(first.filed.length, 2);
  first.filer.close();
  const early = readTree(at).map((x) => x.line);
  // Another filer reads the socket from its beginning, and finds one more turn.
  spool.append(9, number, 200, frame(create("three"), true));
  spool.append(10, number, 230, frame(completed("third"), false));
  const end = { outcome: "client_aborted", error: { code: "client-gone", message: "gone" } };
  const times = { total_ms: 300, connect_ms: 1, request_sent_ms: 1, headers_ms: 2 };
  spool.append(7, number, 300, JSON.stringify({ ...end, ...times, verbatim: true }));
  const { filed, filer } = await fileAll(at);
  assert.equal(filer.follows, false);
  assert.equal(filed.length, 1);
  const lines = readTree(at).map((x) => x.line);
  assert.deepEqual(lines.slice(0, 2), early);
  assert.deepEqual(
    lines.map(({ outcome }) => outcome),
    ["complete", "complete", "complete"],
  );
});

test("a filer that died between append and sync of a turn does not file it twice", async () => {
  const { at } = socket(
    [
      [9, 10, create("one")],
      [10, 40, completed("first")],
    ],
    null,
  );
  const dying = filerOf(at);
  await dying.filer.run();
  const before = readTree(at).map((x) => x.line.id);
  assert.equal(before.length, 1);
  const { readFileSync, writeFileSync } = await import("node:fs");
  const log = `${at.state}/filer/log.jsonl`;
  // As it is when the process goes after `try` and the append, before `done`.
  const lines = readFileSync(log, "utf8").split("\n");
  writeFileSync(log, lines.filter((line) => !line.startsWith('{"done"')).join("\n"));
  const next = await fileAll(at);
  assert.equal(next.filed.length, 0);
  assert.deepEqual(
    readTree(at).map((x) => x.line.id),
    before,
  );
});

test("an unanswered turn of a socket that was closed tells by whom and with which code", async () => {
  const close = (code: number, masked: boolean) => {
    const payload = Buffer.from([code >> 8, code & 255]);
    return Sender.frame({ opcode: 8, fin: true, masked, payload });
  };
  for (const [by, code, outcome, error] of [
    [10, 1011, "upstream_aborted", "upstream-aborted"],
    [9, 1000, "client_aborted", "client-gone"],
  ] as const) {
    const { at, spool, number } = socket([[9, 10, create("one")]], null);
    spool.append(by, number, 20, close(code, by === 9));
    const end = { outcome: "upstream_aborted", error: { code: "upstream-aborted", message: "x" } };
    spool.append(7, number, 30, JSON.stringify({ ...end, total_ms: 30, verbatim: true }));
    await fileAll(at);
    const [x] = readTree(at);
    assert.equal(x?.line.outcome, outcome);
    assert.equal(x?.line.error?.code, error);
    assert.match(x?.line.error?.message ?? "", new RegExp(`${code}`));
  }
});
