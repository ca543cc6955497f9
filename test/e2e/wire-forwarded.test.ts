/**
 * "Forwarded exactly, recorded safely", line by line: odd but legal traffic goes through byte for
 * byte, and what the filer makes of it joins back to the same bytes.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { openTree } from "../../record/reader/tree.ts";
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
  daemon = await startTestDaemon(
    `limits: { decode: 1MiB }\nupstreams: { up: "http://127.0.0.1:${upstream.port}" }`,
  );
});

after(async () => {
  await upstream.close();
  await daemon.close();
});

interface Recorded {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads into the line freely
  readonly line: any;
  readonly request: Buffer | null;
  readonly response: Buffer | null;
}

/** Waits until all is filed and reads the exchange back whose path holds `mark`. */
async function recorded(mark: string): Promise<Recorded> {
  const filer = await daemon.daemon.filer;
  filer.wake();
  assert.equal(await filer.drain(40_000), true);
  const tree = openTree(join(daemon.folder, "captures"));
  for (const { number } of tree.streams()) {
    for (const { files } of tree.days(number)) {
      const day = tree.openDay(files);
      try {
        for (const x of day.exchanges()) {
          if (!x.request.url.includes(mark)) continue;
          return { line: x, request: day.requestBody(x), response: day.responseBody(x) };
        }
      } finally {
        day.close();
      }
    }
  }
  throw new Error(`nothing filed with ${mark}`);
}

/** One exchange: `body` up, `answer` (a head without framing, and a body) down. */
async function roundTrip(
  mark: string,
  body: Buffer,
  answer: { head?: string; body: Buffer },
  headers: string[] = [],
): Promise<{ got: Buffer; upstreamGot: Buffer }> {
  const client = await rawClient(daemon.port);
  const head = request(daemon.port, `POST /up/${mark}`, [
    ...headers,
    `Content-Length: ${body.length}`,
  ]);
  client.send(Buffer.concat([Buffer.from(head, "latin1"), body]));
  const served = await upstream.next();
  await bodyOf(served, body.length);
  const framing = `Content-Length: ${answer.body.length}\r\nConnection: close\r\n\r\n`;
  served.send(`HTTP/1.1 200 OK\r\n${answer.head ?? ""}${framing}`);
  served.send(answer.body);
  const got = await bodyOf(client, answer.body.length);
  client.socket.destroy();
  return { got, upstreamGot: served.received.subarray(-body.length || served.received.length) };
}

async function bodyOf(peer: RawPeer, bytes: number): Promise<Buffer> {
  const start = () => peer.received.indexOf("\r\n\r\n") + 4;
  await peer.until(() => start() >= 4 && peer.received.length >= start() + bytes, `${bytes} bytes`);
  return peer.received.subarray(start(), start() + bytes);
}

const JSON_TYPE = "Content-Type: application/json\r\n";

test("trailers of a response reach the client as trailers, not merged, and are recorded", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/trailers", ["TE: trailers"]));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\nx-odd:\r\n\r\n",
  );
  await client.untilText("\r\n0\r\nX-Sum: 1\r\nx-odd: \r\n\r\n");
  client.socket.destroy();
  const { line } = await recorded("/trailers");
  assert.deepEqual(line.response.trailers, [
    ["X-Sum", "1"],
    ["x-odd", ""],
  ]);
  assert.ok(!line.response.headers.some(([name]: [string]) => /x-sum/i.test(name)));
});

test("trailers of a chunked request reach the upstream, chunked", async () => {
  const client = await rawClient(daemon.port);
  const body = "3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n";
  client.send(
    request(daemon.port, "POST /up/rt", ["Transfer-Encoding: chunked", "Trailer: X-Sum"], body),
  );
  const served = await upstream.next();
  await served.untilText("X-Sum: 9\r\n\r\n");
  assert.ok(served.text.endsWith(`\r\n\r\n${body}`));
  assert.match(served.text, /\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n/);
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  await client.untilText("\r\n\r\n");
  client.socket.destroy();
});

