/**
 * "Network" of the fault list, line by line: what goes wrong between daemon and upstream, or between
 * client and daemon, and what each side sees of it.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { atBest } from "../timing.ts";
import { makeCertificate } from "./certificate.ts";
import {
  type FiledExchange,
  type RawPeer,
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
} from "./daemon-harness.ts";

interface Scene {
  readonly client: RawPeer;
  readonly served: RawPeer;
  readonly upstream: RawUpstream;
}

/** Client and upstream face to face, the request read; gives what was filed in the end. */
async function scene(play: (scene: Scene) => Promise<void>, more = ""): Promise<FiledExchange> {
  const upstream = await RawUpstream.start();
  const entry = `{ url: "http://127.0.0.1:${upstream.port}"${more} }`;
  const daemon = await startTestDaemon(`upstreams: { up: ${entry} }`);
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "POST /up/v1/chat/completions", ["Content-Length: 2"], "{}"));
  const served = await upstream.next();
  await served.untilText("{}");
  await play({ client, served, upstream });
  client.socket.destroy();
  await upstream.close();
  const [filed] = await daemon.filed();
  await daemon.close();
  assert.ok(filed);
  return filed;
}

/** Asks through a daemon whose upstream is `entry`; gives the answer and what was filed. */
async function ask(entry: string) {
  const daemon = await startTestDaemon(`upstreams: { up: ${entry} }`);
  const answer = await fetch(`${daemon.url}/up/v1/messages`, { method: "POST", body: "{}" });
  const body = (await answer.json()) as { error: { message: string } };
  const [filed] = await daemon.filed();
  await daemon.close();
  assert.ok(filed);
  return { status: answer.status, code: answer.headers.get("x-callnumber-error"), body, filed };
}

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

test("16: a refused connection is a 502 in the dialect's own shape, recorded", async () => {
  const { status, code, body, filed } = await ask(`"http://127.0.0.1:${await closedPort()}"`);
  assert.deepEqual([status, code], [502, "upstream-unreachable"]);
  assert.match(body.error.message, /connection refused/);
  assert.equal(filed.outcome, "upstream_error");
  assert.equal(filed.error.code, "upstream-unreachable");
  assert.equal(filed.request.body.bytes, 2);
});

test("16: a name that does not resolve is a 502", async () => {
  const { status, code, filed } = await ask(`"http://no-such-host.invalid"`);
  assert.deepEqual([status, code], [502, "upstream-dns"]);
  assert.equal(filed.outcome, "upstream_error");
});

for (const [name, options, reason] of [
  ["self-signed", {}, /unknown|self-signed/],
  ["expired", { expired: true, trusted: true }, /expired/],
  ["for another host", { host: "other.example", trusted: true }, /another host/],
] as const) {
  test(`16: a certificate that is ${name} is a 502 that says so`, async () => {
    const { cert, key } = makeCertificate(options);
    const server = createTlsServer({ cert, key }, (socket) => socket.on("error", () => {}));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const ca = "trusted" in options ? `, ca: ${JSON.stringify(makeCertificate.save(cert))}` : "";
    const { status, code, body } = await ask(`{ url: "https://127.0.0.1:${port}"${ca} }`);
    assert.deepEqual([status, code], [502, "upstream-tls"]);
    assert.match(body.error.message, reason);
    server.close();
  });
}

test("16: the upstream's own CA makes its certificate good, and that of no other upstream", async () => {
  const { cert, key } = makeCertificate({});
  const server = createTlsServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const url = `https://127.0.0.1:${port}`;
  const ca = JSON.stringify(makeCertificate.save(cert));
  const daemon = await startTestDaemon(
    `upstreams:\n  good: { url: "${url}", ca: ${ca} }\n  bad: "${url}"\n`,
  );
  assert.equal((await fetch(`${daemon.url}/good/x`)).status, 200);
  assert.equal((await fetch(`${daemon.url}/bad/x`)).status, 502);
  await daemon.close();
  server.close();
});

