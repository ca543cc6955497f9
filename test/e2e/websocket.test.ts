/**
 * WebSockets through the real daemon: bytes untouched both ways, closes and breaks passed on at once
 * as what they are, and in the tree one exchange per `response.create`, or one for a socket that
 * carries something else.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { openTree } from "../../record/reader/tree.ts";
import { atBest } from "../timing.ts";
import { Sender } from "../unit/daemon/filing/ws-sender.ts";
import {
  type RawPeer,
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
  type TestDaemon,
} from "./daemon-harness.ts";

const AT_ONCE_MS = 100;
let upstream: RawUpstream;

before(async () => {
  upstream = await RawUpstream.start();
});
after(async () => {
  for (const daemon of started) await daemon.close();
  for (const server of servers) server.close();
  await upstream.close();
});
const started: TestDaemon[] = [];
const servers: WebSocketServer[] = [];

async function daemonFor(port: number): Promise<TestDaemon> {
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${port}" }`);
  started.push(daemon);
  return daemon;
}

const OFFER = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const ANSWER =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

interface Opened {
  readonly daemon: TestDaemon;
  readonly client: RawPeer;
  readonly served: RawPeer;
}

/** A daemon with one open socket, after the handshake. */
async function open(): Promise<Opened> {
  const daemon = await daemonFor(upstream.port);
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/v1/responses", OFFER));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  served.send(ANSWER);
  await client.untilText("\r\n\r\n");
  return { daemon, client, served };
}

const ask = (input: string) => JSON.stringify({ type: "response.create", model: "m-1", input });
const done = (text: string) => {
  const content = [{ type: "output_text", text }];
  const output = [{ type: "message", id: "i", role: "assistant", content }];
  const response = { id: "resp", model: "m-1", status: "completed", output };
  return JSON.stringify({ type: "response.completed", response });
};

async function bytesPass(from: RawPeer, to: RawPeer, bytes: Buffer): Promise<void> {
  const start = to.received.length;
  from.send(bytes);
  await to.until((peer) => peer.received.length >= start + bytes.length, "the frame");
  assert.deepEqual(to.received.subarray(start), bytes);
}

const say = (text: string) => Sender.text(text, true);
const tell = (text: string) => Sender.text(text, false);

for (const [name, deflate] of [
  ["as it is", false],
  ["with permessage-deflate", { threshold: 0 }],
] as const) {
  test(`each response.create ${name} is an exchange, filed while the socket is still open`, async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: deflate });
    servers.push(server);
    await once(server, "listening");
    server.on("connection", (peer) => {
      peer.on("message", (data) => {
        peer.send(JSON.stringify({ type: "response.created", response: { id: "resp" } }));
        peer.send(done(`answer to ${JSON.parse(String(data)).input}`));
      });
    });
    const { port } = server.address() as AddressInfo;
    const daemon = await daemonFor(port);
    const socket = new WebSocket(`${daemon.url.replace("http", "ws")}/up/v1/responses`, {
      perMessageDeflate: deflate,
      headers: { "session-id": "s-1" },
    });
    await once(socket, "open");
    assert.equal(socket.extensions, deflate === false ? "" : "permessage-deflate");
    const questions = ["one 你好 🚀", "two ".repeat(20_000)];
    const filer = await daemon.daemon.filer;
    for (const [i, question] of questions.entries()) {
      const isFiled = once(filer, "filed");
      socket.send(ask(question));
      const [notice] = (await isFiled) as [{ outcome: string }];
      assert.equal(notice.outcome, "complete", `turn ${i}`);
      assert.equal(socket.readyState, socket.OPEN);
    }
    socket.close(1000);
    await once(socket, "close");
    const lines = await daemon.filed();
    assert.deepEqual(
      lines.map(({ session, outcome, verbatim, llm }) => [session, outcome, verbatim, llm.api]),
      questions.map(() => ["s-1", "complete", true, "openai.responses"]),
    );
    const tree = openTree(`${daemon.folder}/captures`);
    const bodies = [...tree.files()].flatMap(({ path }) => {
      using day = tree.openDay(path);
      return [...day.exchanges()].map((x) => [day.requestBody(x)?.toString(), day.assembled(x)]);
    });
    for (const [i, [body, assembled]] of bodies.entries()) {
      assert.ok(body === ask(questions[i] as string), `request ${i} is another`);
      assert.match(assembled ?? "", new RegExp(`answer to ${questions[i]?.slice(0, 7)}`));
    }
  });
}

for (const [name, who] of [
  ["client", 0],
  ["upstream", 1],
] as const) {
  test(`the close code of the ${name} reaches the other side, and the answer comes back`, async () => {
    const at = await open();
    const [from, to] = who === 0 ? [at.client, at.served] : [at.served, at.client];
    const close = (masked: boolean) =>
      Sender.frame({ opcode: 8, fin: true, masked, payload: Buffer.from("\x0f\xa1bye", "latin1") });
    await bytesPass(at.client, at.served, say(ask("one")));
    await bytesPass(from, to, close(who === 0));
    await bytesPass(to, from, close(who === 1));
    at.served.socket.end();
    await at.client.untilClosed();
    const [line] = await at.daemon.filed();
    assert.equal(line?.outcome, who === 0 ? "client_aborted" : "upstream_aborted");
    assert.match(line?.error.message, new RegExp(`the ${name} closed .* 4001`));
  });
}

