import assert from "node:assert/strict";
import { test } from "node:test";
import { isStream } from "../../../../daemon/filing/streams.ts";

const JSON_BODY = Buffer.from('{"id":1}');
const EVENTS = Buffer.from('data: {"id":1}\n\n');

test("streams are known by their content type, their first bytes or their route", () => {
  for (const [type, first, url, is] of [
    ["text/event-stream", JSON_BODY, "/v1", true],
    ["Text/Event-Stream; charset=utf-8", EVENTS, "/v1", true],
    ["application/x-ndjson", JSON_BODY, "/api/chat", true],
    ["application/vnd.amazon.eventstream", Buffer.from([0, 0, 0, 90]), "/model", true],
    ["text/plain", EVENTS, "/v1", true],
    ["", EVENTS, "/v1", true],
    ["", Buffer.from(": OPENROUTER PROCESSING\n\n"), "/v1", true],
    ["", Buffer.from("\ufeffevent: ping\n"), "/v1", true],
    ["application/json", JSON_BODY, "/v1beta/models/g:streamGenerateContent", true],
    ["application/json", JSON_BODY, "/v1beta/models/g:streamGenerateContent?key=k", true],
    ["application/json", EVENTS, "/v1", false],
    ["application/json", JSON_BODY, "/v1beta/models/g:generateContent", false],
    ["text/plain", Buffer.from("database: none"), "/v1", false],
    ["application/octet-stream", Buffer.from([1, 2]), "/v1/files", false],
  ] as const) {
    assert.equal(isStream([["Content-Type", type]], 3, first, url), is, `${type} ${url}`);
  }
});

test("without a chunk there is no stream", () => {
  assert.equal(isStream([["content-type", "text/event-stream"]], 0, Buffer.alloc(0), "/"), false);
});
