/**
 * "A transparent proxy must", line by line: a real daemon between a raw TCP client and a raw TCP
 * upstream, compared byte by byte.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { atBest } from "../timing.ts";
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

/** Sends one request and answers it with `answer`; gives what each side received. */
async function exchange(
  sent: string | Buffer,
  answer: string | Buffer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  awaited = "\r\n\r\n",
) {
  const client = await rawClient(daemon.port);
  client.send(sent);
  const served = await upstream.next();
  await served.untilText(awaited);
  served.send(answer);
  served.socket.end();
  const body = answer.toString("latin1").split("\r\n\r\n")[1] as string;
  await client.until((peer) => peer.text.endsWith(`\r\n\r\n${body}`), "the answer");
  client.socket.destroy();
  return { upstreamGot: served.received, clientGot: client.received, text: served.text };
}

const lineOf = (text: string) => text.slice(0, text.indexOf("\r\n"));
const headersOf = (text: string) => text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n").slice(1);
const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4);

for (const path of [
  "/v1beta/models/gemini-3:streamGenerateContent?alt=sse",
  "/v1/messages?beta=true",
  "/v1/files/a%2Fb%20c%C3%A9?q=%7B%22a%22%3A1%7D&x=+&y",
  "/api/tags",
  "/v1//double//slash/",
  "/v1/models/org%2Fname@latest;v=1,2!$&'()*",
  "/v1/dots/a..b/...",
  "",
  "?only=query",
]) {
  test(`1: the path ${JSON.stringify(path)} goes on untouched`, async () => {
    const { text } = await exchange(request(daemon.port, `GET /up${path}`));
    const expected = path === "" ? "/" : path.startsWith("?") ? `/${path}` : path;
    assert.equal(lineOf(text), `GET ${expected} HTTP/1.1`);
  });
}

for (const method of [
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "PURGE",
  "QUERY",
]) {
  test(`1: the method ${method} goes on`, async () => {
    const { text } = await exchange(request(daemon.port, `${method} /up/v1/x`));
    assert.equal(lineOf(text), `${method} /v1/x HTTP/1.1`);
  });
}

test("1: a number in the path is taken out", async () => {
  const { text } = await exchange(request(daemon.port, "GET /11.12/up/v1/models"));
  assert.equal(lineOf(text), "GET /v1/models HTTP/1.1");
});

test("1: a multipart body goes on byte for byte", async () => {
  const body = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n\x00\xff\r\n--b--\r\n';
  const head = [`Content-Type: multipart/form-data; boundary=b`, `Content-Length: ${body.length}`];
  const { text } = await exchange(
    request(daemon.port, "POST /up/v1/files", head, body),
    undefined,
    "--b--\r\n",
  );
  assert.equal(bodyOf(text), body);
});

test("2: a WebSocket upgrade passes with permessage-deflate, bytes untouched both ways", async () => {
  const client = await rawClient(daemon.port);
  const offer = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  ];
  client.send(request(daemon.port, "GET /up/v1/responses", offer));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  assert.deepEqual(headersOf(served.text), [`Host: 127.0.0.1:${upstream.port}`, ...offer]);
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
  served.send(answer);
  await client.untilText("\r\n\r\n");
  assert.equal(client.text, answer);
  const up = Buffer.from("c1868001020342e5af02\x00\xff", "latin1");
  const down = Buffer.from([0xc1, 0x05, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x00]);
  client.send(up);
  await served.until(
    (peer) => peer.received.length > 500 || peer.received.includes(up),
    "the frame",
  );
  served.send(down);
  await client.until((peer) => peer.received.includes(down), "the frame back");
  client.socket.end();
  await served.untilClosed();
  client.socket.destroy();
});

test("3: a zstd body and its label go on as they are", async () => {
  const body = zstdCompressSync(Buffer.from('{"model":"m","input":"hi"}'));
  const head = request(daemon.port, "POST /up/v1/responses", [
    "Content-Encoding: zstd",
    `Content-Length: ${body.length}`,
  ]);
  const client = await rawClient(daemon.port);
  client.send(Buffer.concat([Buffer.from(head, "latin1"), body]));
  const served = await upstream.next();
  await served.until((peer) => peer.received.includes(body), "the body");
  assert.ok(headersOf(served.text).includes("Content-Encoding: zstd"));
  served.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
  await client.untilText("{}");
  client.socket.destroy();
});

