import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionInBody } from "../../../../record/dialects/session.ts";

const CASES: [string, unknown, string | null][] = [
  ["session_id", { session_id: "s" }, "s"],
  [
    "a conversation that the provider keeps",
    { conversation: "conv_1", prompt_cache_key: "p" },
    "conv_1",
  ],
  ["the same as an object", { conversation: { id: "conv_1" } }, "conv_1"],
  ["another word's conversation", { conversation: "our talk" }, null],
  ["session_id goes before it", { conversation: "conv_1", session_id: "s" }, "s"],
  ["prompt_cache_key", { prompt_cache_key: "p" }, "p"],
  ["session_id goes before prompt_cache_key", { prompt_cache_key: "p", session_id: "s" }, "s"],
  [
    "JSON in metadata.user_id",
    { metadata: { user_id: '{"device_id":"d","session_id":"c0ffee00"}' } },
    "c0ffee00",
  ],
  [
    "words in metadata.user_id",
    { metadata: { user_id: "user_ab_account_x_session_1234-5678" } },
    "1234-5678",
  ],
  ["a user_id that names no session", { metadata: { user_id: "me" } }, null],
  ["JSON without a session", { metadata: { user_id: '{"a":1}' } }, null],
  ["broken JSON", { metadata: { user_id: "{" } }, null],
  ["not a string", { session_id: 7 }, null],
  ["empty", { session_id: "", prompt_cache_key: "" }, null],
  ["far too long", { session_id: "x".repeat(10_000) }, null],
  ["no body", undefined, null],
];

for (const [name, body, expected] of CASES) {
  test(`session in the body: ${name}`, () => assert.equal(sessionInBody(body), expected));
}