for (const [how, left] of [
  ["FIN without a close frame", (peer: RawPeer) => peer.socket.end()],
  ["RST", (peer: RawPeer) => peer.socket.resetAndDestroy()],
] as const) {
  test(`the client's ${how} in mid-answer reaches the upstream at once: client_aborted`, async (t) => {
    const ms = await atBest(AT_ONCE_MS, async () => {
      const at = await open();
      await bytesPass(at.client, at.served, say(ask("one")));
      await bytesPass(at.served, at.client, tell('{"type":"response.created"}'));
      const begun = performance.now();
      left(at.client);
      await at.served.untilClosed();
      const took = performance.now() - begun;
      const [line] = await at.daemon.filed();
      assert.deepEqual([line?.outcome, line?.error.code], ["client_aborted", "client-gone"]);
      return took;
    });
    t.diagnostic(`${ms.toFixed(1)} ms`);
    assert.ok(ms < AT_ONCE_MS, `${ms} ms`);
  });

  test(`the client's ${how} after the answer is the end of a complete turn`, async () => {
    const at = await open();
    await bytesPass(at.client, at.served, say(ask("one")));
    await bytesPass(at.served, at.client, tell(done("two")));
    left(at.client);
    await at.served.untilClosed();
    const lines = await at.daemon.filed();
    assert.deepEqual(
      lines.map(({ outcome, error }) => [outcome, error]),
      [["complete", undefined]],
    );
  });

  test(`the upstream's ${how} in mid-answer reaches the client at once as such`, async (t) => {
    const ms = await atBest(AT_ONCE_MS, async () => {
      const at = await open();
      await bytesPass(at.client, at.served, say(ask("one")));
      await bytesPass(at.served, at.client, tell('{"type":"response.created"}'));
      const begun = performance.now();
      left(at.served);
      await at.client.untilClosed();
      const took = performance.now() - begun;
      assert.equal(at.client.closed, how === "RST" ? "reset" : "end");
      const [line] = await at.daemon.filed();
      assert.deepEqual([line?.outcome, line?.error.code], ["upstream_aborted", "upstream-aborted"]);
      return took;
    });
    t.diagnostic(`${ms.toFixed(1)} ms`);
    assert.ok(ms < AT_ONCE_MS, `${ms} ms`);
  });
}

test("a socket of something else is one exchange; fragments, pings and pongs go through untouched", async () => {
  const at = await open();
  const part = (opcode: number, fin: boolean, text: string) =>
    Sender.frame({ opcode, fin, masked: true, payload: Buffer.from(text) });
  await bytesPass(at.client, at.served, part(1, false, '{"hello":'));
  await bytesPass(at.client, at.served, part(9, true, "are you there"));
  const pong = Sender.frame({
    opcode: 10,
    fin: true,
    masked: false,
    payload: Buffer.from("are you there"),
  });
  await bytesPass(at.served, at.client, pong);
  await bytesPass(at.client, at.served, part(0, true, "1}"));
  const binary = Sender.frame({
    opcode: 2,
    fin: true,
    masked: false,
    payload: Buffer.alloc(300, 7),
  });
  // Cut anywhere, and two in one piece.
  for (const byte of binary) at.served.socket.write(Buffer.from([byte]));
  await at.client.until((peer) => peer.received.includes(binary), "the binary message");
  const normal = (masked: boolean) =>
    Sender.frame({ opcode: 8, fin: true, masked, payload: Buffer.from([0x03, 0xe8]) });
  await bytesPass(at.client, at.served, Buffer.concat([say('{"and":2}'), normal(true)]));
  await bytesPass(at.served, at.client, normal(false));
  at.served.socket.end();
  await at.client.untilClosed();
  const { folder } = at.daemon;
  await at.daemon.filed();
  const tree = openTree(`${folder}/captures`);
  const found = [...tree.files()].flatMap(({ path }) => {
    using day = tree.openDay(path);
    return [...day.exchanges()].map((x) => ({ line: x, chunks: day.chunks(x) ?? [] }));
  });
  assert.equal(found.length, 1);
  assert.equal(found[0]?.line.outcome, "complete");
  assert.equal(found[0]?.line.request.body, null);
  assert.deepEqual(
    found[0]?.chunks.map((chunk) => [chunk[1].toString("latin1"), chunk[2]]),
    [
      ['{"hello":1}', "client"],
      ["\x07".repeat(300), undefined],
      ['{"and":2}', "client"],
    ],
  );
});

test("frames that no library reads go through untouched, and the record says so", async () => {
  const at = await open();
  await bytesPass(at.client, at.served, say(ask("one")));
  await bytesPass(at.served, at.client, Buffer.from([0xff, 0x03, 0x01, 0x02, 0x03]));
  at.client.socket.end();
  await at.served.untilClosed();
  const [line] = await at.daemon.filed();
  assert.equal(line?.outcome, "client_aborted");
  assert.notEqual(line?.request.body, null);
});

test("an open socket goes on while the daemon drains", async () => {
  const { daemon, client, served } = await open();
  const closed = daemon.daemon.close();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await bytesPass(served, client, Buffer.from("late"));
  assert.equal(client.closed, null);
  client.socket.end();
  await served.untilClosed();
  await closed;
});
