/**
 * "Refused before any upstream is contacted", line by line, with raw bytes. Each test also holds
 * that no connection reached the upstream.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
  type TestDaemon,
} from "./daemon-harness.ts";

let daemon: TestDaemon;
let upstream: RawUpstream;

before(async () => {
  upstream = await RawUpstream.start();
  daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${upstream.port}" }`);
});

after(async () => {
  await upstream.close();
  await daemon.close();
});

/** Status of the first answer; asserts that nothing else happened. */
async function statusOf(bytes: string): Promise<number> {
  const before = upstream.connections.length;
  const client = await rawClient(daemon.port);
  client.send(bytes);
  await client.until((peer) => peer.text.includes("\r\n\r\n") || peer.closed !== null, "an answer");
  client.socket.destroy();
  assert.equal(upstream.connections.length, before, "the upstream was contacted");
  assert.doesNotMatch(client.text, /access-control/i);
  return Number(client.text.split(" ")[1]);
}

const host = () => `Host: 127.0.0.1:${daemon.port}\r\n`;
const bare = (head: string) => `${head}\r\n\r\n`;

const VECTORS: readonly (readonly [name: string, status: number, bytes: () => string])[] = [
  [
    "CL and TE together",
    400,
    () =>
      request(
        daemon.port,
        "POST /up/x",
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        "0\r\n\r\n",
      ),
  ],
  [
    "TE and CL together",
    400,
    () =>
      request(
        daemon.port,
        "POST /up/x",
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
        "0\r\n\r\n",
      ),
  ],
  [
    "two content-lengths that differ",
    400,
    () => request(daemon.port, "POST /up/x", ["Content-Length: 3", "Content-Length: 4"], "abcd"),
  ],
  [
    "two content-lengths that agree",
    400,
    () => request(daemon.port, "POST /up/x", ["Content-Length: 3", "Content-Length: 3"], "abc"),
  ],
  [
    "a content-length list",
    400,
    () => request(daemon.port, "POST /up/x", ["Content-Length: 3, 3"], "abc"),
  ],
  [
    "a signed content-length",
    400,
    () => request(daemon.port, "POST /up/x", ["Content-Length: +3"], "abc"),
  ],
  [
    "a transfer-encoding other than chunked",
    400,
    () => request(daemon.port, "POST /up/x", ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"),
  ],
  [
    "a transfer-encoding in disguise",
    400,
    () => request(daemon.port, "POST /up/x", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"),
  ],
  ["a bare LF after the request line", 400, () => `GET /up/x HTTP/1.1\n${host()}\r\n`],
  ["a bare LF after a header", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A: b\n\r\n`],
  ["an obs-fold", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A: b\r\n c\r\n\r\n`],
  ["white space before the colon", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A : b\r\n\r\n`],
  ["a NUL in a header", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A: b\0c\r\n\r\n`],
  ["an ESC in a header", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A: b\x1bc\r\n\r\n`],
  ["a CR in a header", 400, () => `GET /up/x HTTP/1.1\r\n${host()}X-A: b\rc\r\n\r\n`],
  ["two hosts", 400, () => `GET /up/x HTTP/1.1\r\n${host()}${host()}\r\n`],
  ["no host", 400, () => bare("GET /up/x HTTP/1.1")],
  ["HTTP/0.9", 400, () => "GET /up/x\r\n\r\n"],
  [
    "HTTP/1.0 with TE",
    400,
    () => `POST /up/x HTTP/1.0\r\n${host()}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["HTTP/1.2", 400, () => `GET /up/x HTTP/1.2\r\n${host()}\r\n`],
  ["HTTP/2 in a request line", 400, () => `GET /up/x HTTP/2.0\r\n${host()}\r\n`],
  [
    "absolute-form to another host",
    400,
    () => request(daemon.port, "GET http://evil.example/up/x"),
  ],
  ["absolute-form in upper case", 400, () => request(daemon.port, "GET HTTP://evil.example/up/x")],
  ["CONNECT", 400, () => "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n"],
  ["TRACE", 400, () => request(daemon.port, "TRACE /up/x")],
  ["asterisk-form", 400, () => request(daemon.port, "OPTIONS *")],
  ["//evil/x", 400, () => request(daemon.port, "GET //evil/x")],
  ["/\\evil", 400, () => request(daemon.port, "GET /\\evil")],
  ["/%2fevil", 400, () => request(daemon.port, "GET /%2fevil/x")],
  ["/%5cevil", 400, () => request(daemon.port, "GET /%5Cevil/x")],
  ["@evil as first segment", 400, () => request(daemon.port, "GET /up@evil/x")],
  ["@evil without a slash", 400, () => request(daemon.port, "GET @evil/x")],
  ["a backslash further on", 400, () => request(daemon.port, "GET /up/x\\..\\y")],
  ["/../..", 400, () => request(daemon.port, "GET /up/../../etc")],
  ["/..", 400, () => request(daemon.port, "GET /up/..")],
  ["/./", 400, () => request(daemon.port, "GET /up/./x")],
  ["/%2e%2e/", 400, () => request(daemon.port, "GET /up/%2e%2E/x")],
  ["/.%2e/", 400, () => request(daemon.port, "GET /up/.%2e/x")],
  ["/..%2f", 400, () => request(daemon.port, "GET /up/..%2fx")],
  ["/%252e%252e%252f", 400, () => request(daemon.port, "GET /up/%252e%252e%252fx")],
  ["/..;/", 400, () => request(daemon.port, "GET /up/..;/x")],
  ["%00 in the path", 400, () => request(daemon.port, "GET /up/x%00y")],
  ["%00 in the query", 400, () => request(daemon.port, "GET /up/x?a=%00")],
  ["a raw NUL in the path", 400, () => request(daemon.port, "GET /up/\0")],
  ["a fragment", 400, () => request(daemon.port, "GET /up/x#y")],
  [
    "70 KB of headers",
    431,
    () => request(daemon.port, "GET /up/x", [`X-A: ${"a".repeat(70_000)}`]),
  ],
  [
    "3,000 headers",
    431,
    () =>
      request(
        daemon.port,
        "GET /up/x",
        Array.from({ length: 3000 }, (_, i) => `x${i}: 1`),
      ),
  ],
  ["an h2 preface on the plain port", 400, () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a TLS hello on the plain port", 400, () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a foreign host (DNS rebinding)", 421, () => "GET /up/x HTTP/1.1\r\nHost: evil.example\r\n\r\n"],
  [
    "a foreign host that begins like ours",
    421,
    () => "GET /up/x HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n",
  ],
  ["a host with a user", 421, () => "GET /up/x HTTP/1.1\r\nHost: evil@127.0.0.1\r\n\r\n"],
  [
    "a foreign origin",
    403,
    () => request(daemon.port, "POST /up/x", ["Origin: https://evil.example", "Content-Length: 0"]),
  ],
  ["the origin null", 403, () => request(daemon.port, "GET /up/x", ["Origin: null"])],
  [
    "Sec-Fetch-Site: cross-site",
    403,
    () => request(daemon.port, "GET /up/x", ["Sec-Fetch-Site: cross-site"]),
  ],
  [
    "a preflight of a foreign origin",
    403,
    () =>
      request(daemon.port, "OPTIONS /up/x", [
        "Origin: https://evil.example",
        "Access-Control-Request-Method: POST",
      ]),
  ],
  [
    "a WebSocket of a foreign origin",
    403,
    () =>
      request(daemon.port, "GET /up/x", [
        "Origin: https://evil.example",
        "Connection: Upgrade",
        "Upgrade: websocket",
      ]),
  ],
  ["an upstream that does not exist", 404, () => request(daemon.port, "GET /nowhere/x")],
  ["a name of Object.prototype as upstream", 404, () => request(daemon.port, "GET /__proto__/x")],
  ["a host in place of an upstream", 404, () => request(daemon.port, "GET /evil.example/x")],
];

for (const [name, status, bytes] of VECTORS) {
  test(`${name}: ${status}`, async () => {
    assert.equal(await statusOf(bytes()), status);
  });
}

for (const [name, body] of [
  ["an odd chunk size", "zz\r\nabc\r\n0\r\n\r\n"],
  ["a chunk size with a sign", "+3\r\nabc\r\n0\r\n\r\n"],
  ["a chunk size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a chunk longer than its size", "3\r\nabcd\r\n0\r\n\r\n"],
  ["a chunk size that overflows", "fffffffffffffffff\r\nabc\r\n"],
  ["a bare LF after a chunk size", "3\nabc\r\n0\r\n\r\n"],
] as const) {
  test(`${name} never becomes a complete request at the upstream`, async () => {
    const own = await RawUpstream.start();
    const other = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${own.port}" }`);
    const client = await rawClient(other.port);
    client.send(request(other.port, "POST /up/x", ["Transfer-Encoding: chunked"], body));
    await client.untilClosed();
    for (const { text } of own.connections) assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
    const [filed] = await other.filed();
    assert.notEqual(filed?.outcome, "complete");
    client.socket.destroy();
    await own.close();
    await other.close();
  });
}

test("what is refused is recorded as rejected, without any body of ours to forward", async () => {
  const other = await startTestDaemon("");
  await fetch(`${other.url}/nowhere/v1/x`, { method: "POST", body: "{}" });
  const [filed] = await other.filed();
  assert.equal(filed?.outcome, "rejected");
  assert.equal(filed?.error.code, "unknown-upstream");
  assert.equal(filed?.upstream, null);
  assert.equal(filed?.response.status, 404);
  await other.close();
});

test("listening beyond loopback without a token is refused at the start", async () => {
  await assert.rejects(startTestDaemon("listen: 0.0.0.0:0"), { code: "token-required" });
});

test("a token is wanted, taken from header or path, never forwarded and never recorded", async () => {
  const own = await RawUpstream.start();
  const yaml = `token: opensesame99\nupstreams: { up: "http://127.0.0.1:${own.port}" }`;
  const other = await startTestDaemon(yaml);
  for (const token of [null, "opensesame98"]) {
    const headers = token === null ? undefined : { "x-callnumber-token": token };
    const refused = await fetch(`${other.url}/up/x`, { headers });
    assert.equal(refused.status, 403);
  }
  assert.equal((await fetch(`${other.url}/~wrong/up/x`)).status, 403);
  assert.equal(own.connections.length, 0);
  for (const [path, headers] of [
    ["/up/x", { "x-callnumber-token": "opensesame99" }],
    ["/~opensesame99/up/x", {}],
    ["/~opensesame99/11.11/up/x", {}],
  ] as const) {
    const answer = fetch(`${other.url}${path}`, { headers });
    const served = await own.next();
    await served.untilText("\r\n\r\n");
    assert.match(served.text, /^GET \/x HTTP/);
    assert.doesNotMatch(served.text, /opensesame/);
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert.equal((await answer).status, 200);
  }
  const filed = await other.filed();
  assert.equal(filed.length, 6);
  assert.doesNotMatch(JSON.stringify(filed), /opensesame99/);
  await own.close();
  await other.close();
});
