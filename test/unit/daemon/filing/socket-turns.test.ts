import assert from "node:assert/strict";
import { test } from "node:test";
import { SocketTurns, type Turn } from "../../../../daemon/filing/socket-turns.ts";
import { FrameKind } from "../../../../daemon/frames.ts";
import { Sender } from "./ws-sender.ts";

const ask = (input: string) => ({ type: "response.create", input });
const event = (type: string) => ({ type });
const MAX = 1 << 20;

/** Feeds [who, ms, message]s one by one; gives the turns with the moment at which each was told. */
async function follow(steps: readonly (readonly ["client" | "upstream", number, object])[]) {
  const turns = new SocketTurns([], MAX);
  const told: [number, Turn][] = [];
  for (const [from, at, value] of steps) {
    const payload = Sender.text(JSON.stringify(value), from === "client");
    const kind = from === "client" ? FrameKind.clientFrame : FrameKind.upstreamFrame;
    for (const turn of await turns.take({ kind, at, payload })) told.push([at, turn]);
  }
  return { told, rest: turns.rest() };
}

const shape = ({ index, request, messages, ended }: Turn) => [
  index,
  request?.at ?? null,
  messages.map(({ at }) => at),
  ended,
];

test("a turn is told with the terminal event of its answer, not with the next one", async () => {
  const { told, rest } = await follow([
    ["client", 1, ask("one")],
    ["upstream", 2, event("response.output_text.delta")],
    ["upstream", 3, event("response.completed")],
    ["client", 9, ask("two")],
    ["upstream", 10, event("response.failed")],
  ]);
  assert.deepEqual(
    told.map(([at, turn]) => [at, ...shape(turn)]),
    [
      [3, 0, 1, [2, 3], true],
      [10, 1, 9, [10], true],
    ],
  );
  assert.equal(rest, null);
});

test("what comes between two turns belongs to the later one, what comes after the last is left", async () => {
  const { told, rest } = await follow([
    ["upstream", 0, event("session.created")],
    ["client", 1, ask("one")],
    ["client", 2, event("response.cancel")],
    ["upstream", 3, event("response.incomplete")],
    ["upstream", 4, event("rate_limits.updated")],
    ["client", 5, ask("two")],
    ["upstream", 6, event("response.completed")],
    ["upstream", 7, event("rate_limits.updated")],
  ]);
  assert.deepEqual(
    told.map(([, turn]) => shape(turn)),
    [
      [0, 1, [0, 2, 3], true],
      [1, 5, [4, 6], true],
    ],
  );
  assert.deepEqual(rest && shape(rest), [2, null, [7], false]);
});

test("a question before the answer has ended begins the next turn", async () => {
  const { told, rest } = await follow([
    ["client", 1, ask("one")],
    ["upstream", 2, event("response.created")],
    ["client", 3, ask("two")],
    ["upstream", 4, event("response.created")],
  ]);
  assert.deepEqual(
    told.map(([, turn]) => shape(turn)),
    [[0, 1, [2], true]],
  );
  assert.deepEqual(rest && shape(rest), [1, 3, [4], false]);
});

test("words of the protocol inside a text are no events", async () => {
  const { told, rest } = await follow([
    ["client", 1, { type: "ping", about: "response.create" }],
    ["client", 2, ask("one")],
    ["upstream", 3, { type: "response.output_text.delta", delta: '"response.completed"' }],
  ]);
  assert.deepEqual(told, []);
  assert.deepEqual(rest && shape(rest), [0, 2, [1, 3], false]);
});

test("a socket in which nothing was asked is one turn without a request, also an empty one", async () => {
  const { rest } = await follow([
    ["client", 1, { hello: 1 }],
    ["upstream", 2, { hi: 2 }],
  ]);
  assert.deepEqual(rest && shape(rest), [0, null, [1, 2], false]);
  assert.deepEqual((await follow([])).rest && true, true);
});

test("fragments are one message, pings between them none; the first close frame is remembered", async () => {
  const turns = new SocketTurns([], MAX);
  const text = JSON.stringify(ask("in two parts"));
  const frames = [
    Sender.frame({ opcode: 1, fin: false, masked: true, payload: Buffer.from(text.slice(0, 9)) }),
    Sender.frame({ opcode: 9, fin: true, masked: true, payload: Buffer.from("ping") }),
    Sender.frame({ opcode: 0, fin: true, masked: true, payload: Buffer.from(text.slice(9)) }),
  ];
  const kind = FrameKind.clientFrame;
  for (const [at, payload] of frames.entries()) await turns.take({ kind, at, payload });
  const close = (code: number, masked: boolean) =>
    Sender.frame({ opcode: 8, fin: true, masked, payload: Buffer.from([code >> 8, code & 255]) });
  await turns.take({ kind: FrameKind.upstreamFrame, at: 8, payload: close(1011, false) });
  await turns.take({ kind, at: 9, payload: close(1000, true) });
  assert.deepEqual(turns.close, { by: "upstream", code: 1011 });
  const rest = turns.rest();
  assert.equal(rest?.request?.bytes.toString(), text);
  assert.deepEqual(rest?.messages, []);
});

test("frames that cannot be read leave a turn that says why", async () => {
  const turns = new SocketTurns([], MAX);
  const kind = FrameKind.upstreamFrame;
  await turns.take({ kind, at: 1, payload: Buffer.from([0xff, 0x00]) });
  assert.match(turns.problem ?? "", /RSV/);
  assert.deepEqual(shape(turns.rest() as Turn), [0, null, [], false]);
});