for (const how of ["FIN", "RST"] as const) {
  test(`17: a ${how} of the upstream in mid-stream breaks the client's stream at once`, async (t) => {
    const took = await atBest(100, async () => {
      let ms = 0;
      const filed = await scene(async ({ client, served }) => {
        served.send(`${HEAD}6\r\nhello \r\n`);
        await client.untilText("hello");
        const began = performance.now();
        if (how === "FIN") served.socket.end();
        else served.socket.resetAndDestroy();
        await client.untilClosed();
        ms = performance.now() - began;
        assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
      });
      assert.equal(filed.outcome, "upstream_aborted");
      assert.equal(filed.error.code, "upstream-aborted");
      assert.equal(filed.response.body.bytes, 6);
      return ms;
    });
    t.diagnostic(`${took.toFixed(1)} ms`);
    assert.ok(took < 100, `${took} ms`);
  });
}

test("17: a body shorter than its content-length is a break, not an end", async () => {
  const filed = await scene(async ({ client, served }) => {
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    await client.untilText("half");
    served.socket.end();
    await client.untilClosed();
  });
  assert.equal(filed.outcome, "upstream_aborted");
  assert.equal(filed.response.body.bytes, 4);
});

test("17: an upstream that closes before its answer is a 502", async () => {
  const filed = await scene(async ({ client, served }) => {
    served.socket.end();
    await client.untilText("x-callnumber-error: upstream-closed");
  });
  assert.equal(filed.outcome, "upstream_error");
});

test("17: a stall is given up where timeouts.body says so", async () => {
  const filed = await scene(async ({ client, served }) => {
    served.send(`${HEAD}6\r\nhello \r\n`);
    await client.untilClosed();
  }, ", timeouts: { body: 150ms }");
  assert.equal(filed.outcome, "timeout");
  assert.equal(filed.error.code, "body-timeout");
  assert.equal(filed.response.body.bytes, 6);
});

test("17: no answer is given up with 504 where timeouts.headers says so", async () => {
  const filed = await scene(async ({ client }) => {
    await client.untilText("x-callnumber-error: headers-timeout");
    assert.match(client.text, /^HTTP\/1\.1 504 /);
  }, ", timeouts: { headers: 150ms }");
  assert.equal(filed.outcome, "timeout");
});

for (const phase of ["before the answer", "in mid-stream"] as const) {
  test(`18: a client that goes ${phase} cancels the upstream within 100 ms`, async (t) => {
    const took = await atBest(100, async () => {
      let ms = 0;
      const filed = await scene(async ({ client, served }) => {
        if (phase === "in mid-stream") {
          served.send(`${HEAD}6\r\nhello \r\n`);
          await client.untilText("hello");
        }
        const began = performance.now();
        client.socket.destroy();
        await served.untilClosed();
        ms = performance.now() - began;
      });
      assert.equal(filed.outcome, "client_aborted");
      assert.equal(filed.response?.body?.bytes ?? 0, phase === "in mid-stream" ? 6 : 0);
      return ms;
    });
    t.diagnostic(`${took.toFixed(1)} ms`);
    assert.ok(took < 100, `${took} ms`);
  });
}

test("18: a client that goes while it still uploads is client_aborted, with what had come", async () => {
  const upstream = await RawUpstream.start();
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${upstream.port}" }`);
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "POST /up/x", ["Content-Length: 100"], "part"));
  const served = await upstream.next();
  await served.untilText("part");
  client.socket.destroy();
  await served.untilClosed();
  const [filed] = await daemon.filed();
  assert.equal(filed?.outcome, "client_aborted");
  assert.equal(filed?.request.body.bytes, 4);
  await upstream.close();
  await daemon.close();
});

test("18: a client that closes after the terminal event is complete", async () => {
  const filed = await scene(async ({ client, served }) => {
    const event = 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n';
    served.send(`${HEAD}${event.length.toString(16)}\r\n${event}\r\n`);
    await client.untilText("[DONE]");
    client.socket.end();
    await served.untilClosed();
  });
  assert.equal(filed.outcome, "complete");
});

test("19: headers that come late still come", async () => {
  const filed = await scene(async ({ client, served }) => {
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    await client.untilText("\r\n\r\n{}");
  });
  assert.equal(filed.outcome, "complete");
  assert.ok(filed.timing.headers_ms >= 1_000);
});

