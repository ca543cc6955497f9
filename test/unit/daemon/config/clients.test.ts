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
] as const) {
  test(`${JSON.stringify(headers)} is ${name}`, () => {
    assert.equal(recogniseClient(headers), name);
  });
}

test("a client that says nothing of itself is null, never a guess", () => {
  assert.equal(recogniseClient({}), null);
  assert.equal(recogniseClient({ "user-agent": "node" }), null);
  assert.equal(recogniseClient({ "user-agent": "my claude-cli/2 wrapper" }), null);
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
