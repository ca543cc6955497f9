import assert from "node:assert/strict";
import { test } from "node:test";
import { DIALECTS, dialectNamed, pathOf, recognise } from "../../../../record/dialects/registry.ts";

const PATHS: [string, string, string | null, string?][] = [
  ["POST", "/v1/chat/completions", "openai.chat", "chat"],
  ["POST", "//openai/deployments/d/chat/completions?api-version=1", "openai.chat", "chat"],
  ["POST", "https://host/api/v1/chat/completions/", "openai.chat", "chat"],
  ["POST", "/v1/completions", "openai.completions", "text_completion"],
  ["POST", "/v1/responses", "openai.responses", "chat"],
  ["GET", "/v1/responses/resp_1", "openai.responses", "retrieve"],
  ["DELETE", "/v1/responses/resp_1", "openai.responses", "delete"],
  ["POST", "/v1/responses/resp_1/cancel", "openai.responses", "cancel"],
  ["POST", "/v1/responses/compact", "openai.responses", "compact"],
  ["POST", "/v1/responses/input_tokens", "openai.responses", "count_tokens"],
  ["POST", "/v1/messages?beta=true", "anthropic.messages", "chat"],
  ["POST", "/v1/messages/count_tokens", "anthropic.count_tokens", "count_tokens"],
  ["POST", "/v1/threads/thread_1/messages", null],
  [
    "POST",
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict",
    "anthropic.messages",
    "chat",
  ],
  ["POST", "/v1beta/models/gemini-x:generateContent", "google.generate", "generate_content"],
  [
    "POST",
    "/v1/models/gemini-x:streamGenerateContent?alt=sse",
    "google.generate",
    "generate_content",
  ],
  ["POST", "/v1beta/models/gemini-x:countTokens", "google.count_tokens", "count_tokens"],
  ["POST", "/v1beta/models/e:batchEmbedContents", "embeddings", "embeddings"],
  ["POST", "/api/chat", "ollama.chat", "chat"],
  ["POST", "/api/generate", "ollama.generate", "text_completion"],
  ["POST", "/model/anthropic.claude-x%3A0/converse", "bedrock.converse", "chat"],
  ["POST", "/model/m/invoke-with-response-stream", "bedrock.invoke", "chat"],
  ["POST", "/v2/chat", "cohere.chat", "chat"],
  ["POST", "/v1/embeddings", "embeddings", "embeddings"],
  ["POST", "/v1/images/edits", "images", "image_edit"],
  ["POST", "/v1/audio/transcriptions", "audio", "transcription"],
  ["GET", "/v1/models", null],
  ["GET", "/v1/chat/completions", null],
  ["POST", "/v1/files", null],
];

for (const [method, url, api, operation] of PATHS) {
  test(`${method} ${url} is ${api ?? "no LLM call"}`, () => {
    const found = recognise(method, pathOf(url), undefined, undefined);
    assert.equal(found?.dialect.name ?? null, api);
    assert.equal(found?.operation, operation);
  });
}

test("where a path fits two APIs the shape decides", () => {
  const openai = { choices: [{ message: { content: "x" } }] };
  const cohere = { text: "x", generation_id: "g" };
  assert.equal(recognise("POST", "/v1/chat", {}, openai)?.dialect.name, "openai.chat");
  assert.equal(
    recognise("POST", "/v1/chat", { message: "x" }, cohere)?.dialect.name,
    "cohere.chat",
  );
});

test("under an unknown path the shape of request and answer decides", () => {
  const asked = { model: "m", messages: [{ role: "user", content: "x" }] };
  const cases: [unknown, unknown, string | null][] = [
    [asked, undefined, "openai.chat"],
    [{ ...asked, max_tokens: 1, system: "s" }, undefined, "anthropic.messages"],
    [asked, { type: "message", role: "assistant", content: [] }, "anthropic.messages"],
    [asked, { choices: [{ message: {} }] }, "openai.chat"],
    [asked, { message: { content: "x" }, done: true }, "ollama.chat"],
    [{ model: "m", input: [] }, { object: "response" }, "openai.responses"],
    [{ contents: [{ parts: [] }] }, { candidates: [] }, "google.generate"],
    [{ hello: 1 }, { world: 2 }, null],
  ];
  for (const [request, answer, api] of cases) {
    assert.equal(recognise("POST", "/gateway", request, answer)?.dialect.name ?? null, api);
  }
});

test("names are unique and found again", () => {
  assert.equal(new Set(DIALECTS.map(({ name }) => name)).size, DIALECTS.length);
  for (const dialect of DIALECTS) assert.equal(dialectNamed(dialect.name), dialect);
  assert.equal(dialectNamed("constructor"), null);
});
