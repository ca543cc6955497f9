import assert from "node:assert/strict";
import { test } from "node:test";
import { errorAnswer } from "../../../../daemon/proxy/refusal.ts";

const read = (path: string, code: "upstream-dns" | "unknown-upstream" = "upstream-dns") => {
  const answer = errorAnswer({ code, message: "it broke" }, path);
  return { ...answer, json: JSON.parse(answer.body.toString()) };
};

test("the shape of an error follows the path of the request", () => {
  assert.match(read("/openai/v1/chat/completions").json.error.message, /^callnumber: it broke \(/);
  assert.equal(read("/openai/v1/chat/completions").json.error.code, "upstream-dns");
  assert.equal(read("/anthropic/v1/messages?beta=true").json.type, "error");
  assert.equal(read("/anthropic/v1/messages").json.error.type, "api_error");
  assert.equal(
    read("/google/v1beta/models/m:streamGenerateContent?alt=sse").json.error.status,
    "UNAVAILABLE",
  );
  assert.equal(typeof read("/ollama/api/chat").json.error, "string");
});

test("status, code header and length are right, and nothing opens the answer to web pages", () => {
  const { status, headers, body } = read("/x", "unknown-upstream");
  assert.equal(status, 404);
  assert.equal(headers[headers.indexOf("x-callnumber-error") + 1], "unknown-upstream");
  assert.equal(headers[headers.indexOf("content-length") + 1], String(body.length));
  assert.doesNotMatch(headers.join(), /access-control/i);
});
