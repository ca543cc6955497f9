import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import {
  type ReadOptions,
  SideReader,
  type SocketChunk,
  type SocketMessage,
} from "../../../../daemon/filing/websocket.ts";

/** A real WebSocket talk through a plain TCP relay that keeps the bytes behind the handshake. */
async function talk(deflate: boolean | object) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: deflate });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      socket.send(`{"type":"response.created","echo":${JSON.stringify(String(data).length)}}`);
      socket.send(`{"type":"response.completed","x":"${"y".repeat(70_000)}"}`);
    });
  });
  const sides = { client: [] as Buffer[], upstream: [] as Buffer[] };
  const relay = createServer((client) => {
    const { port } = server.address() as { port: number };
    const upstream = connect(port, "127.0.0.1");
    const pass = (from: Socket, to: Socket, kept: Buffer[]) => {
      from.on("data", (chunk: Buffer) => {
        kept.push(chunk);
        to.write(chunk);
      });
      from.on("close", () => to.destroy());
    };
    pass(client, upstream, sides.client);
    pass(upstream, client, sides.upstream);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
  const { port } = relay.address() as { port: number };
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: deflate });
  await new Promise<void>((resolve) => socket.once("open", () => resolve()));
  for (const input of ["one", "two ".repeat(5_000)]) {
    socket.send(JSON.stringify({ type: "response.create", input }));
    await new Promise<void>((resolve) => {
      socket.on("message", function done(data) {
        if (!String(data).includes("completed")) return;
        socket.off("message", done);
        resolve();
      });
    });
  }
  socket.close(1000);
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  server.close();
  relay.close();
  const body = (chunks: Buffer[]) => {
    const all = Buffer.concat(chunks);
    return all.subarray(all.indexOf("\r\n\r\n") + 4);
  };
  const head = Buffer.concat(sides.upstream).toString("latin1").split("\r\n\r\n")[0] as string;
  const extensions = /^sec-websocket-extensions: (.*)$/im.exec(head)?.[1] ?? null;
  return { client: body(sides.client), upstream: body(sides.upstream), extensions };
}

/** Reads the chunks of one direction from the first to the last. */
async function readSocketSide(chunks: readonly SocketChunk[], options: ReadOptions) {
  const reader = new SideReader(options);
  const messages: SocketMessage[] = [];
  for (const chunk of chunks) messages.push(...(await reader.push(chunk)));
  reader.close();
  return { messages, closeCode: reader.closeCode, problem: reader.problem };
}

function inPieces(bytes: Buffer, size: number): SocketChunk[] {
  const chunks: SocketChunk[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    chunks.push({ at, bytes: bytes.subarray(at, at + size) });
  }
  return chunks;
}

for (const [name, deflate] of [
  ["without compression", false],
  ["with permessage-deflate", { threshold: 0 }],
  [
    "with a small window and no context takeover",
    {
      threshold: 0,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 10,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
    },
  ],
] as const) {
  test(`messages ${name} are read out of the bytes of both directions, however they are cut`, async () => {
    const { client, upstream, extensions } = await talk(deflate);
    assert.equal(extensions !== null, deflate !== false);
    const untouched = Buffer.from(client);
    for (const size of [1, 7, 1 << 20]) {
      const options = { extensions, messageBytesMax: 1 << 20 };
      const sent = await readSocketSide(inPieces(client, size), { from: "client", ...options });
      assert.equal(sent.problem, null);
      assert.equal(sent.closeCode, 1000);
      assert.deepEqual(
        sent.messages.map(({ bytes }) => JSON.parse(bytes.toString()).input.length),
        [3, 20_000],
      );
      if (size === 1) continue;
      const came = await readSocketSide(inPieces(upstream, size), { from: "upstream", ...options });
      assert.deepEqual(
        came.messages.map(({ bytes }) => JSON.parse(bytes.toString()).type),
        ["response.created", "response.completed", "response.created", "response.completed"],
      );
    }
    assert.deepEqual(client, untouched, "the recorded bytes were changed");
  });
}

test("a damaged frame ends the reading, names why and keeps what came before", async () => {
  const good = Buffer.from([0x81, 0x02, 0x68, 0x69]);
  const bad = Buffer.from([0xff, 0x02, 0x00, 0x00]);
  const chunks = [
    { at: 1, bytes: good },
    { at: 2, bytes: bad },
    { at: 3, bytes: good },
  ];
  const read = await readSocketSide(chunks, {
    from: "upstream",
    extensions: null,
    messageBytesMax: 100,
  });
  assert.deepEqual(
    read.messages.map(({ at, bytes }) => [at, bytes.toString()]),
    [[1, "hi"]],
  );
  assert.match(read.problem ?? "", /RSV/);
});

test("a message larger than the limit is not decoded", async () => {
  const bytes = Buffer.from([0x81, 0x7e, 0x10, 0x00]);
  const read = await readSocketSide([{ at: 0, bytes }], {
    from: "upstream",
    extensions: null,
    messageBytesMax: 100,
  });
  assert.match(read.problem ?? "", /Max payload/);
});
