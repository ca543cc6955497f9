import assert from "node:assert/strict";
import { test } from "node:test";
import { understand } from "../../../../record/dialects/understand.ts";
import { exchange, sse } from "./exchange.ts";

const chunk = (delta: object, finish: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "served",
  choices: [{ index: 0, delta, finish_reason: finish }],
});

test("a chat stream is assembled and its facts are read", () => {
  const stream = sse(
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "He" }),
    chunk({ content: "llo" }),
    chunk({}, "stop"),
    {
      ...chunk({}),
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
    },
    "[DONE]",
  );
  const request = { model: "asked", stream: true, messages: [{ role: "user", content: "hi" }] };
  const read = understand(exchange({ request, response: stream, type: "text/event-stream" }));
  assert.deepEqual(read.notes, []);
  assert.equal(read.llm?.api, "openai.chat");
  assert.equal(read.llm?.model, "asked");
  assert.equal(read.llm?.served_model, "served");
  assert.equal(read.llm?.stream, true);
  assert.deepEqual(read.llm?.finish_reasons, ["stop"]);
  assert.deepEqual(read.llm?.usage, { input_tokens: 9, output_tokens: 2 });
  const assembled = JSON.parse(read.assembled ?? "");
  assert.equal(assembled.object, "chat.completion");
  assert.equal(assembled.choices[0].message.content, "Hello");
});

test("the first token's time is that of its chunk, not that of the first byte", () => {
  const first = sse(chunk({ role: "assistant", content: "" }));
  const rest = sse(chunk({ content: "x" }), chunk({}, "stop"), "[DONE]");
  const read = understand(exchange({ response: first + rest, cuts: [5, first.length] }));
  assert.equal(read.firstTokenMs, 30);
});

test("an Anthropic stream is assembled; usage in message_delta overwrites", () => {
  const stream = sse(
    [
      "message_start",
      {
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "claude",
          content: [],
          stop_reason: null,
          usage: {
            input_tokens: 5,
            cache_read_input_tokens: 100,
            cache_creation_input_tokens: 7,
            output_tokens: 1,
          },
        },
      },
    ],
    [
      "content_block_start",
      {
        type: "content_block_start",
        index: 0,
        content_block: { type: "thinking", thinking: "", signature: "" },
      },
    ],
    [
      "content_block_delta",
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
    ],
    [
      "content_block_delta",
      { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "S" } },
    ],
    ["content_block_stop", { type: "content_block_stop", index: 0 }],
    [
      "content_block_start",
      {
        type: "content_block_start",
        index: 1,
        content_block: { type: "tool_use", id: "t", name: "ls", input: {} },
      },
    ],
    [
      "content_block_delta",
      {
        type: "content_block_delta",
        index: 1,
        delta: { type: "input_json_delta", partial_json: '{"a":' },
      },
    ],
    [
      "content_block_delta",
      {
        type: "content_block_delta",
        index: 1,
        delta: { type: "input_json_delta", partial_json: "1}" },
      },
    ],
    ["content_block_stop", { type: "content_block_stop", index: 1 }],
    [
      "message_delta",
      { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 20 } },
    ],
    ["message_stop", { type: "message_stop" }],
  );
  const read = understand(exchange({ url: "/v1/messages?beta=true", response: stream }));
  assert.deepEqual(read.notes, []);
  assert.deepEqual(JSON.parse(read.assembled ?? "").content, [
    { type: "thinking", thinking: "hm", signature: "S" },
    { type: "tool_use", id: "t", name: "ls", input: { a: 1 } },
  ]);
  assert.deepEqual(read.llm?.usage, {
    input_tokens: 112,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 7,
    output_tokens: 20,
  });
  assert.deepEqual(read.llm?.tool_calls, ["ls"]);
});

test("a Responses stream cut short is built from its deltas", () => {
  const stream = sse(
    [
      "response.created",
      {
        type: "response.created",
        response: { id: "r", object: "response", status: "in_progress", model: "m", output: [] },
      },
    ],
    [
      "response.output_item.added",
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { type: "message", id: "i", role: "assistant", content: [] },
      },
    ],
    [
      "response.output_text.delta",
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "Hel" },
    ],
    ["response.tomorrow", { type: "response.tomorrow", output_index: 0, delta: "?" }],
    [
      "response.output_text.delta",
      { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "lo" },
    ],
  );
  const read = understand(exchange({ url: "/v1/responses", response: stream }));
  assert.equal(JSON.parse(read.assembled ?? "").output[0].content[0].text, "Hello");
  assert.deepEqual(read.notes, ["the stream stops before its end"]);
});

test("what is no LLM call has no llm member", () => {
  const read = understand(exchange({ url: "/v1/models", method: "GET", response: { data: [] } }));
  assert.equal(read.llm, null);
  assert.deepEqual(read.notes, []);
});

test("a socket's turn is read as the events that it brought, be it only one", () => {
  const response = {
    id: "r2",
    object: "response",
    status: "completed",
    model: "m",
    output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "2" }] }],
    usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 },
  };
  const input = [{ role: "user", content: "two" }];
  const request = { type: "response.create", model: "m", previous_response_id: "r1", input };
  for (const asked of [request, { type: "response.create", response: { model: "m", input } }]) {
    const done = { type: "response.completed", response };
    const read = understand(exchange({ url: "/v1/responses", request: asked, response: done }));
    assert.deepEqual(
      [read.llm?.api, read.llm?.model, read.llm?.stream],
      ["openai.responses", "m", true],
    );
    assert.deepEqual(read.llm?.finish_reasons, ["completed"]);
    assert.deepEqual(read.llm?.usage, { input_tokens: 5, output_tokens: 1 });
    assert.equal(JSON.parse(read.assembled ?? "").id, "r2");
  }
});
