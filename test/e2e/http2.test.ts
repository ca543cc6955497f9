/** `http2: on`: an upstream that speaks HTTP/2 is spoken to in HTTP/2, and the client sees no difference. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { createServer as createHttps } from "node:https";
import { test } from "node:test";
import { atBest } from "../timing.ts";
import { makeCertificate } from "./certificate.ts";
import { rawClient, request, startTestDaemon } from "./daemon-harness.ts";

async function stage(handle: Parameters<Http2SecureServer["on"]>[1]) {
  const { cert, key } = makeCertificate({});
  const server = createSecureServer({ cert, key, allowHTTP1: true });
  server.on("request", handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const ca = JSON.stringify(makeCertificate.save(cert));
  const daemon = await startTestDaemon(
    `upstreams: { up: { url: "https://127.0.0.1:${port}/base", ca: ${ca}, http2: on } }`,
  );
  return { server, daemon };
}

test("request and streamed answer cross an HTTP/2 upstream, and the record says so", async () => {
  let seen = "";
  const { server, daemon } = await stage(async (req, res) => {
    const body: Buffer[] = [];
    for await (const chunk of req) body.push(chunk);
    seen = `${req.httpVersion} ${req.method} ${req.url} ${req.headers["x-a"]} ${Buffer.concat(body)}`;
    res.writeHead(200, { "content-type": "text/event-stream", "x-b": "2" });
    for (const part of ["data: 1\n\n", "data: [DONE]\n\n"]) {
      res.write(part);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    res.end();
  });
  const answer = await fetch(`${daemon.url}/up/v1/x?y=%2F`, {
    method: "POST",
    headers: { "X-A": "1" },
    body: '{"stream":true}',
  });
  assert.equal(await answer.text(), "data: 1\n\ndata: [DONE]\n\n");
  assert.equal(answer.headers.get("x-b"), "2");
  assert.equal(seen, '2.0 POST /base/v1/x?y=%2F 1 {"stream":true}');
  const [filed] = await daemon.filed();
  assert.equal(filed?.response.http, "2");
  assert.equal(filed?.outcome, "complete");
  server.close();
  await daemon.close();
});

test("trailers of a request cross an HTTP/2 upstream, and those that are not allowed do not", async () => {
  const seen: unknown[] = [];
  const { server, daemon } = await stage(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    seen.push([body, Object.entries(req.trailers)]);
    res.end("read");
  });
  const client = await rawClient(daemon.port);
  const trailers = ["X-Sum: 1", "x-sum: 2", "Content-Length: 9", "X-Callnumber-Token: t", "TE: x"];
  for (const lines of [trailers, []]) {
    const ended = `3\r\nabc\r\n0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
    client.send(request(daemon.port, "POST /up/x", ["Transfer-Encoding: chunked"]) + ended);
    const answers = seen.length + 1;
    await client.until((peer) => peer.text.split("read").length > answers, "the answer");
  }
  assert.deepEqual(seen, [
    ["abc", [["x-sum", "1, 2"]]],
    ["abc", []],
  ]);
  client.socket.destroy();
  const outcomes = (await daemon.filed()).map((call) => call.outcome);
  assert.ok(
    outcomes.every((outcome) => outcome === "complete"),
    outcomes.join(),
  );
  server.close();
  await daemon.close();
});

test("a client that goes cancels the HTTP/2 stream", async () => {
  let closed: () => void = () => {};
  const { server, daemon } = await stage((_req, res) => {
    res.on("close", () => closed());
    res.writeHead(200);
    res.write("begin");
  });
  const took = await atBest(100, async () => {
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "GET /up/x"));
    await client.untilText("begin");
    const began = performance.now();
    client.socket.destroy();
    await gone;
    return performance.now() - began;
  });
  assert.ok(took < 100, `${took} ms`);
  const [filed] = await daemon.filed();
  assert.equal(filed?.outcome, "client_aborted");
  server.close();
  await daemon.close();
});

test("an upload that an HTTP/2 upstream answers early is given up", async () => {
  const left: Promise<unknown>[] = [];
  const { server, daemon } = await stage((req, res) => {
    left.push(once(req, "close"));
    res.writeHead(413);
    res.end("no");
  });
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "POST /up/x", ["Content-Length: 1000000"]));
  client.send("b".repeat(100_000));
  await client.untilText("no");
  client.send("b".repeat(900_000));
  client.send(request(daemon.port, "POST /up/y", ["Content-Length: 1"]));
  client.send("b");
  await client.until((peer) => peer.text.split("\r\n2\r\nno").length > 2, "the second answer");
  await left[0];
  client.socket.destroy();
  const outcomes = (await daemon.filed()).map((x) => [x.outcome, x.response.status]);
  assert.deepEqual(outcomes, [
    ["complete", 413],
    ["complete", 413],
  ]);
  server.close();
  await daemon.close();
});

test("an upstream that breaks off in HTTP/2 breaks the client's stream off", async () => {
  const { server, daemon } = await stage((_req, res) => {
    res.writeHead(200);
    res.write("begin");
    setTimeout(() => res.stream.session?.destroy(), 30);
  });
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/x"));
  await client.untilClosed();
  assert.match(client.text, /begin/);
  assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
  const [filed] = await daemon.filed();
  assert.equal(filed?.outcome, "upstream_aborted");
  server.close();
  await daemon.close();
});

test("an upstream that offers no HTTP/2 is spoken to over HTTP/1.1, from the first call on", async () => {
  const { cert, key } = makeCertificate({});
  const seen: string[] = [];
  const server = createHttps({ cert, key }, async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    seen.push(`${req.httpVersion} ${req.url} ${body.length}`);
    res.end("old");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const ca = JSON.stringify(makeCertificate.save(cert));
  const daemon = await startTestDaemon(
    `upstreams: { up: { url: "https://127.0.0.1:${port}", ca: ${ca}, http2: on } }`,
  );
  const body = "b".repeat(200_000);
  const ask = async (name: string) => {
    const answer = await fetch(`${daemon.url}/up/${name}`, { method: "POST", body });
    return answer.text();
  };
  assert.deepEqual(await Promise.all([ask("a"), ask("b")]), ["old", "old"]);
  assert.equal(await ask("c"), "old");
  assert.deepEqual(seen.sort(), ["1.1 /a 200000", "1.1 /b 200000", "1.1 /c 200000"]);
  const outcomes = (await daemon.filed()).map((one) => [one.outcome, one.response.http]);
  assert.deepEqual(outcomes, Array(3).fill(["complete", "1.1"]));
  server.closeAllConnections();
  server.close();
  await daemon.close();
});
