/** A connection between real sockets; its owner is the test. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, type TestContext, test } from "node:test";
import {
  ClientConnection,
  type ConnectionOwner,
} from "../../../../daemon/proxy/client-connection.ts";
import { ClientStream, type StreamHandler } from "../../../../daemon/proxy/client-stream.ts";
import { LIMITS } from "../../../../record/limits.ts";
import { type RawPeer, rawClient } from "../../../e2e/daemon-harness.ts";

let server: Server;
before(async () => {
  server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => server.close());

interface Scene {
  readonly client: RawPeer;
  readonly connection: ClientConnection;
  readonly streams: ClientStream[];
  readonly log: string[];
  /** Resolves to the stream of the request with this number. */
  stream(number: number): Promise<ClientStream>;
}

/** `opened` is what the owner does with a request; by default it only keeps it. */
async function stage(
  t: TestContext,
  opened: (stream: ClientStream) => void = () => {},
  closing = false,
): Promise<Scene> {
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const address = server.address() as { port: number };
  const client = await rawClient(address.port);
  const [socket] = await accepted;
  const streams: ClientStream[] = [];
  const log: string[] = [];
  const owner: ConnectionOwner = {
    closing,
    opened: (stream) => {
      streams.push(stream);
      stream.handler = noting(log, streams.length, stream);
      opened(stream);
    },
    upgraded: (_socket, head, rest) => log.push(`upgrade ${head.target} +${rest.length}`),
    wantsUpgrade: ({ fields }) => fields.upgrade === "websocket",
    asked: () => log.push("asked"),
    malformed: () => log.push("malformed"),
    failed: (error) => log.push(`failed ${error.message}`),
  };
  const connection = new ClientConnection(socket, owner);
  t.after(() => {
    client.socket.destroy();
    socket.destroy();
  });
  const stream = async (number: number) => {
    while (streams.length < number) await once(socket, "data");
    return streams[number - 1] as ClientStream;
  };
  return { client, connection, streams, log, stream };
}

function noting(log: string[], number: number, stream: ClientStream): StreamHandler {
  return {
    requestData: (chunk) => log.push(`${number} data ${chunk.length}`),
    requestEnded: () => log.push(`${number} end`),
    clientClosed: () => log.push(`${number} closed`),
    clientDrained: () => {},
    // As where the answer has to wait for the disk.
    stop: (code) => {
      log.push(`${number} stop ${code}`);
      setImmediate(() => answer(stream, code));
    },
  };
}

const GET = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

function answer(stream: ClientStream, body = "ok"): void {
  stream.head(200, "OK", ["Content-Length", String(body.length)]);
  stream.finish([Buffer.from(body)]);
}

test("what is pipelined waits until the request before it is answered", async (t) => {
  const { client, stream, streams } = await stage(t);
  client.send(GET("/1") + GET("/2") + GET("/3"));
  answer(await stream(1), "one");
  await client.untilText("one");
  assert.equal(streams.length, 2);
  answer(streams[1] as ClientStream, "two");
  await client.untilText("two");
  answer(streams[2] as ClientStream, "three");
  await client.untilText("three");
});

test("requests that are answered at once follow each other without going deeper", async (t) => {
  const { client, streams } = await stage(t, (stream) => answer(stream, "."));
  const count = 2_000;
  client.send(GET("/").repeat(count));
  const answers = () => client.text.split("HTTP/1.1 200 OK").length - 1;
  await client.until(() => answers() === count, "all answers");
  assert.equal(streams.length, count);
});

test("a client that pipelines without end is not read any further", async (t) => {
  const { client, connection, stream } = await stage(t);
  client.send(GET("/1"));
  await stream(1);
  client.send(GET("/2").repeat(10_000));
  while (!connection.socket.isPaused()) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(connection.socket.bytesRead < 4 * LIMITS.headBytes);
});

test("a FIN of the client while its answer is under way is its leaving", async (t) => {
  const { client, stream, log, connection } = await stage(t);
  client.send(GET("/1"));
  await stream(1);
  client.socket.end();
  await once(connection.socket, "end");
  assert.ok(log.includes("1 closed"));
});

test("an early answer ends its connection when it says so, and the rest of the body is dropped", async (t) => {
  const { client, stream, log } = await stage(t);
  client.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc");
  const first = await stream(1);
  first.closeAfter();
  answer(first, "no");
  client.send("x".repeat(200_000));
  await client.untilText("no");
  await client.untilClosed();
  assert.equal(client.closed, "end", "not reset: the answer might be lost");
  assert.ok(!log.some((line) => line.includes("200000")));
});

