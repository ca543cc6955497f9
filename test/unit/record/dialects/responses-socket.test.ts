import assert from "node:assert/strict";
import { test } from "node:test";
import {
  resolveInput,
  type SocketMessage,
  splitTurns,
  understandTurn,
} from "../../../../record/dialects/responses-socket.ts";

const client = (value: object): SocketMessage => ({
  from: "client",
  ms: 0,
  text: JSON.stringify(value),
});
const server = (ms: number, value: object): SocketMessage => ({
  from: "server",
  ms,
  text: JSON.stringify(value),
});
const done = (id: string, text: string) => ({
  type: "response.completed",
  response: {
    id,
    object: "response",
    status: "completed",
    model: "m",
    output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }],
    usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 },
  },
});
const first = [
  client({
    type: "response.create",
    model: "m",
    input: [{ role: "user", content: "one" }],
    stream: true,
    prompt_cache_key: "s1",
  }),
  server(5, {
    type: "response.created",
    response: { id: "r1", object: "response", status: "in_progress", output: [] },
  }),
  server(20, { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "1" }),
  server(30, done("r1", "1")),
];
const second = [
  client({
    type: "response.create",
    model: "m",
    previous_response_id: "r1",
    input: [{ role: "user", content: "two" }],
  }),
  server(9, done("r2", "2")),
];

test("a socket's messages are one turn per response.create", () => {
  const greeting = server(0, { type: "session.hello" });
  const turns = splitTurns([greeting, ...first, client({ type: "ping" }), ...second]);
  assert.equal(turns.length, 2);
  assert.deepEqual(turns[0], [greeting, ...first, client({ type: "ping" })]);
  assert.deepEqual(turns[1], second);
});

test("a turn is read like an HTTP exchange", () => {
  const read = understandTurn("/v1/responses", [], first);
  assert.equal(read.llm?.api, "openai.responses");
  assert.equal(read.llm?.operation, "chat");
  assert.equal(read.llm?.model, "m");
  assert.equal(read.llm?.stream, true);
  assert.equal(read.session, "s1");
  assert.equal(read.firstTokenMs, 20);
  assert.deepEqual(read.llm?.usage, { input_tokens: 5, output_tokens: 1 });
  assert.equal(JSON.parse(read.assembled ?? "").output[0].content[0].text, "1");
});

test("a turn that one message answers is a stream all the same", () => {
  const read = understandTurn("/v1/responses", [], second);
  assert.equal(read.llm?.stream, true);
  assert.deepEqual(read.llm?.finish_reasons, ["completed"]);
  assert.equal(JSON.parse(read.assembled ?? "").id, "r2");
});

test("previous_response_id resolves to everything that the model was given", () => {
  const turns = new Map([
    ["r1", { request: JSON.parse(first[0]!.text), response: done("r1", "1").response }],
  ]);
  const resolved = resolveInput(JSON.parse(second[0]!.text), (id) => turns.get(id) ?? null);
  assert.equal(resolved.missing, null);
  assert.deepEqual(resolved.input, [
    { role: "user", content: "one" },
    done("r1", "1").response.output[0],
    { role: "user", content: "two" },
  ]);
});

test("a turn that is not there is named, a loop ends", () => {
  const asked = { input: "hi", previous_response_id: "gone" };
  assert.deepEqual(
    resolveInput(asked, () => null),
    {
      input: [{ role: "user", content: "hi" }],
      missing: "gone",
    },
  );
  const loop = resolveInput(asked, () => ({ request: asked, response: {} }));
  assert.equal(loop.missing, "gone");
  assert.equal(loop.input.length, 2);
});

test("the older form with the request inside `response` is read too", () => {
  const asked = { type: "response.create", response: { model: "m", input: "hi" } };
  assert.deepEqual(resolveInput(asked, () => null).input, [{ role: "user", content: "hi" }]);
  const read = understandTurn("/v1/responses", [], [client(asked), ...first.slice(1)]);
  assert.equal(read.llm?.model, "m");
});