test("20: 103 and 102 are passed on, and recorded as no more than that", async () => {
  const filed = await scene(async ({ client, served }) => {
    served.send("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Odd:\r\n\r\n");
    await client.untilText("rel=preload");
    assert.match(
      client.text,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\nX-Odd: ?\r\n\r\n$/,
    );
    served.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    await client.untilText("\r\n\r\n{}");
    assert.match(client.text, /HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });
  assert.equal(filed.response.status, 200);
});

test("20: a 101 that nobody asked for is a 502 and the connection is discarded", async () => {
  const filed = await scene(async ({ client, served }) => {
    served.send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nrubbish",
    );
    await client.untilText("x-callnumber-error: upstream-protocol");
    await served.untilClosed();
    assert.doesNotMatch(client.text, /rubbish/);
  });
  assert.equal(filed.outcome, "upstream_error");
});

test("20: extra bytes behind an answer are dropped with their connection", async () => {
  const filed = await scene(async ({ client, served }) => {
    const smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother";
    served.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}${smuggled}`);
    await client.untilText("\r\n\r\n{}");
    await served.untilClosed();
    assert.doesNotMatch(client.text, /other/);
  });
  assert.equal(filed.outcome, "complete");
});

for (const [name, answer] of [
  ["not HTTP", "SSH-2.0-OpenSSH_9\r\n"],
  ["an odd status line", "HTTP/1.1 2OO OK\r\n\r\n"],
  ["HTTP/2 spoken unasked", "HTTP/2 200\r\n\r\n"],
  [
    "CL and TE together",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
  ],
  ["two content-lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n"],
  ["a NUL in a header", "HTTP/1.1 200 OK\r\nX-A: b\0c\r\n\r\n"],
  ["a bare LF", "HTTP/1.1 200 OK\nX-A: b\n\n\r\n\r\n"],
  ["70 KB of headers", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(70_000)}\r\n\r\n`],
] as const) {
  test(`20: an answer that is ${name} is a 502 and the connection is discarded`, async () => {
    const filed = await scene(async ({ client, served }) => {
      served.send(answer);
      await client.untilText("x-callnumber-error: upstream-protocol");
      await served.untilClosed();
    });
    assert.equal(filed.outcome, "upstream_error");
  });
}

test("21: the daemon as its own upstream is a 508", async () => {
  const port = await closedPort();
  const daemon = await startTestDaemon(
    `listen: 127.0.0.1:${port}\nupstreams: { me: "http://127.0.0.1:${port}/me" }`,
  );
  const answer = await fetch(`${daemon.url}/me/x`);
  assert.equal(answer.status, 508);
  assert.equal(answer.headers.get("x-callnumber-error"), "loop-detected");
  await daemon.close();
});

test("21: two daemons in a ring end with a 508, by the hop header", async () => {
  const [a, b] = [await closedPort(), await closedPort()];
  const ring = (own: number, other: number) =>
    startTestDaemon(`listen: 127.0.0.1:${own}\nupstreams: { x: "http://127.0.0.1:${other}/x" }`);
  const [one, two] = [await ring(a, b), await ring(b, a)];
  const answer = await fetch(`${one.url}/x/y`);
  assert.equal(answer.status, 508);
  assert.ok(one.daemon.health().exchanges < 100);
  await one.close();
  await two.close();
});

test("21: a name that resolves to a private address is refused unless allowed", async (t) => {
  // The machine's own name: not a literal, and private on every test machine.
  const { hostname } = await import("node:os");
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(hostname()).catch(() => null);
  const { isPrivateAddress } = await import("../../daemon/proxy/addresses.ts");
  if (found === null || !isPrivateAddress(found.address)) {
    t.skip("this machine's own name resolves to no private address");
    return;
  }
  const upstream = await RawUpstream.start();
  const { status, code, filed } = await ask(`"http://${hostname()}:${upstream.port}"`);
  assert.deepEqual([status, code], [403, "upstream-private"]);
  assert.equal(filed.outcome, "rejected");
  assert.equal(upstream.connections.length, 0);
  await upstream.close();
});