test("Expect: 100-continue is the upstream's to answer, and its 100 reaches the client", async () => {
  const client = await rawClient(daemon.port);
  client.send(
    request(daemon.port, "POST /up/expect", ["Expect: 100-continue", "Content-Length: 2"]),
  );
  const served = await upstream.next();
  await served.untilText("Expect: 100-continue");
  assert.equal(client.text, "", "the daemon answered by itself");
  served.send("HTTP/1.1 100 Continue\r\n\r\n");
  await client.untilText("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  await served.untilText("{}");
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  await client.untilText("HTTP/1.1 200 OK");
  client.socket.destroy();
});

test("Expect: 100-continue answered by a 413 never asks for the body", async () => {
  const client = await rawClient(daemon.port);
  client.send(
    request(daemon.port, "POST /up/expect413", ["Expect: 100-continue", "Content-Length: 9"]),
  );
  const served = await upstream.next();
  await served.untilText("Expect: 100-continue");
  served.send("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
  await client.untilText("HTTP/1.1 413 No");
  assert.doesNotMatch(client.text, /100 Continue/);
  client.socket.destroy();
});

for (const [mark, what, body, head] of [
  [
    "gziplabel",
    "a gzip label on a plain body",
    Buffer.from('{"a":1}'),
    "Content-Encoding: gzip\r\n",
  ],
  [
    "truncgzip",
    "a truncated gzip body",
    gzipSync("x".repeat(10_000)).subarray(0, 40),
    "Content-Encoding: gzip\r\n",
  ],
  ["badutf8", "invalid UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0xc3, 0x28, 0x7d]), JSON_TYPE],
  ["surrogate", "a lone surrogate escape", Buffer.from('{"a":"\\ud800"}'), JSON_TYPE],
  [
    "bigline",
    "a 10 MB SSE line",
    Buffer.from(`data: ${"x".repeat(10_000_000)}\n\n`),
    "Content-Type: text/event-stream\r\n",
  ],
  [
    "deep",
    "JSON nested a million deep",
    Buffer.from("[".repeat(1_000_000) + "]".repeat(1_000_000)),
    JSON_TYPE,
  ],
  [
    "dupkeys",
    "duplicate keys, 1e400 and big integers",
    Buffer.from('{"a":1,"a":2,"b":1e400,"c":12345678901234567890}'),
    JSON_TYPE,
  ],
  [
    "proto",
    "__proto__",
    Buffer.from('{"__proto__":{"x":1},"constructor":null,"messages":[{"__proto__":1}]}'),
    JSON_TYPE,
  ],
  ["none", "an empty body", Buffer.alloc(0), JSON_TYPE],
  [
    "lines",
    "line separators of every kind",
    Buffer.from('{"a":"\u2028\u2029\u0085"}\r\n\n\r'),
    JSON_TYPE,
  ],
] as const) {
  test(`${what} goes both ways byte for byte and joins back`, async () => {
    const sent = mark === "bigline" ? Buffer.from("{}") : body;
    const { got, upstreamGot } = await roundTrip(mark, sent, { head, body }, ["X-Test: 1"]);
    assert.ok(got.equals(body), "the client got other bytes");
    assert.ok(
      upstreamGot.subarray(-sent.length || upstreamGot.length).equals(sent) || sent.length === 0,
    );
    const { line, response, request: stored } = await recorded(`/${mark}`);
    assert.equal(line.outcome, "complete");
    assert.equal(line.verbatim, true);
    assert.deepEqual(line.redactions, []);
    assert.ok((response ?? Buffer.alloc(0)).equals(body), "the record is other bytes");
    assert.ok((stored ?? Buffer.alloc(0)).equals(sent), "the recorded request is other bytes");
  });
}

test("a decompression bomb goes through as it is and is recorded undecoded", async () => {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  const bomb = brotliCompressSync(Buffer.alloc(64 * 1024 * 1024), quality);
  const answer = { head: "Content-Encoding: br\r\n", body: bomb };
  const { got } = await roundTrip("bomb", Buffer.from("{}"), answer);
  assert.ok(got.equals(bomb));
  const { line, response } = await recorded("/bomb");
  assert.ok(line.response.body.decode_error);
  assert.ok(response?.equals(bomb));
});

test("an emoji split across chunks, and chunks of one byte, arrive whole and in time", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/onebyte"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send(
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
  );
  const body = Buffer.from('data: {"x":"👩‍🚀é"}\n\n');
  for (const byte of body) served.send(Buffer.from([0x31, 13, 10, byte, 13, 10]));
  served.send("0\r\n\r\n");
  await client.until((peer) => peer.text.endsWith("\r\n0\r\n\r\n"), "the end");
  client.socket.destroy();
  const { response } = await recorded("/onebyte");
  assert.ok(response?.equals(body));
});

test("a GET with a body keeps it", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/getbody", ["Content-Length: 4"], "body"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\nbody");
  served.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  await client.untilText("\r\n\r\n");
  client.socket.destroy();
  assert.equal((await recorded("/getbody")).request?.toString(), "body");
});

test("64 MiB bodies go both ways byte for byte and join back", { timeout: 60_000 }, async () => {
  const body = Buffer.alloc(64 * 1024 * 1024);
  for (let i = 0; i < body.length; i += 4) body.writeUInt32LE((i * 2654435761) >>> 0, i);
  const client = await rawClient(daemon.port);
  const head = request(daemon.port, "POST /up/huge", [`Content-Length: ${body.length}`]);
  client.send(Buffer.from(head, "latin1"));
  client.send(body);
  const served = await upstream.next();
  // Collected apart: RawPeer would copy the whole at each chunk.
  const collect = (peer: RawPeer) => {
    const chunks: Buffer[] = [Buffer.from(peer.received)];
    peer.socket.removeAllListeners("data");
    return new Promise<Buffer>((resolve) => {
      let bytes = peer.received.length;
      let start = peer.received.indexOf("\r\n\r\n") + 4;
      peer.socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (start < 4) start = Buffer.concat(chunks).indexOf("\r\n\r\n") + 4;
        if (start >= 4 && bytes - start >= body.length) {
          resolve(Buffer.concat(chunks).subarray(start));
        }
      });
    });
  };
  assert.ok((await collect(served)).equals(body), "the upstream got other bytes");
  const down = collect(client);
  served.socket.write(
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  );
  served.socket.write(body);
  assert.ok((await down).equals(body), "the client got other bytes");
  client.socket.destroy();
  const { request: stored, response } = await recorded("/huge");
  assert.ok(stored?.equals(body));
  assert.ok(response?.equals(body));
});

