/**
 * The whole way: what a request carries, what the configuration puts in under any name, and the
 * daemon's own token come back from an upstream and a client in every place and spelling; then every
 * byte of the tree, the log, metrics and health is looked through for eight characters of them.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { decodeChunks } from "../../record/bodies/chunks.ts";
import { LIMITS } from "../../record/limits.ts";
import { ECHOES, seenOf } from "../unit/record/secrets/echoes.ts";
import { type RawPeer, rawClient, startTestDaemon, type TestDaemon } from "./daemon-harness.ts";

const TOKEN = "Tn5Hq9wXa-front/door+7Kc2";
const INJECTED = "Gx81hW=nLx0&Tg5BfL7cV/d2";
const PASSWORD = "Pq7-zR4:tY8mK1";
const SECRETS: Readonly<Record<string, string>> = {
  "the daemon's token": TOKEN,
  "an injected header of any name": INJECTED,
  "an injected key": "Ik-c3d1a7f09b5e4826c3d1",
  "a bearer token": "Bt3kQ8vN5xM2jL9hG6fD",
  "a password of Basic": PASSWORD,
  "a header known by its meaning": "Vk4pR7sT1uW9yZ3aB6cE",
  "a cookie": "Ck8mN2bV5cX7zL4kJ1hG",
  "a member of the query": "Qm6wE3rT9yU2iO5pA8sD",
};
const SUB_PROTOCOL = "Sp2dF5gH8jK1lZ4xC7vB";

const configuration = (port: number): string => `token: ${JSON.stringify(TOKEN)}
upstreams:
  up:
    url: http://127.0.0.1:${port}
    headers:
      x-corp-gate: ${JSON.stringify(INJECTED)}
      x-gw: Bearer ${SECRETS["an injected key"]}
`;

/** Headers of a request that carries one of each. */
const credentials = (): Record<string, string> => ({
  authorization: `Bearer ${SECRETS["a bearer token"]}`,
  "proxy-authorization": `Basic ${Buffer.from(`deploy:${PASSWORD}`).toString("base64")}`,
  "x-bf-vk": SECRETS["a header known by its meaning"]!,
  cookie: `theme=dark; sid=${SECRETS["a cookie"]}`,
});

