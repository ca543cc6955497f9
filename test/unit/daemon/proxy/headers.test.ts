import assert from "node:assert/strict";
import { test } from "node:test";
import {
  forwardInterimHeaders,
  forwardRequestHeaders,
  forwardResponseHeaders,
  forwardSwitchHeaders,
  forwardTrailers,
  readFacts,
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

test("trailers that decide about borders, routes, access or content are left out", () => {
  const sent = [
    ...["Content-Length", "Transfer-Encoding", "Host", "TE", "Trailer", "Connection", "Upgrade"],
    ...["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-API-Key", "Range"],
    ...["Content-Encoding", "Content-Type", "Content-Range", "Cache-Control", "If-Match", "Expect"],
    ...["Location", "Date", "Expires", "Retry-After", "Keep-Alive", "Max-Forwards", "Age", "Vary"],
    ...["x-callnumber-token", "X-CALLNUMBER-TOKEN", "X_Callnumber_Token", "x-callnumber_token"],
    ...["X-Callnumber-Label"],
  ].flatMap((name) => [name, "v"]);
  assert.deepEqual(forwardTrailers(sent), []);
  const kept = [
    "Digest",
    "a",
    "grpc-status",
    "0",
    "ETag",
    "b",
    "Server-Timing",
    "c",
    "digest",
    "d",
  ];
  assert.deepEqual(forwardTrailers([...sent, ...kept]), kept);
});

test("an interim answer loses its hop-by-hop headers and what is said of a body", () => {
  const raw = ["Link", "a", "Connection", "X-A", "X-A", "1", "Content-Length", "5"];
  const more = ["Transfer-Encoding", "chunked", "Keep-Alive", "x", "link", "b"];
  assert.deepEqual(forwardInterimHeaders([...raw, ...more]), ["Link", "a", "link", "b"]);
});

test("a switch keeps Upgrade and its Connection, and no other hop-by-hop header", () => {
  const raw = ["UPGRADE", "websocket", "connection", "upgrade", "Sec-WebSocket-Accept", "a"];
  assert.deepEqual(forwardSwitchHeaders(raw), raw);
  const more = [
    "Content-Length",
    "5",
    "Transfer-Encoding",
    "chunked",
    "Keep-Alive",
    "x",
    "X-A",
    "1",
  ];
  assert.deepEqual(
    forwardSwitchHeaders(["Connection", "X-A, Upgrade", ...more, ...raw.slice(0, 2)]),
    [...["Connection", "Upgrade", "UPGRADE", "websocket"]],
  );
});

test("the daemon's own headers are left out of requests in every spelling", () => {
  const raw = ["X-CallNumber-Token", "a", "x_callnumber_token", "b", "X-Call", "c", "Host", "h"];
  const options = { host: "up", replace: {}, body: "none", upgrade: false, hop: null } as const;
  assert.deepEqual(forwardRequestHeaders(raw, options), ["X-Call", "c", "Host", "up"]);
});