test("3: accept-encoding is neither added nor changed", async () => {
  const without = await exchange(request(daemon.port, "GET /up/v1/models"));
  assert.doesNotMatch(without.text, /accept-encoding/i);
  const odd = await exchange(
    request(daemon.port, "GET /up/v1/models", ["Accept-Encoding: zstd;q=1, *;q=0"]),
  );
  assert.ok(headersOf(odd.text).includes("Accept-Encoding: zstd;q=1, *;q=0"));
});

for (const [name, type, chunks] of [
  ["SSE", "text/event-stream", ["data: 1\r\n\r\n", ": ping\n\n", "data: [DONE]\n\n"]],
  ["NDJSON", "application/x-ndjson", ['{"a":1}\n', '{"done":true}\n']],
  ["AWS event-stream", "application/vnd.amazon.eventstream", ["\x00\x00\x00\x10", "\xff\xfe"]],
  ["plain bytes", "application/octet-stream", ["\x00", "\x01\x02"]],
] as const) {
  test(`4: ${name} is passed on chunk by chunk as it comes`, async () => {
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "POST /up/v1/x", ["Content-Length: 0"]));
    const served = await upstream.next();
    await served.untilText("\r\n\r\n");
    served.send(
      `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    await client.untilText("\r\n\r\n");
    for (const chunk of chunks) {
      const framed = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
      served.send(framed);
      // The next chunk is sent only after this one has arrived: nothing may be held back.
      await client.until((peer) => peer.text.endsWith(framed), JSON.stringify(chunk));
    }
    served.send("0\r\n\r\n");
    await client.until((peer) => peer.text.endsWith("\r\n0\r\n\r\n"), "the end");
    client.socket.destroy();
  });
}

test("4: a request body streams on before it is complete", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "POST /up/v1/x", ["Content-Length: 6"], "abc"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\nabc");
  client.send("def");
  await served.untilText("abcdef");
  served.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  await client.untilText("\r\n\r\n");
  client.socket.destroy();
});

test("4: backpressure holds the upstream back while the client does not read", async () => {
  const client = await rawClient(daemon.port);
  client.socket.pause();
  client.send(request(daemon.port, "GET /up/v1/big"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  const size = 64 * 1024 * 1024;
  served.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  const block = Buffer.alloc(1024 * 1024, "x");
  let written = 0;
  while (written < size && served.socket.write(block)) written += block.length;
  const held = await Promise.race([
    new Promise<boolean>((resolve) => served.socket.once("drain", () => resolve(false))),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 700)),
  ]);
  // Kernel buffers take a few megabytes; a daemon that buffered would take everything.
  if (!held) {
    for (; written < size; written += block.length) {
      const more = served.socket.write(block);
      if (!more && served.socket.writableLength > 16 * 1024 * 1024) break;
    }
  }
  assert.ok(served.socket.writableLength > 0, "the upstream could write all");
  client.socket.destroy();
  await served.untilClosed();
});

test("5: headers keep their order, case, empty and JSON values, and repetitions", async () => {
  const headers = [
    "X-Stainless-Lang: js",
    "session-id: a",
    "session_id: b",
    "cookie:",
    'X-JSON: {"a":[1,"b"],"c":"é"}',
    "X-Dup: 1",
    "x-dup: 2",
    "X-EMPTY:",
    "Content-Type: application/json",
    "Content-Length: 2",
    "User-Agent: Test/1.0 (x; y)",
    "x-api-key: k",
  ];
  const { text } = await exchange(
    request(daemon.port, "POST /up/v1/x", headers, "{}"),
    undefined,
    "{}",
  );
  const trimmed = headersOf(text).map((line) => line.trimEnd());
  assert.deepEqual(trimmed, [`Host: 127.0.0.1:${upstream.port}`, ...headers]);
});

test("5: hop-by-hop headers, those that Connection names, and x-callnumber-* are taken out", async () => {
  const { text } = await exchange(
    request(daemon.port, "GET /up/v1/x", [
      "Connection: close, X-Named",
      "X-Named: gone",
      "Keep-Alive: timeout=5",
      "Proxy-Authorization: Basic eDp5",
      "Proxy-Connection: keep-alive",
      "TE: trailers",
      "X-Callnumber-Label: review",
      "X-Kept: yes",
    ]),
  );
  assert.deepEqual(headersOf(text), [`Host: 127.0.0.1:${upstream.port}`, "X-Kept: yes"]);
});

test("5: response headers keep order, case, empty values and repetitions; hop-by-hop ones go", async () => {
  const headers = [
    "X-Request-ID: 1",
    "Set-Cookie: a=1",
    "set-cookie: b=2",
    "x-EMPTY: ",
    "date: now",
  ];
  const answer = `HTTP/1.1 200 Fine By Me\r\n${headers.join("\r\n")}\r\nConnection: close, x-named\r\nx-named: 1\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\n{}`;
  const { clientGot } = await exchange(request(daemon.port, "GET /up/v1/x"), answer);
  const text = clientGot.toString("latin1");
  assert.equal(lineOf(text), "HTTP/1.1 200 Fine By Me");
  const own = /^(?:connection|keep-alive):/i;
  const kept = headersOf(text).filter((line) => !own.test(line));
  assert.deepEqual(kept, [...headers, "Content-Length: 2"]);
});

for (const how of ["FIN", "RST"] as const) {
  test(`6: a ${how} of the client cancels the upstream within 100 ms`, async (t) => {
    const took = await atBest(100, async () => {
      const client = await rawClient(daemon.port);
      client.send(request(daemon.port, "POST /up/v1/x", ["Content-Length: 0"]));
      const served = await upstream.next();
      await served.untilText("\r\n\r\n");
      served.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      await client.untilText("hello");
      const began = performance.now();
      if (how === "FIN") client.socket.end();
      else client.socket.resetAndDestroy();
      await served.untilClosed();
      return performance.now() - began;
    });
    t.diagnostic(`${took.toFixed(1)} ms`);
    assert.ok(took < 100, `took ${took} ms`);
  });
}

for (const status of [400, 401, 413, 429, 500, 529, 999]) {
  test(`7: a ${status} comes back with its headers and its body`, async () => {
    const body = '{"error":{"message":"no"}}';
    const answer = `HTTP/1.1 ${status} Whatever\r\nretry-after: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { clientGot } = await exchange(
      request(daemon.port, "POST /up/v1/x", ["Content-Length: 0"]),
      answer,
    );
    const text = clientGot.toString("latin1");
    assert.equal(lineOf(text), `HTTP/1.1 ${status} Whatever`);
    assert.ok(headersOf(text).includes("retry-after: 7"));
    assert.equal(bodyOf(text), body);
  });
}

