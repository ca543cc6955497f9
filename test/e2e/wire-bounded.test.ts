/**
 * What must not grow, stay open or be cut off: an upload that nobody wants any more, a refused
 * upgrade, the last bytes of an answer while the daemon ends or waits for the disk.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type End, FrameKind } from "../../daemon/frames.ts";
import { Exchange } from "../../daemon/proxy/exchange.ts";
import { SpoolReader } from "../../daemon/spool/reader.ts";
import { LIMITS } from "../../record/limits.ts";
import {
  type RawPeer,
  RawUpstream,
  rawClient,
  request,
  startTestDaemon,
  type TestDaemon,
} from "./daemon-harness.ts";

const MIB = 2 ** 20;
const PIECE = "b".repeat(32 * 1024);
const UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
UPGRADE.push("Sec-WebSocket-Key: c29tZSBzaXh0ZWVuIGI=");
setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

let upstream: RawUpstream;
before(async () => {
  upstream = await RawUpstream.start();
});
after(() => upstream.close());

async function withDaemon(
  play: (daemon: TestDaemon) => Promise<void>,
  more = "",
  to = upstream,
  others = "",
): Promise<void> {
  const upstreams = `{ up: "http://127.0.0.1:${to.port}", ${others} }`;
  const daemon = await startTestDaemon(`${more}upstreams: ${upstreams}`);
  try {
    await play(daemon);
  } finally {
    await daemon.close();
  }
}

/** A request that has reached the upstream. */
async function asked(daemon: TestDaemon, line: string, headers: string[] = []) {
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, line, headers));
  const served = await upstream.next();
  await served.untilText("\r\n\r\n");
  return { client, served };
}

/** Rejects with AbortError where the other side takes nothing for `ms`. */
async function write(peer: RawPeer, bytes: number, ms = 5_000): Promise<void> {
  const block = Buffer.alloc(MIB / 4, "b");
  for (let sent = 0; sent < bytes; sent += block.length) {
    if (!peer.socket.write(block)) {
      await once(peer.socket, "drain", { signal: AbortSignal.timeout(ms) });
    }
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, what);
    await pause(10);
  }
}

test("what comes after an early answer is taken from the client and kept nowhere", async () => {
  await withDaemon(async (daemon) => {
    const bytes = 48 * MIB;
    const { client, served } = await asked(daemon, "POST /up/x", [`Content-Length: ${bytes}`]);
    served.socket.pause();
    // More than the sockets on the way hold: the client has been paused when the answer comes.
    const uploaded = write(client, bytes);
    await until("the upload stands still", async () => {
      const before = client.socket.bytesWritten;
      await pause(50);
      return before > MIB && client.socket.bytesWritten === before;
    });
    gc();
    const held = process.memoryUsage().arrayBuffers;
    served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    await client.untilText("\r\n\r\nno");
    await uploaded;
    // What is collected is given back by another thread, a little later.
    await until("the memory of what was uploaded is given back", () => {
      gc();
      return process.memoryUsage().arrayBuffers - held < 8 * MIB;
    });

    client.send(request(daemon.port, "GET /up/next"));
    const next = await upstream.next();
    await next.untilText("GET /next");
    next.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    await client.untilText("\r\n\r\nnext");
    const outcomes = (await daemon.filed()).map((x) => [x.outcome, x.response.status]);
    assert.deepEqual(outcomes, [
      ["complete", 413],
      ["complete", 200],
    ]);
  });
});

test("a refused upgrade ends its connection although the client had sent more", async () => {
  await withDaemon(async (daemon) => {
    const { client, served } = await asked(daemon, "GET /up/ws", UPGRADE);
    for (const message of ["a message before the answer", "another"]) {
      client.send(message);
      await pause(50);
    }
    served.send("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno");
    await client.untilText("\r\n\r\nno");
    await client.untilClosed();
    client.socket.end();
    await until("the daemon lets go of the connection", async () => {
      const metrics = await (await fetch(`${daemon.url}/-/metrics`)).text();
      // The other one is that of this question.
      return metrics.includes("callnumber_client_connections 1\n");
    });
  });
});

