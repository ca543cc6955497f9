import assert from "node:assert/strict";
import { test } from "node:test";
import { recogniseClient, sessionOf } from "../../../../daemon/config/clients.ts";

for (const [name, headers] of [
  ["claude-code", { "user-agent": "claude-cli/2.1.0 (external, cli)" }],
  ["codex", { "user-agent": "codex_exec/0.60.0", originator: "codex_exec" }],
  ["codex", { originator: "codex_cli_rs" }],
  ["gemini-cli", { "user-agent": "GeminiCLI/0.18.0/gemini-3 (linux; x64)" }],
  ["qwen-code", { "user-agent": "QwenCode/0.2.1 (linux; x64)" }],
  ["opencode", { "user-agent": "opencode/1.0.1" }],
  ["openai-sdk", { "user-agent": "OpenAI/JS 7.57.0" }],
  ["anthropic-sdk", { "user-agent": "Anthropic/JS 1.12.0" }],
  ["cline", { "x-title": "Cline" }],
  ["pi", { "user-agent": "pi (linux 6.18; x64)" }],
  ["ai-sdk", { "user-agent": "ai/7.0.173 ai-sdk-provider-utils/5.0.81 node.js/24" }],
  ["ai-sdk", { "user-agent": "ai-sdk/openai-compatible/3.0.37 runtime/bun/1.3.13" }],
] as const) {
  test(`${JSON.stringify(headers)} is ${name}`, () => {
    assert.equal(recogniseClient(headers), name);
  });
}

test("a client that says nothing of itself is null, never a guess", () => {
  assert.equal(recogniseClient({}), null);
  assert.equal(recogniseClient({ "user-agent": "node" }), null);
  assert.equal(recogniseClient({ "user-agent": "my claude-cli/2 wrapper" }), null);
  assert.equal(recogniseClient({ "user-agent": "pip/25.0" }), null);
  assert.equal(recogniseClient({ "user-agent": "air/1.0" }), null);
});

test("the most telling session header wins", () => {
  const all = {
    session_id: "e",
    "x-session-id": "d",
    "thread-id": "c",
    "session-id": "b",
    "x-claude-code-session-id": "a",
  };
  assert.equal(sessionOf(all), "a");
  assert.equal(sessionOf({ "thread-id": "c", session_id: "e" }), "c");
  assert.equal(sessionOf({ session_id: "e" }), "e");
  assert.equal(sessionOf({ "session-id": "" }), null);
});