/** Answers with the secret in headers, in the body and in a trailer. */
async function startEcho(): Promise<Server> {
  const server = createServer(async (req: IncomingMessage, res) => {
    for await (const _ of req);
    const [, index = "0", encoded = ""] = /\/echo\/(\d+)\/([^?]*)/.exec(req.url ?? "") ?? [];
    const secret = Buffer.from(encoded, "hex").toString();
    const echo = ECHOES[Number(index)]!;
    res.writeEarlyHints({ link: `</x?key=${encodeURIComponent(secret)}>; rel=preload` });
    res.writeHead(401, {
      "content-type": echo.type,
      trailer: "x-said",
      "x-echo": `you said ${secret}`,
      "x-echo-encoded": encodeURIComponent(secret),
      location: `/login?next=${encodeURIComponent(`/x?said=${secret}`)}&token=${encodeURIComponent(secret)}`,
      "set-cookie": `last=${encodeURIComponent(secret)}; Path=/`,
      "www-authenticate": `Bearer realm="${secret}"`,
    });
    res.addTrailers({ "x-said": secret, "x-again": `(${secret})` });
    res.end(echo.write(secret));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function written(folder: string): string[] {
  const texts: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    texts.push(entry.name);
    if (!entry.isFile()) continue;
    const file = readFileSync(join(entry.parentPath, entry.name), "utf8");
    texts.push(file);
    for (const [, packed] of file.matchAll(/"zstd":"([^"]+)"/g)) {
      const chunks = decodeChunks(zstdDecompressSync(Buffer.from(packed!, "base64")));
      texts.push(Buffer.concat(chunks.map(([, bytes]) => bytes)).toString());
    }
  }
  return texts;
}

/** One request by hand, with the secret also in headers, labels, body and trailers of its own. */
async function ask(daemon: TestDaemon, secret: string, index: number): Promise<RawPeer> {
  const peer = await rawClient(daemon.port);
  const echo = ECHOES[index]!;
  const hex = Buffer.from(secret).toString("hex");
  const path = `/up/echo/${index}/${hex}?k=${SECRETS["a member of the query"]}`;
  const headers = {
    host: `127.0.0.1:${daemon.port}`,
    "x-callnumber-token": TOKEN,
    "x-callnumber-label": `run of ${secret}`,
    "x-session-id": `s-${secret}`,
    "user-agent": `tool/1 (${secret})`,
    referer: `http://127.0.0.1:${daemon.port}/~${encodeURIComponent(TOKEN)}/up?said=${encodeURIComponent(secret)}`,
    "x-debug": secret,
    "content-type": echo.type,
    "transfer-encoding": "chunked",
    connection: "close",
    ...credentials(),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const body = Buffer.from(echo.write(secret));
  peer.send(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  peer.send(
    `${body.length.toString(16)}\r\n${body.toString("latin1")}\r\n0\r\nx-said: ${secret}\r\n\r\n`,
  );
  await peer.untilClosed();
  peer.socket.destroy();
  return peer;
}

test("live credentials come back in every place and spelling, and none is in tree, log or metrics", async (t) => {
  const upstream = await startEcho();
  const daemon = await startTestDaemon(configuration((upstream.address() as AddressInfo).port));
  t.after(async () => {
    upstream.closeAllConnections();
    upstream.close();
    await daemon.close();
  });
  for (const secret of Object.values(SECRETS)) {
    for (let index = 0; index < ECHOES.length; index += 1) {
      const { text } = await ask(daemon, secret, index);
      assert.ok(text.includes(`you said ${secret}`), "the client gets what the upstream said");
    }
  }
  const headers = { "x-callnumber-token": TOKEN };
  const pages: string[] = [];
  for (const path of ["metrics", "health"]) {
    pages.push(await (await fetch(`${daemon.url}/-/${path}`, { headers })).text());
  }
  const filed = await daemon.filed();
  assert.equal(filed.length, Object.keys(SECRETS).length * ECHOES.length);
  assert.ok(filed.every((x) => x.response.status === 401));
  const texts = [...written(join(daemon.folder, "captures")), ...pages, ...daemon.log];
  const seen = Object.entries(SECRETS).map(([name, secret]) => [name, seenOf(secret, texts)]);
  t.diagnostic(`${filed.length} exchanges, ${Object.keys(SECRETS).length} credentials`);
  assert.deepEqual(
    seen.filter(([, part]) => part !== ""),
    [],
  );
});

test("what a refused request says is recorded without the daemon's token, however it is written", async (t) => {
  let recorded = 0;
  // A few for each daemon: of many refusals in a minute only the first are recorded.
  for (let first = 0; first < refusedRequests(0).length; first += LIMITS.refusalsMinuteCount) {
    const daemon = await startTestDaemon(configuration(1));
    t.after(() => daemon.close());
    const requests = refusedRequests(daemon.port);
    for (const [line, headers] of requests.slice(first, first + LIMITS.refusalsMinuteCount)) {
      const peer = await rawClient(daemon.port);
      peer.send(`${line} HTTP/1.1\r\n${[...headers, "Connection: close"].join("\r\n")}\r\n\r\n`);
      peer.socket.end();
      await peer.untilClosed();
      assert.match(peer.text, /^HTTP\/1\.1 [45]/, line);
      assert.equal(seenOf(TOKEN, [peer.text]), "", `the answer to ${line} shows the token`);
    }
    const filed = await daemon.filed();
    recorded += filed.length;
    const texts = [...written(join(daemon.folder, "captures")), ...daemon.log];
    assert.equal(seenOf(TOKEN, texts), "", JSON.stringify(filed.map((x) => x.request.url)));
  }
  assert.ok(recorded >= 18, `${recorded} were recorded`);
});

/** Requests with the daemon's token that are refused, each for a reason of its own. */
function refusedRequests(port: number): [line: string, headers: string[]][] {
  const token = encodeURIComponent(TOKEN);
  const every = [...TOKEN].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
  const host = `Host: 127.0.0.1:${port}`;
  return [
    [`GET /~${token}/nosuch/v1`, [host]],
    [`GET /~${every}/nosuch/v1`, [host]],
    [`GET /%7E${token}/up/v1`, [host]],
    [`GET /~${token}%00/up/v1`, [host]],
    [`GET /~${token}/../up/v1`, [host]],
    [`GET //x/~${token}/up/v1`, [host]],
    [`GET http://127.0.0.1:${port}/~${token}/up/v1`, [host]],
    [`GET http://user:${token}@h/up/v1`, [host]],
    [`GET /key:${token}@h/up`, [host]],
    [`GET /~${token}/up/v1`, ["Host: evil.example"]],
    [`GET /~${token}/up/v1`, [host, `Origin: https://evil.example/~${token}`]],
    [`GET /~${token}/up/v1`, [host, host]],
    [`GET /~${token}/up/v1`, []],
    [`GET /~${token}x/up/v1`, [host]],
    [`GET /${token}/up/v1`, [host]],
    [`GET /up/~${token}/v1?x=~${token}`, [host]],
    [`TRACE /~${token}/up/v1`, [host]],
    [`CONNECT /~${token}/up/v1`, [host]],
    [`POST /~${token}/up/v1`, [host, "Content-Length: 1", "Transfer-Encoding: chunked"]],
    [`GET /~${token}/nosuch/ws`, [host, "Upgrade: websocket", "Connection: Upgrade"]],
    [`GET /~${token}/-/nosuch`, [host]],
    [`GET /~${token}/up /v1`, [host]],
    [`GET /~${token}/up\x01/v1`, [host]],
    ["GET /up/v1", [host, `x-callnumber-token ${TOKEN}`]],
    ["GET /up/v1", [host, `x-callnumber-token: ${TOKEN}\x01`]],
  ];
}

test("a browser's key among the sub-protocols is gone from both sides of the handshake", async (t) => {
  const server = createServer();
  server.on("upgrade", (req, socket) => {
    const protocol = req.headers["sec-websocket-protocol"];
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const daemon = await startTestDaemon(configuration((server.address() as AddressInfo).port));
  t.after(async () => {
    server.close();
    await daemon.close();
  });
  for (const protocols of [
    `realtime, openai-insecure-api-key.${SUB_PROTOCOL}`,
    `bearer, ${SUB_PROTOCOL}`,
  ]) {
    const peer = await rawClient(daemon.port);
    peer.send(
      `GET /~${encodeURIComponent(TOKEN)}/up/ws HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`,
    );
    await peer.untilText(SUB_PROTOCOL);
    peer.socket.end();
    await peer.untilClosed();
  }
  const filed = await daemon.filed();
  assert.equal(filed.length, 2);
  assert.equal(seenOf(SUB_PROTOCOL, written(join(daemon.folder, "captures"))), "");
});
