import assert from "node:assert/strict";
import { test } from "node:test";
import { frameHead } from "../../../../daemon/proxy/answer-framing.ts";
import { readFacts } from "../../../../daemon/proxy/headers.ts";
import type { RequestHead } from "../../../../daemon/proxy/request-parser.ts";

const asked = (method = "GET", http: "1.1" | "1.0" = "1.1"): RequestHead => {
  const raw = ["Host", "h"];
  return { method, target: "/", http, raw, fields: { host: "h" }, facts: readFacts(raw) };
};
const framed = (request: RequestHead, status: number, headers: string[], stays = true) =>
  frameHead(request, status, "Fine", headers, stays);

test("a length stays as it is; without one an HTTP/1.1 client gets chunks", () => {
  const counted = framed(asked(), 200, ["X-A", "b", "Content-length", "5"]);
  assert.equal(counted.body, "length");
  assert.equal(
    counted.text,
    "HTTP/1.1 200 Fine\r\nX-A: b\r\nContent-length: 5\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\n",
  );
  const chunked = framed(asked(), 200, []);
  assert.equal(chunked.body, "chunked");
  assert.match(chunked.text, /\r\nTransfer-Encoding: chunked\r\n\r\n$/);
});

test("an HTTP/1.0 client gets the end of the connection in place of chunks", () => {
  const { text, body } = framed(asked("GET", "1.0"), 200, []);
  assert.equal(body, "close");
  assert.match(text, /\r\nConnection: close\r\n\r\n$/);
  assert.match(framed(asked("GET", "1.0"), 200, ["Content-Length", "1"]).text, /keep-alive/);
});

test("HEAD, 204 and 304 have no body, whatever their headers say", () => {
  for (const [method, status] of [
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ] as const) {
    for (const headers of [[], ["Content-Length", "9"]]) {
      const { text, body } = framed(asked(method), status, headers);
      assert.equal(body, "none");
      assert.doesNotMatch(text, /chunked/);
      const kept = headers.length > 0 && status !== 204;
      assert.equal(text.includes("Content-Length: 9"), kept);
    }
  }
});

test("the end of the connection is announced", () => {
  assert.match(framed(asked(), 200, [], false).text, /\r\nConnection: close\r\n/);
});

test("what would split an answer cannot be sent", () => {
  for (const headers of [
    ["X\r\nY", "1"],
    ["X", "1\r\nY: 2"],
    ["X", "\0"],
    ["X Y", "1"],
    ["X", "語"],
    ["", "1"],
  ]) {
    assert.throws(() => framed(asked(), 200, headers), /cannot be sent/);
  }
  for (const status of [0, 99, 101, 199, 1000, 200.5, Number.NaN]) {
    assert.throws(() => framed(asked(), status, []), /cannot be sent/);
  }
  assert.throws(() => frameHead(asked(), 200, "a\r\nb", [], true), /cannot be sent/);
});