test("a client that does not read the refusal of its upgrade holds the upstream back", async () => {
  await withDaemon(async (daemon) => {
    const { client, served } = await asked(daemon, "GET /up/ws", UPGRADE);
    client.socket.pause();
    served.send(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * MIB}\r\n\r\n`);
    await assert.rejects(write(served, 64 * MIB, 1_000), { name: "AbortError" });
    client.socket.destroy();
  });
});

/** An answer to a client that does not read, of which the daemon itself holds a little. */
async function answerInQueue(t: TestContext, daemon: TestDaemon) {
  const { client, served } = await asked(daemon, "GET /up/x");
  const { data } = Exchange.prototype;
  let taken = 0;
  let queued = 0;
  t.mock.method(Exchange.prototype, "data", function (this: Exchange, chunk: Buffer) {
    data.call(this, chunk);
    setImmediate(() => {
      taken += chunk.length;
      queued = this.client.queuedBytes;
    });
  });
  client.socket.pause();
  served.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  let bytes = 0;
  while (queued === 0) {
    bytes += PIECE.length;
    served.send(`${PIECE.length.toString(16)}\r\n${PIECE}\r\n`);
    await until("the daemon takes a piece", () => taken === bytes);
  }
  t.mock.restoreAll();
  return { client, served, bytes };
}

test("the end of an answer that a slow client has not read yet is not cut off by ours", async (t) => {
  await withDaemon(async (daemon) => {
    const { client, served, bytes } = await answerInQueue(t, daemon);
    served.send("0\r\n\r\n");
    await until("the exchange is over", () => daemon.daemon.health().inFlight === 0);
    const closed = daemon.daemon.close();
    await pause(50);
    client.socket.resume();
    await client.untilClosed();
    await closed;
    assert.ok(client.received.length > bytes, `${client.received.length} of ${bytes} bytes came`);
    assert.ok(client.text.endsWith("\r\n0\r\n\r\n"));
  });
});

test("a client that leaves before a large rest of its answer has not got it", async (t) => {
  await withDaemon(async (daemon) => {
    const { client, served } = await answerInQueue(t, daemon);
    served.send(`${`${PIECE.length.toString(16)}\r\n${PIECE}\r\n`.repeat(4)}0\r\n\r\n`);
    await pause(100);
    client.socket.resetAndDestroy();
    await until("the exchange is over", () => daemon.daemon.health().inFlight === 0);
    const outcomes = (await daemon.filed()).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["client_aborted"]);
  });
});

/** Looks after slow bodies when it is called, as the daemon started next does every minute. */
function sweepByHand(t: TestContext): () => void {
  let sweep: () => void = () => assert.fail("nobody looks after slow bodies");
  const { setInterval } = globalThis;
  t.mock.method(globalThis, "setInterval", (look: () => void, ms: number) => {
    if (ms === LIMITS.slowBodyMs) sweep = look;
    return setInterval(look, ms);
  });
  return () => sweep();
}

test("a body that only trickles is given up, also behind an early answer", async (t) => {
  const sweep = sweepByHand(t);
  await withDaemon(async (daemon) => {
    const upload = ["Content-Length: 100000"];
    const { client, served } = await asked(daemon, "POST /up/answered", upload);
    served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    await client.untilText("\r\n\r\nno");
    const unanswered = await asked(daemon, "POST /up/unanswered", upload);
    for (const peer of [client, unanswered.client]) peer.send("b".repeat(LIMITS.slowBodyBytes));
    await unanswered.served.untilText("b".repeat(LIMITS.slowBodyBytes));
    sweep();
    for (const peer of [client, unanswered.client]) peer.send("b".repeat(LIMITS.slowBodyBytes));
    await unanswered.served.untilText("b".repeat(2 * LIMITS.slowBodyBytes));
    sweep();
    assert.equal(client.closed, null, "it brings enough and may go on");
    for (const peer of [client, unanswered.client]) peer.send("b");
    await unanswered.served.untilText("b".repeat(2 * LIMITS.slowBodyBytes + 1));
    sweep();
    await client.untilClosed();
    await unanswered.client.untilText("408 Request Timeout");
    await unanswered.client.untilClosed();
  });
});

test("a client that has brought the rest of its body is left alone", async (t) => {
  const sweep = sweepByHand(t);
  await withDaemon(async (daemon) => {
    const { client, served } = await asked(daemon, "POST /up/early", ["Content-Length: 4"]);
    served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    await client.untilText("\r\n\r\nno");
    sweep();
    client.send("rest");
    client.send(request(daemon.port, "GET /up/next"));
    const next = await upstream.next();
    await next.untilText("GET /next");
    for (let i = 0; i < 3; i++) sweep();
    await pause(50);
    assert.equal(client.closed, null);
    next.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    await client.untilText("\r\n\r\nnext");
  });
});

test("no exchange is kept for the rest of a body on a connection that ends", async () => {
  const watched = (daemon: TestDaemon) =>
    Reflect.get(Reflect.get(daemon.daemon, "proxy"), "owing") as ReadonlySet<Exchange>;
  await withDaemon(
    async (daemon) => {
      const upload = ["Content-Length: 1000000"];
      const unreachable = await rawClient(daemon.port);
      unreachable.send(request(daemon.port, "POST /nobody/x", upload, "abc"));
      await unreachable.untilText("502 Bad Gateway");
      const last = await asked(daemon, "POST /up/x", [...upload, "Connection: close"]);
      last.served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
      await last.client.untilText("no");
      const odd = await asked(daemon, "POST /up/x", ["Transfer-Encoding: chunked"]);
      odd.client.send("zz\r\n");
      await odd.client.untilText("400 Bad Request");
      const kept = await asked(daemon, "POST /up/x", upload);
      kept.served.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
      await kept.client.untilText("no");
      assert.equal(watched(daemon).size, 1, "the one whose connection goes on");
      kept.client.socket.destroy();
      await until("that one is let go as well", () => watched(daemon).size === 0);
    },
    "",
    upstream,
    'nobody: "http://127.0.0.1:1"',
  );
});

test("with durability strict an error of the daemon's own waits for the disk as well", async (t) => {
  const real = fs.fdatasync;
  const held: (() => void)[] = [];
  t.mock.method(fs, "fdatasync", (fd: number, done: fs.NoParamCallback) => {
    held.push(() => real(fd, done));
  });
  const play = async (daemon: TestDaemon): Promise<void> => {
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "GET /nobody/x"));
    await until("the sync begins", () => held.length > 0);
    await pause(50);
    assert.equal(client.text, "");
    t.mock.restoreAll();
    for (const sync of held) sync();
    await client.untilText("unknown-upstream");
    client.socket.destroy();
  };
  await withDaemon(play, "durability: strict\n");
});

test("with durability strict a body that cannot be read is answered before its connection ends", async () => {
  const play = async (daemon: TestDaemon): Promise<void> => {
    const { client } = await asked(daemon, "POST /up/x", ["Transfer-Encoding: chunked"]);
    client.send("zz\r\n");
    await client.untilClosed();
    assert.match(client.text, /^HTTP\/1\.1 400 Bad Request/);
  };
  await withDaemon(play, "durability: strict\n");
});

test("with durability strict no end of an answer goes on before the disk has it", async (t) => {
  const real = fs.fdatasync;
  const held: (() => void)[] = [];
  let holding = false;
  t.mock.method(fs, "fdatasync", (fd: number, done: fs.NoParamCallback) => {
    if (holding) held.push(() => real(fd, done));
    else real(fd, done);
  });
  const play = async (daemon: TestDaemon): Promise<void> => {
    const { client, served } = await asked(daemon, "GET /up/x");
    await pause(100);
    holding = true;
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    await until("the sync begins", () => held.length > 0);
    await pause(50);
    assert.equal(client.text, "");
    holding = false;
    for (const sync of held) sync();
    await client.untilText("\r\n\r\ndone");
    client.socket.destroy();
    assert.deepEqual(
      (await daemon.filed()).map(({ outcome }) => outcome),
      ["complete"],
    );
  };
  await withDaemon(play, "durability: strict\n");
});

test("what came in the very turn in which the daemon is ended at once is on record", async (t) => {
  await withDaemon(async (daemon) => {
    const { served } = await asked(daemon, "GET /up/x");
    const real = Exchange.prototype.end;
    t.mock.method(Exchange.prototype, "end", function (this: Exchange, trailers: string[]) {
      real.call(this, trailers);
      void daemon.daemon.close();
      void daemon.daemon.close();
    });
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    await until("the daemon ends", () => served.closed !== null);
    await daemon.daemon.close();
    const outcomes: string[] = [];
    const reader = new SpoolReader(join(daemon.folder, ".callnumber", "spool"));
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (frame.kind === FrameKind.end) {
        outcomes.push((JSON.parse(frame.payload.toString()) as End).outcome);
      }
    }
    reader.close();
    assert.deepEqual(outcomes, ["complete"]);
  });
});

test("a request whose client leaves in the turn in which it came is not sent", async (t) => {
  await withDaemon(async (daemon) => {
    const { client, served } = await asked(daemon, "GET /up/x");
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await client.untilText("\r\n\r\nok");
    const { start } = Exchange.prototype;
    t.mock.method(Exchange.prototype, "start", function (this: Exchange, send: never) {
      start.call(this, send);
      this.clientClosed();
    });
    client.send(request(daemon.port, "POST /up/never-sent", ["Content-Length: 2"]));
    await client.untilClosed();
    await served.untilClosed();
    assert.ok(!served.text.includes("never-sent"), served.text);
    const outcomes = (await daemon.filed()).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["complete", "client_aborted"]);
  });
});