test("bytes that are no request are answered with the reason and end the connection", async (t) => {
  const { client, log } = await stage(t);
  client.send("\x16\x03\x01 hello");
  await client.untilClosed();
  assert.match(client.text, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*connection: close\r\n\r\n\{/);
  assert.deepEqual(log, ["malformed"]);
});

test("a body that cannot be read stops its exchange; the connection ends behind the answer", async (t) => {
  const { client, log } = await stage(t);
  client.send(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${GET("/next")}`);
  await client.untilClosed();
  assert.ok(client.text.endsWith("request-malformed"));
  assert.ok(log.includes("1 stop request-malformed"), log.join());
});

test("a fault of the owner's ends that one exchange and is told", async (t) => {
  const { client, log } = await stage(t, () => {
    throw new Error("a bug");
  });
  client.send(GET("/"));
  await client.untilClosed();
  assert.deepEqual(log, ["asked", "failed a bug", "1 stop internal-error"]);
});

test("a connection that ends within a head is told so", async (t) => {
  const { client } = await stage(t);
  client.send("GET / HTTP/1.1\r\nHo");
  client.socket.end();
  await client.untilText("400 Bad Request");
});

test("an upgrade hands the socket over with what came behind it", async (t) => {
  const { client, log, connection } = await stage(t);
  client.send(`${GET("/ws", "Upgrade: websocket\r\n")}frames`);
  while (log.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ["asked", "upgrade /ws +6"]);
  assert.equal(connection.idle, false);
  connection.checkTime(performance.now() + 10 * LIMITS.clientIdleMs);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(client.closed, null, "how long it is silent is not looked at any more");
  assert.equal(client.text, "");
});

test("a head that does not come in time is a 408; an idle connection just ends", async (t) => {
  const late = await stage(t);
  late.connection.checkTime(performance.now() + LIMITS.requestHeadMs - 100);
  late.client.send("GET / HTT");
  late.connection.checkTime(performance.now() + LIMITS.requestHeadMs + 100);
  await late.client.untilText("408 Request Timeout");
  await late.client.untilClosed();

  const idle = await stage(t, (stream) => answer(stream));
  idle.client.send(GET("/"));
  await idle.client.untilText("ok");
  assert.equal(idle.connection.idle, true);
  idle.connection.checkTime(performance.now() + LIMITS.requestHeadMs + 100);
  assert.equal(idle.client.closed, null, "it may be idle for longer than a head may take");
  idle.connection.checkTime(performance.now() + LIMITS.clientIdleMs + 100);
  await idle.client.untilClosed();
  assert.ok(idle.client.text.endsWith("ok"), "and gets no answer that nobody asked for");
});

test("nobody is given up while an answer is waited for", async (t) => {
  const { client, connection, stream } = await stage(t);
  client.send(GET("/"));
  const first = await stream(1);
  connection.checkTime(performance.now() + 10 * LIMITS.clientIdleMs);
  answer(first);
  await client.untilText("ok");
});

test("while the daemon ends, an answer closes its connection", async (t) => {
  const { client } = await stage(t, (stream) => answer(stream), true);
  client.send(GET("/"));
  await client.untilClosed();
  assert.match(client.text, /\r\nConnection: close\r\n[\s\S]*ok$/);
});

test("nothing of an answer goes out after it has ended", async (t) => {
  const { client, stream } = await stage(t);
  client.send(GET("/1"));
  const first = await stream(1);
  answer(first, "one");
  first.send([Buffer.from("more")]);
  first.finish([Buffer.from("more")]);
  client.send(GET("/2"));
  answer(await stream(2), "two");
  await client.untilText("two");
  assert.doesNotMatch(client.text, /more/);
});

test("a fault before anybody takes the request is answered with 500", async (t) => {
  const { client, log } = await stage(t, (stream) => {
    stream.handler = new ClientStream(
      { socket: stream.socket, answered() {} },
      stream.request,
      true,
    ).handler;
    throw new Error("a bug");
  });
  client.send(GET("/"));
  await client.untilClosed();
  assert.match(client.text, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
  assert.deepEqual(log, ["asked", "failed a bug"]);
});

test("a client that pipelines and reads nothing is answered no further than its queue holds", {
  timeout: 60_000,
}, async (t) => {
  const body = "x".repeat(1_000);
  const { client, connection, streams } = await stage(t, (stream) => answer(stream, body));
  client.socket.pause();
  const count = 20_000;
  client.send(GET("/").repeat(count));
  while (!connection.socket.isPaused()) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(connection.socket.writableLength < 2 * LIMITS.socketQueueBytes);
  assert.ok(streams.length < count);
  let received = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk) => {
    received += chunk.length;
  });
  client.socket.resume();
  // Megabytes may still lie in the kernel when the last answer has been written.
  const all = () => streams.length === count && received >= connection.socket.bytesWritten;
  while (!all()) await once(client.socket, "data");
  assert.equal(received, connection.socket.bytesWritten);
  assert.ok(received > count * body.length);
});

test("an upload that is pipelined behind another request is read to its end", async (t) => {
  const { client, log, stream, connection } = await stage(t);
  const size = 2_000_000;
  client.send(GET("/1"));
  await stream(1);
  client.send(`POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`);
  while (!connection.socket.isPaused()) await new Promise((resolve) => setImmediate(resolve));
  answer(await stream(1), "one");
  while (!log.includes("2 end")) await once(connection.socket, "data");
});

test("tiny pieces behind a running request count for what they cost", async (t) => {
  const { client, connection, stream } = await stage(t);
  client.send(GET("/1"));
  await stream(1);
  let pieces = 0;
  while (!connection.socket.isPaused() && pieces < 2_000) {
    client.send("x");
    await once(connection.socket, "data");
    pieces++;
  }
  assert.ok(pieces < 200, `${pieces} pieces were taken`);
});
