import assert from "node:assert/strict";
import { test } from "node:test";
import { type FiledCall, reprice } from "../../../../record/prices/reprice.ts";

const call: FiledCall = {
  api: "openai.chat",
  operation: "chat",
  url: "https://api.openai.com/v1/chat/completions",
  model: "gpt-4o",
  response: { model: "gpt-4o-2024-08-06", usage: { prompt_tokens: 1e6, completion_tokens: 0 } },
  headers: [],
  started: new Date("2026-01-01"),
};

test("a filed call is priced by its dialect's facts", () => {
  assert.equal(reprice(call)?.usd, 2.5);
});

test("what costs nothing, or is no known API, has no price", () => {
  assert.equal(reprice({ ...call, operation: "retrieve" }), null);
  assert.equal(reprice({ ...call, api: "tomorrow.chat" }), null);
  assert.equal(reprice({ ...call, response: null }), null);
});
