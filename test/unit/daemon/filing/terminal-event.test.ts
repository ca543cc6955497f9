import assert from "node:assert/strict";
import { test } from "node:test";
import { endsWithTerminalEvent } from "../../../../daemon/filing/terminal-event.ts";
import { atBest } from "../../../timing.ts";

const SSE = "text/event-stream";
const chat = (finish: string) => `data: {"choices":[{"delta":{},"finish_reason":${finish}}]}\n\n`;

for (const [name, text] of [
  ["[DONE]", `${chat('"stop"')}data: [DONE]\n\n`],
  ["[DONE] with CRLF", "data: {}\r\n\r\ndata: [DONE]\r\n\r\n"],
  ["[DONE] without a blank line", "data: {}\n\ndata:[DONE]"],
  ["message_stop", 'event: message_stop\ndata: {"type":"message_stop"}\n\n'],
  ["message_stop without an event line", 'data: {}\n\ndata: {"type":"message_stop"}\n\n'],
  [
    "a long response.completed",
    `event: response.completed\ndata: {"type":"response.completed","response":{"output":[{"type":"message","x":"${"y".repeat(100_000)}"}]}}\n\n`,
  ],
  ["Gemini's finishReason", 'data: {"candidates":[{"finishReason":"STOP"}]}\n\n'],
] as const) {
  test(`a stream that ends with ${name} had come to its end`, () => {
    assert.equal(endsWithTerminalEvent(Buffer.from(text), SSE), true);
  });
}

for (const [name, text] of [
  ["nothing", ""],
  ["a delta", 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'],
  ["[DONE] inside a text", 'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n'],
  ["half an event", 'event: response.completed\ndata: {"type":"response.comp\n\ndata: {"a":1}'],
  [
    "an event that only quotes a terminal one",
    'data: {"type":"x","s":"\\"type\\":\\"message_stop\\""}\n\n',
  ],
] as const) {
  test(`a stream that ends with ${name} was broken off`, () => {
    assert.equal(endsWithTerminalEvent(Buffer.from(text), SSE), false);
  });
}

test("an NDJSON stream ends with done: true", () => {
  const ends = (text: string) => endsWithTerminalEvent(Buffer.from(text), "application/x-ndjson");
  assert.equal(ends('{"done":false}\n{"model":"m","done":true,"eval_count":3}\n'), true);
  assert.equal(ends('{"done":true}\n{"done":false}\n'), false);
});

test("a long line that says done again and again is looked at once", async () => {
  const line = Buffer.from(`${'"done":true '.repeat(300_000)}\n{}\n`);
  const best = await atBest(500, () => {
    const begun = performance.now();
    assert.equal(endsWithTerminalEvent(line, "application/x-ndjson"), false);
    return performance.now() - begun;
  });
  assert.ok(best < 500, `${best} ms`);
});