test("a 204 that brings a body: the body is dropped with the connection", async () => {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/odd204"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\nsurplus");
  await client.untilText("X-A: b");
  await served.untilClosed();
  assert.doesNotMatch(client.text, /surplus/);
  client.socket.destroy();
});

test("a 304 and an answer to HEAD keep their content-length and have no body", async () => {
  for (const [line, answer] of [
    ["GET /up/r304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"],
    ["HEAD /up/head", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"],
  ] as const) {
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, line));
    const served = await upstream.next();
    await served.untilText("\r\n\r\n");
    served.send(answer);
    await client.untilText("\r\n\r\n");
    assert.match(client.text, /Content-Length: 9\r\n/);
    assert.ok(client.text.endsWith("\r\n\r\n"));
    client.socket.destroy();
  }
});

test("a response header of 20 KB goes through", async () => {
  const long = "v".repeat(20_000);
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/longhead"));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send(
    `HTTP/1.1 200 OK\r\nX-Long: ${long}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  await client.untilText("\r\n\r\n");
  assert.ok(client.text.includes(`X-Long: ${long}\r\n`));
  client.socket.destroy();
});

for (const [mark, model] of [
  ["traversal", "../../etc/passwd"],
  ["cjk", "模".repeat(300)],
  ["nfc", "é"],
  ["nfd", "e\u0301"],
  ["con", "CON"],
] as const) {
  test(`the model name ${JSON.stringify(model.slice(0, 20))} is text and nothing else`, async () => {
    const body = Buffer.from(JSON.stringify({ model, messages: [{ role: "user", content: "x" }] }));
    const answer = { head: JSON_TYPE, body: Buffer.from("{}") };
    await roundTrip(`v1/chat/completions?${mark}`, body, answer);
    const { line, request: stored } = await recorded(`?${mark}`);
    assert.ok(stored?.equals(body));
    assert.equal(line.llm?.model, model);
  });
}

test("an HTTP/1.0 client gets an answer without chunks that ends with the connection", async () => {
  const client = await rawClient(daemon.port);
  client.send(`GET /up/http10 HTTP/1.0\r\nHost: 127.0.0.1:${daemon.port}\r\n\r\n`);
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nX: 1\r\n\r\n",
  );
  await client.untilClosed();
  assert.match(client.text, /\r\n\r\n\{\}$/);
  client.socket.destroy();
});

test("requests that a client pipelines wait for each other and are answered in their order", async () => {
  const client = await rawClient(daemon.port);
  const lines = ["GET /up/p1", "GET /nowhere/p2", "POST /up/p3"];
  const [one = "", two = "", three = ""] = lines.map((line) => request(daemon.port, line));
  const body = three.replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nbody");
  client.send(one + two + body.slice(0, -2));
  const first = await upstream.next();
  await first.untilText("/p1 ");
  client.send(body.slice(-2));
  const before = upstream.connections.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(upstream.connections.length, before, "one at a time");
  first.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\none");
  const third = await upstream.next();
  await third.untilText("\r\n\r\nbody");
  third.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree");
  await client.until((peer) => peer.text.endsWith("three"), "all answers");
  const order = ["one", "unknown-upstream", "three"].map((part) => client.text.indexOf(part));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  client.socket.destroy();
});

test("headers that the configuration sets replace the client's, and the exchange is not verbatim", async () => {
  const own = await RawUpstream.start();
  const other = await startTestDaemon(
    `upstreams: { up: { url: "http://127.0.0.1:${own.port}/base", headers: { authorization: "Bearer team-key-000111222333", x-new: "1" } } }`,
  );
  const answer = fetch(`${other.url}/up/x`, {
    headers: { authorization: "Bearer mine-444555666777" },
  });
  const served = await own.next();
  await served.untilText("\r\n\r\n");
  assert.match(served.text, /^GET \/base\/x HTTP/);
  assert.match(served.text, /\r\nauthorization: Bearer team-key-000111222333\r\n/);
  assert.match(served.text, /\r\nx-new: 1\r\n/);
  assert.doesNotMatch(served.text, /mine-444/);
  const echo = "you sent team-key-000111222333";
  served.send(`HTTP/1.1 401 No\r\nContent-Length: ${echo.length}\r\n\r\n${echo}`);
  assert.equal(await (await answer).text(), echo);
  const [filed] = await other.filed();
  assert.equal(filed?.verbatim, false);
  assert.doesNotMatch(JSON.stringify(filed), /000111222333|444555666777/);
  assert.equal(filed?.redactions.length, 1);
  await own.close();
  await other.close();
});
