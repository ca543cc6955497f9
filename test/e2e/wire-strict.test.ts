/**
 * What the strictness of the byte path means on real sockets: answers with two readings are a 502,
 * breaks are breaks to every kind of client, trailers and interim answers carry nothing of the
 * connection's or the daemon's own.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { LIMITS } from "../../record/limits.ts";
import {
  type RawPeer,
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

/** Sends a request and hands over both ends once it has arrived. */
async function asked(bytes: string): Promise<{ client: RawPeer; served: RawPeer }> {
  const client = await rawClient(daemon.port);
  client.send(bytes);
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  return { client, served };
}

const zipped = gzipSync("data: 1\n\n").toString("latin1");
const chunk = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

for (const [name, head, body] of [
  ["gzip under its chunks", "Transfer-Encoding: gzip, chunked", chunk(zipped)],
  ["gzip as its only transfer-encoding", "Transfer-Encoding: gzip", zipped],
  ["two content-lengths that agree", "Content-Length: 2\r\nContent-Length: 2", "hi"],
  ["a length and chunks", "Content-Length: 2\r\nTransfer-Encoding: chunked", chunk("hi")],
] as const) {
  test(`an answer with ${name} is a 502`, async () => {
    const { client, served } = await asked(request(daemon.port, "GET /up/x"));
    served.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`);
    await client.untilText("x-callnumber-error: upstream-protocol");
    assert.match(client.text, /^HTTP\/1\.1 502 /);
    await served.untilClosed();
    client.socket.destroy();
  });
}

test("white space behind a chunk size breaks the answer off", async () => {
  const { client, served } = await asked(request(daemon.port, "GET /up/x"));
  served.send(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n5 \r\nhello\r\n0\r\n\r\n",
  );
  await client.untilClosed();
  assert.match(client.text, /\r\n2\r\nhi\r\n$/);
});

test("a late body of a 304 is not the answer to the next request", async () => {
  const { client, served } = await asked(request(daemon.port, "GET /up/x"));
  served.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 45\r\n\r\n");
  await client.untilText("304 Not Modified");
  const next = await asked(request(daemon.port, "GET /up/y"));
  assert.notEqual(next.served, served);
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden");
  next.served.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nown");
  await next.client.untilText("own");
  client.socket.destroy();
  next.client.socket.destroy();
});

test("a bare CR in a head is refused before the head is complete", async () => {
  const client = await rawClient(daemon.port);
  client.send(`GET /up/x HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nX: a\rb`);
  await client.untilText("HTTP/1.1 400 ");
  client.socket.destroy();
});

test("trailers lose what decides about access, borders and content, in both directions", async () => {
  const trailers = (own: string) =>
    `0\r\nDigest: ${own}\r\nContent-Length: 9\r\nAuthorization: a\r\nX-Callnumber-Token: t\r\n\r\n`;
  const { client, served } = await asked(
    request(daemon.port, "POST /up/x", ["Transfer-Encoding: chunked"], trailers("of-request")),
  );
  await served.untilText("\r\n0\r\nDigest: of-request\r\n\r\n");
  served.send(
    `HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${trailers("of-answer")}`,
  );
  await client.untilText("\r\n0\r\nDigest: of-answer\r\n\r\n");
  client.socket.destroy();
});

test("an interim answer crosses without hop-by-hop headers", async () => {
  const { client, served } = await asked(request(daemon.port, "GET /up/x"));
  served.send(
    "HTTP/1.1 103 Hints\r\nLink: a\r\nKeep-Alive: 5\r\nConnection: X-A\r\nX-A: b\r\n\r\n",
  );
  await client.untilText("HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n");
  served.send("HTTP/1.1 204 No Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  await client.untilText("204 No Content");
  assert.doesNotMatch(client.text, /content-length/i);
  client.socket.destroy();
});

for (const [name, count] of [
  ["as many as are allowed go on", LIMITS.interimCount],
  ["one more is a 502", LIMITS.interimCount + 1],
] as const) {
  test(`of interim answers ${name}`, async () => {
    const { client, served } = await asked(request(daemon.port, "GET /up/x"));
    served.send(`HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n`.repeat(count));
    const isFlood = count > LIMITS.interimCount;
    if (isFlood) await served.untilClosed();
    else served.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndone");
    await client.untilText(isFlood ? "interim answers to one request" : "\r\n\r\ndone");
    assert.equal(client.text.split("HTTP/1.1 103 ").length - 1, LIMITS.interimCount);
    assert.equal(client.text.includes("HTTP/1.1 502 "), isFlood);
    client.socket.destroy();
  });
}

test("an upgrade that gets interim answers without end is refused", async () => {
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket"];
  const { client, served } = await asked(request(daemon.port, "GET /up/x", upgrade));
  served.send("HTTP/1.1 103 Hints\r\n\r\n".repeat(LIMITS.interimCount + 1));
  await client.untilText("interim answers to one request");
  assert.match(client.text, /^HTTP\/1\.1 502 /);
  await served.untilClosed();
  client.socket.destroy();
});

for (const [name, line, headers] of [
  ["HTTP/1.0", "GET /up/x HTTP/1.0", []],
  ["a refused upgrade", "GET /up/x HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"]],
] as const) {
  test(`a break in an answer that ends with the connection is a reset (${name})`, async () => {
    const host = `Host: 127.0.0.1:${daemon.port}`;
    const { client, served } = await asked(`${[line, host, ...headers].join("\r\n")}\r\n\r\n`);
    served.send("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
    await client.untilText("begin");
    served.socket.resetAndDestroy();
    await client.untilClosed();
    assert.equal(client.closed, "reset");
  });
}
