import assert from "node:assert/strict";
import { test } from "node:test";
import {
  forwardRequestHeaders,
  forwardResponseHeaders,
  readFacts,
  toPairs,
} from "../../../../daemon/proxy/headers.ts";

const options = { host: "up:1", replace: {}, body: "none", upgrade: false, hop: null } as const;

test("order, case, repetitions and empty values stay; Host is set in its place", () => {
  const raw = ["A", "1", "hOsT", "me", "a", "2", "Cookie", "", "Content-LENGTH", "3"];
  assert.deepEqual(forwardRequestHeaders(raw, options), [
    "A",
    "1",
    "hOsT",
    "up:1",
    "a",
    "2",
    "Cookie",
    "",
    "Content-LENGTH",
    "3",
  ]);
});

test("hop-by-hop headers go, named ones too, but never those that decide about borders", () => {
  const raw = [
    "Connection",
    "X-A, close, Host, Content-Length",
    "x-a",
    "1",
    "Host",
    "h",
    "Content-Length",
    "2",
    "TE",
    "trailers",
    "Keep-Alive",
    "1",
    "Proxy-Authorization",
    "b",
    "X-Callnumber-Token",
    "t",
  ];
  assert.deepEqual(forwardRequestHeaders(raw, options), ["Host", "up:1", "Content-Length", "2"]);
});

test("a plain keep-alive and the framing of a chunked body stay where they were", () => {
  const raw = ["host", "h", "connection", "keep-alive", "transfer-encoding", "chunked", "x", "1"];
  const out = forwardRequestHeaders(raw, { ...options, body: "chunked" });
  assert.deepEqual(out, [
    "host",
    "up:1",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "chunked",
    "x",
    "1",
  ]);
});

test("configured headers replace the client's once, in place, or come last", () => {
  const raw = ["Authorization", "a", "Host", "h", "authorization", "b"];
  const out = forwardRequestHeaders(raw, {
    ...options,
    replace: { authorization: "own", "x-new": "1" },
  });
  assert.deepEqual(out, ["Authorization", "own", "Host", "up:1", "x-new", "1"]);
});

test("an upgrade keeps Connection and Upgrade as sent", () => {
  const raw = ["Host", "h", "Connection", "keep-alive, Upgrade", "Upgrade", "websocket"];
  const out = forwardRequestHeaders(raw, { ...options, upgrade: true });
  assert.deepEqual(out, [
    "Host",
    "up:1",
    "Connection",
    "keep-alive, Upgrade",
    "Upgrade",
    "websocket",
  ]);
});

test("a response loses its hop-by-hop headers alone", () => {
  const raw = [
    "Date",
    "x",
    "Connection",
    "x-b",
    "X-B",
    "1",
    "Transfer-Encoding",
    "chunked",
    "proxy-authenticate",
    "Basic",
    "Set-Cookie",
    "a",
    "set-cookie",
    "b",
  ];
  assert.deepEqual(forwardResponseHeaders(raw), [
    "Date",
    "x",
    "proxy-authenticate",
    "Basic",
    "Set-Cookie",
    "a",
    "set-cookie",
    "b",
  ]);
});

test("facts: framing, host and doubts", () => {
  const facts = (...raw: string[]) => readFacts(raw);
  assert.equal(facts("Host", "h").body, "none");
  assert.equal(facts("Host", "h", "Content-Length", "0").body, "none");
  assert.equal(facts("Host", "h", "content-length", "5").body, "length");
  assert.equal(facts("Host", "h", "Transfer-Encoding", "Chunked").body, "chunked");
  assert.equal(facts("Host", "h").doubtful, null);
  for (const raw of [
    [],
    ["Host", "a", "host", "b"],
    ["Host", "a", "Content-Length", "1", "content-length", "1"],
    ["Host", "a", "Content-Length", "1", "transfer-encoding", "chunked"],
    ["Host", "a", "transfer-encoding", "gzip, chunked"],
    ["Host", "a", "transfer-encoding", "chunked", "transfer-encoding", "chunked"],
  ]) {
    assert.ok(readFacts(raw).doubtful !== null, raw.join());
  }
});

test("pairs hold what the flat list holds", () => {
  assert.deepEqual(toPairs(["a", "1", "b", ""]), [
    ["a", "1"],
    ["b", ""],
  ]);
});
