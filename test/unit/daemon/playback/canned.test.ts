import assert from "node:assert/strict";
import { test } from "node:test";
import { cannedAnswer } from "../../../../daemon/playback/canned.ts";

const text = (method: string, path: string, body: object) =>
  cannedAnswer(method, path, JSON.stringify(body), 1_700_000_000_000);
const joined = (answer: ReturnType<typeof cannedAnswer>) =>
  answer.pieces.map((piece) => piece.text).join("");

for (const [path, body] of [
  ["/v1/chat/completions", { messages: [{ role: "user", content: "ping" }] }],
  [
    "/v1/chat/completions",
    { stream: true, messages: [{ role: "user", content: [{ type: "text", text: "ping" }] }] },
  ],
  ["/v1/responses", { input: "ping" }],
  [
    "/v1/responses",
    { stream: true, input: [{ role: "user", content: [{ type: "input_text", text: "ping" }] }] },
  ],
  ["/v1/messages", { messages: [{ role: "user", content: "ping" }] }],
  ["/v1/messages?beta=true", { stream: true, messages: [{ role: "user", content: "ping" }] }],
  ["/v1beta/models/m:generateContent", { contents: [{ parts: [{ text: "ping" }] }] }],
  ["/v1beta/models/m:streamGenerateContent?alt=sse", { contents: [{ parts: [{ text: "ping" }] }] }],
  ["/v1beta/models/m:streamGenerateContent", { contents: [{ parts: [{ text: "ping" }] }] }],
  ["/api/chat", { messages: [{ role: "user", content: "ping" }] }],
  ["/api/generate", { prompt: "ping", stream: false }],
] as const) {
  test(`${path} ${JSON.stringify(body).slice(0, 20)} is answered in its own shape`, () => {
    const answer = text("POST", path, body);
    assert.equal(answer.status, 200);
    assert.match(joined(answer), /ping/);
    assert.deepEqual(text("POST", path, body), answer);
  });
}

test("a Gemini stream without alt=sse is one JSON array", () => {
  const chunks = JSON.parse(
    joined(text("POST", "/v1beta/models/m:streamGenerateContent", { contents: "x" })),
  );
  assert.equal(chunks.at(-1).candidates[0].finishReason, "STOP");
});

test("models are listed, and an unknown route is a 404", () => {
  assert.match(joined(cannedAnswer("GET", "/v1/models", "", 0)), /playback-1/);
  assert.match(joined(cannedAnswer("GET", "/api/tags", "", 0)), /playback-1/);
  assert.equal(cannedAnswer("POST", "/v1/unknown", "{}", 0).status, 404);
});

test("bodies that are no JSON are answered too", () => {
  for (const body of ["", "[]", "null", "\0", '"x"', '{"messages":5}']) {
    assert.equal(cannedAnswer("POST", "/v1/chat/completions", body, 0).status, 200, body);
  }
});
