/**
 * Hostile but legal streams, written for this project, that the vendors' own clients must read as we
 * do: odd framing around ordinary events, and every corner of the APIs that a plain answer leaves out.
 */
import { sse } from "./exchange.ts";

type Event = object | string | readonly [string, object];

/** Framings of one list of events; the clients must not see a difference. */
export const FRAMINGS: Record<string, (...events: Event[]) => string> = {
  plain: sse,
  crlf: (...events) => sse(...events).replaceAll("\n", "\r\n"),
  comments: (...events) => `: hello\n\n${sse(...events).replaceAll("\n\n", "\n\n: ping\n\n")}`,
  "no space, ids": (...events) =>
    sse(...events)
      .replaceAll("data: ", "data:")
      .replaceAll("\n\n", "\nid: 7\n\n"),
  "no last blank line": (...events) => sse(...events).replace(/\n\n$/, "\n"),
  "data after retry": (...events) => `retry: 5000\n\n${sse(...events)}`,
};

const chunk = (choices: object[], more: object = {}) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m-1",
  choices,
  ...more,
});
const delta = (value: object, finish: string | null = null, index = 0) => ({
  index,
  delta: value,
  finish_reason: finish,
});
const call = (index: number, value: object) => delta({ tool_calls: [{ index, ...value }] });
const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };

export const CHAT: Record<string, Event[]> = {
  "two choices interleaved": [
    chunk([delta({ role: "assistant", content: "" }), delta({ role: "assistant" }, null, 1)]),
    chunk([delta({ content: "b" }, null, 1)]),
    chunk([delta({ content: "a" })]),
    chunk([delta({ content: "é🎈" }, "stop")]),
    chunk([delta({}, "length", 1)]),
    chunk([], { usage }),
    "[DONE]",
  ],
  "two tool calls interleaved": [
    chunk([delta({ role: "assistant", content: null })]),
    chunk([call(0, { id: "c0", type: "function", function: { name: "ls", arguments: "" } })]),
    chunk([call(1, { id: "c1", type: "function", function: { name: "cat", arguments: '{"f"' } })]),
    chunk([call(0, { function: { arguments: '{"d":1' } })]),
    chunk([call(1, { function: { arguments: ":2}" } })]),
    chunk([call(0, { function: { arguments: "}" } })]),
    chunk([delta({}, "tool_calls")]),
    chunk([], { usage }),
    "[DONE]",
  ],
  "refusal with logprobs": [
    chunk([
      {
        ...delta({ role: "assistant", refusal: "I " }),
        logprobs: { content: null, refusal: [{ token: "I" }] },
      },
    ]),
    chunk([
      {
        ...delta({ refusal: "can't" }),
        logprobs: { content: null, refusal: [{ token: "can't" }] },
      },
    ]),
    chunk([delta({}, "stop")], { usage }),
    "[DONE]",
  ],
  "legacy function call": [
    chunk([
      delta({ role: "assistant", content: null, function_call: { name: "f", arguments: "" } }),
    ]),
    chunk([delta({ function_call: { arguments: "{}" } })]),
    chunk([delta({}, "function_call")]),
    "[DONE]",
  ],
};

const start = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [],
  stop_reason: null,
  stop_sequence: null,
};
const named = (type: string, more: object = {}): readonly [string, object] => [
  type,
  { type, ...more },
];
const block = (index: number, content_block: object) =>
  named("content_block_start", { index, content_block });
const piece = (index: number, value: object) =>
  named("content_block_delta", { index, delta: value });
const stop = (index: number) => named("content_block_stop", { index });
const finish = (stop_reason: string, more: object = {}) => [
  named("message_delta", {
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: 42, ...more },
  }),
  named("message_stop"),
];