test("7: a 413 that comes while the upload runs reaches the client at once", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "POST /up/v1/x", ["Content-Length: 1000000"], "start"));
  const served = await upstream.next();
  await served.untilText("start");
  served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}");
  await client.untilText("{}");
  assert.equal(lineOf(client.text), "HTTP/1.1 413 Too Large");
  client.socket.destroy();
});

test("7: a POST whose connection breaks is not sent again", async () => {
  const client = await rawClient(daemon.port);
  const connections = upstream.connections.length;
  client.send(request(daemon.port, "POST /up/v1/x", ["Content-Length: 2"], "{}"));
  const served = await upstream.next();
  await served.untilText("{}");
  served.socket.destroy();
  await client.untilText("x-callnumber-error: upstream-closed");
  assert.equal(lineOf(client.text).split(" ")[1], "502");
  assert.equal(upstream.connections.length, connections + 1);
  client.socket.destroy();
});

test("7: a redirect is passed on, not followed", async () => {
  const answer =
    "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n";
  const connections = upstream.connections.length;
  const { clientGot } = await exchange(
    request(daemon.port, "POST /up/v1/x", ["Content-Length: 0"]),
    answer,
  );
  assert.match(
    clientGot.toString(),
    /^HTTP\/1\.1 307 Moved\r\nLocation: http:\/\/127\.0\.0\.1:1\/x\r\n/,
  );
  assert.equal(upstream.connections.length, connections + 1);
});

for (const size of [90_000, 700_000]) {
  test(`8: a first-turn body of ${size} bytes goes on byte for byte`, async () => {
    const body = JSON.stringify({ messages: ["é\u2028".repeat(size / 6)] });
    const bytes = Buffer.from(body);
    const head = request(daemon.port, "POST /up/v1/x", [`Content-Length: ${bytes.length}`]);
    const client = await rawClient(daemon.port);
    client.send(Buffer.concat([Buffer.from(head, "latin1"), bytes]));
    const served = await upstream.next();
    await served.until((peer) => peer.received.length >= bytes.length + 60, "the body");
    await served.until((peer) => peer.received.subarray(-bytes.length).equals(bytes), "all of it");
    served.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    await client.untilText("\r\n\r\n");
    client.socket.destroy();
  });
}

test("two requests of one client use one connection of the upstream", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/a"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  await client.untilText("\r\n\r\na");
  client.send(request(daemon.port, "GET /up/b"));
  await served.untilText("GET /b ");
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
  await client.until((peer) => peer.text.endsWith("\r\n\r\nb"), "the second answer");
  client.socket.destroy();
});
