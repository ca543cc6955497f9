/**
 * Bodies before redaction leave the state folder once they are filed: a second after the last call
 * of a burst, at a stop, and after kill -9 at the next start; also while another call stays open.
 * Every file below the state folder is searched, byte by byte.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { atBest } from "../timing.ts";
import { DaemonProcess } from "./daemon-process.ts";

const ERASED_MS = 1_000;
let port = 0;
/** Answers that stay open until they are ended by a test. */
const held: ServerResponse[] = [];
const server = createServer(answer);
const sockets = new WebSocketServer({ server });

before(async () => {
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { key } = JSON.parse(String(data)) as { key: string };
      socket.send(JSON.stringify({ type: "response.output_text.delta", delta: `said ${key}` }));
      socket.send(JSON.stringify({ type: "response.completed", response: { id: "r" } }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += chunk;
  const { stream, key, hold } = JSON.parse(text) as Record<string, unknown>;
  if (stream !== true) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ echoed: key }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const delta = { choices: [{ index: 0, delta: { content: `you said ${key}` } }] };
  response.write(`data: ${JSON.stringify(delta)}\n\n`);
  if (hold === true) held.push(response);
  else response.end("data: [DONE]\n\n");
}

/** Looks like a key, and is one of a kind. */
function freshKey(): string {
  return `sk-proj-${Array.from({ length: 48 }, () => Math.floor(Math.random() * 36).toString(36)).join("")}`;
}

async function daemonFor(): Promise<DaemonProcess> {
  return new DaemonProcess(`upstreams: { up: "http://127.0.0.1:${port}" }\n`).start();
}

async function post(daemon: DaemonProcess, body: object): Promise<Response> {
  const answered = await fetch(`${daemon.url}/up/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "?" }], ...body }),
  });
  return answered;
}

/** Resolves when the next answer has come to its end. */
function answerOn(socket: WebSocket): Promise<void> {
  return new Promise((done) => {
    const look = (data: unknown) => {
      if (!String(data).includes("response.completed")) return;
      socket.off("message", look);
      done();
    };
    socket.on("message", look);
  });
}

/** Plain calls, streams and a WebSocket, each with a key in both directions; gives the keys. */
async function burst(daemon: DaemonProcess, count = 10): Promise<string[]> {
  const keys = Array.from({ length: count * 3 }, freshKey);
  const calls = keys.slice(0, count * 2).map(async (key, i) => {
    await (await post(daemon, { key, stream: i % 2 === 0 })).text();
  });
  const socket = new WebSocket(`${daemon.url.replace("http", "ws")}/up/v1/responses`);
  await once(socket, "open");
  for (const key of keys.slice(count * 2)) {
    const answered = answerOn(socket);
    socket.send(JSON.stringify({ type: "response.create", key }));
    await answered;
  }
  socket.close();
  await Promise.all([once(socket, "close"), ...calls]);
  return keys;
}

/** Files of the state folder in which one of the keys can be read. */
function holding(daemon: DaemonProcess, keys: readonly string[]): string[] {
  const state = join(daemon.folder, ".callnumber");
  const files = readdirSync(state, { recursive: true, withFileTypes: true });
  return files.flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = join(entry.parentPath, entry.name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      // Removed between looking and reading.
      return [];
    }
    return keys.some((key) => bytes.includes(key)) ? [path] : [];
  });
}

async function erasedAfterMs(daemon: DaemonProcess, keys: readonly string[]): Promise<number> {
  const began = performance.now();
  await daemon.until(() => holding(daemon, keys).length === 0, 15_000, "bodies erased");
  return performance.now() - began;
}

async function calls(daemon: DaemonProcess, count: number): Promise<void> {
  await daemon.until(() => [...daemon.exchanges()].length >= count, 15_000, `${count} calls filed`);
}

test("a second after a burst nothing of its bodies is in the state folder", {
  timeout: 60_000,
}, async () => {
  const daemon = await daemonFor();
  try {
    await burst(daemon, 1);
    const best = await atBest(ERASED_MS, async () => erasedAfterMs(daemon, await burst(daemon)), 3);
    assert.ok(best <= ERASED_MS, `erased after ${best} ms`);
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

test("a stream that stays open keeps its own bytes in the spool and nobody else's", {
  timeout: 60_000,
}, async () => {
  const daemon = await daemonFor();
  try {
    const own = freshKey();
    const open = await post(daemon, { key: own, stream: true, hold: true });
    const heard = open.text();
    const stream = held.at(-1)!;
    const events: string[] = [];
    const tick = setInterval(() => {
      events.push(`data: {"tick":${events.length}}\n\n`);
      stream.write(events.at(-1));
    }, 20);
    const measure = async () => erasedAfterMs(daemon, await burst(daemon));
    for (let i = 0; i < 3; i++) await measure();
    const best = await atBest(ERASED_MS, measure, 3);
    assert.ok(best <= ERASED_MS, `erased after ${best} ms`);
    assert.notDeepEqual(holding(daemon, [own]), [], "the open call is on record");
    clearInterval(tick);
    stream.end();
    const body = await heard;
    assert.ok(await erasedAfterMs(daemon, [own]));
    const found = daemon
      .exchanges()
      .map(({ x, reader }) => ({ x, text: reader.responseBody(x)?.toString() ?? "" }))
      .find(({ text }) => text.includes('"tick"'));
    assert.equal(found?.x.outcome, "complete");
    assert.equal(found.text.slice(-500), body.slice(-500), "whole, though it was moved many times");
    assert.equal(found.x.response?.body?.wire?.bytes, Buffer.byteLength(body));
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

test("turns of a WebSocket that stays open leave the state folder within two seconds", {
  timeout: 60_000,
}, async () => {
  const daemon = await daemonFor();
  const socket = new WebSocket(`${daemon.url.replace("http", "ws")}/up/v1/responses`);
  try {
    await once(socket, "open");
    const ask = async () => {
      const keys = Array.from({ length: 5 }, freshKey);
      for (const key of keys) {
        const answered = answerOn(socket);
        socket.send(JSON.stringify({ type: "response.create", key }));
        await answered;
      }
      // Masked on the wire, so it is looked for as the upstream echoes it.
      return erasedAfterMs(daemon, keys);
    };
    await ask();
    const best = await atBest(2_000, ask, 3);
    assert.ok(best <= 2_000, `erased after ${best} ms`);
    socket.close();
    await once(socket, "close");
    await daemon.until(() => [...daemon.exchanges()].length >= 10, 10_000, "all turns filed");
    assert.equal(await daemon.end(), 0, daemon.stderr);
    const outcomes = [...daemon.exchanges()].map(({ x }) => x.outcome);
    assert.deepEqual(new Set(outcomes), new Set(["complete"]));
    assert.equal(outcomes.length % 5, 0);
  } finally {
    socket.terminate();
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

test("after SIGTERM nothing of any body is left in the state folder", {
  timeout: 60_000,
}, async () => {
  const daemon = await daemonFor();
  try {
    const keys = await burst(daemon);
    assert.equal(await daemon.end(), 0, daemon.stderr);
    assert.deepEqual(holding(daemon, keys), []);
    assert.equal([...daemon.exchanges()].length, 30);
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

test("what kill -9 left, filed or not, is gone soon after the next start, and filed once", {
  timeout: 60_000,
}, async () => {
  const daemon = await daemonFor();
  try {
    const own = freshKey();
    // Kept: fetch gives up a body that nobody can read any more.
    const open = await post(daemon, { key: own, stream: true, hold: true });
    const filed = await burst(daemon);
    await calls(daemon, 30);
    await erasedAfterMs(daemon, filed);
    const keys = [own, ...filed, ...(await burst(daemon))];
    await daemon.end("SIGKILL");
    await assert.rejects(open.text());
    assert.notDeepEqual(holding(daemon, keys), [], "nobody had the time to erase");
    await daemon.start();
    await erasedAfterMs(daemon, keys);
    await calls(daemon, 61);
    assert.equal(await daemon.end(), 0, daemon.stderr);
    const outcomes = [...daemon.exchanges()].map(({ x }) => x.outcome);
    assert.equal(outcomes.length, 61);
    assert.equal(outcomes.filter((outcome) => outcome === "interrupted").length, 1);
  } finally {
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});