export const MESSAGES: Record<string, Event[]> = {
  "thinking, redacted, text with citation": [
    named("message_start", {
      message: {
        ...start,
        usage: {
          input_tokens: 3,
          cache_read_input_tokens: 9,
          cache_creation_input_tokens: 1,
          output_tokens: 1,
        },
      },
    }),
    named("ping"),
    block(0, { type: "thinking", thinking: "", signature: "" }),
    piece(0, { type: "thinking_delta", thinking: "let " }),
    piece(0, { type: "thinking_delta", thinking: "me" }),
    piece(0, { type: "signature_delta", signature: "sig==" }),
    stop(0),
    block(1, { type: "redacted_thinking", data: "AAAA" }),
    stop(1),
    block(2, { type: "text", text: "" }),
    piece(2, { type: "text_delta", text: "Hé🎈" }),
    piece(2, {
      type: "citations_delta",
      citation: { type: "char_location", cited_text: "x", document_index: 0 },
    }),
    stop(2),
    ...finish("end_turn", { input_tokens: 5 }),
  ],
  "tools: no input, deep input, the provider's own": [
    named("message_start", { message: { ...start, usage: { input_tokens: 3, output_tokens: 1 } } }),
    block(0, { type: "tool_use", id: "t0", name: "now", input: {} }),
    piece(0, { type: "input_json_delta", partial_json: "" }),
    stop(0),
    block(1, { type: "server_tool_use", id: "t1", name: "web_search", input: {} }),
    piece(1, { type: "input_json_delta", partial_json: '{"q":"a \\"b\\"",' }),
    piece(1, { type: "input_json_delta", partial_json: '"n":[1,{"x":null}]}' }),
    stop(1),
    block(2, {
      type: "web_search_tool_result",
      tool_use_id: "t1",
      content: [{ type: "web_search_result", url: "u" }],
    }),
    stop(2),
    ...finish("tool_use", { server_tool_use: { web_search_requests: 1 } }),
  ],
};

const item = (output_index: number, value: object) => ({ output_index, item: value });
const base = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "in_progress",
  model: "m",
  output: [] as object[],
};
const message = {
  id: "msg",
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text: "Hé", annotations: [] }],
};
const fcall = {
  id: "fc",
  type: "function_call",
  status: "completed",
  call_id: "c",
  name: "ls",
  arguments: '{"a":1}',
};
let sequence = 0;
const ev = (type: string, more: object = {}) =>
  named(type, { sequence_number: sequence++, ...more });

export const RESPONSES: Record<string, Event[]> = {
  "reasoning, text and a call": [
    ev("response.created", { response: base }),
    ev("response.in_progress", { response: base }),
    ev("response.output_item.added", item(0, { ...message, status: "in_progress", content: [] })),
    ev("response.content_part.added", {
      item_id: "msg",
      output_index: 0,
      content_index: 0,
      part: { type: "output_text", text: "", annotations: [] },
    }),
    ev("response.output_text.delta", {
      item_id: "msg",
      output_index: 0,
      content_index: 0,
      delta: "H",
      logprobs: [],
    }),
    ev("response.output_text.delta", {
      item_id: "msg",
      output_index: 0,
      content_index: 0,
      delta: "é",
      logprobs: [],
    }),
    ev("response.output_text.done", {
      item_id: "msg",
      output_index: 0,
      content_index: 0,
      text: "Hé",
      logprobs: [],
    }),
    ev("response.content_part.done", {
      item_id: "msg",
      output_index: 0,
      content_index: 0,
      part: message.content[0],
    }),
    ev("response.output_item.done", item(0, message)),
    ev("response.output_item.added", item(1, { ...fcall, status: "in_progress", arguments: "" })),
    ev("response.function_call_arguments.delta", {
      item_id: "fc",
      output_index: 1,
      delta: '{"a":1}',
    }),
    ev("response.function_call_arguments.done", {
      item_id: "fc",
      output_index: 1,
      name: "ls",
      arguments: '{"a":1}',
    }),
    ev("response.output_item.done", item(1, fcall)),
    ev("response.completed", {
      response: {
        ...base,
        status: "completed",
        output: [message, fcall],
        usage: {
          input_tokens: 9,
          input_tokens_details: { cached_tokens: 4 },
          output_tokens: 6,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: 15,
        },
      },
    }),
  ],
};

const part = (parts: object[], more: object = {}) => ({
  candidates: [{ content: { role: "model", parts }, index: 0, ...more }],
  modelVersion: "g",
});

export const GEMINI: Record<string, Event[]> = {
  "thought, text, call": [
    part([{ text: "hm ", thought: true }]),
    part([{ text: "so", thought: true }]),
    {
      ...part([{ text: "Hé" }]),
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1, totalTokenCount: 5 },
    },
    part([{ text: "🎈", thoughtSignature: "c2ln" }]),
    part([{ functionCall: { name: "ls", args: { d: [1, null] }, id: "f1" } }]),
    {
      ...part([{ text: "" }], { finishReason: "STOP" }),
      usageMetadata: {
        promptTokenCount: 4,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 2,
        totalTokenCount: 9,
      },
    },
  ],
};
