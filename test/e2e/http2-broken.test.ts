/**
 * HTTP/2 upstreams that break off or refuse (RFC 9113 §5.4, §6.8, §8.7): a break reaches the client as
 * a break whatever its code, what the upstream did not process goes to another connection, and
 * nothing else is ever sent twice. Servers of node:http2 send resets and GOAWAYs where they are told.
 */
import assert from "node:assert/strict";
import {
  constants,
  createSecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { test } from "node:test";
import { makeCertificate } from "./certificate.ts";
import { rawClient, request, startTestDaemon } from "./daemon-harness.ts";
import { type FrameStream, frameServer } from "./http2-frames.ts";

const { cert, key } = makeCertificate({});
const ca = JSON.stringify(makeCertificate.save(cert));

type Handle = (stream: ServerHttp2Stream, path: string) => unknown;

async function stage(handle: Handle) {
  const server = createSecureServer({ cert, key });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    handle(stream, String(headers[":path"]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const url = `https://127.0.0.1:${port}`;
  const daemon = await startTestDaemon(
    `upstreams: { up: { url: "${url}", ca: ${ca}, http2: on } }`,
  );
  return {
    daemon,
    async close() {
      await daemon.close();
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A daemon before a server that writes its frames by hand. */
async function frameStage(asked: (stream: FrameStream) => void) {
  const server = await frameServer({ cert, key }, asked);
  const up = `{ url: "${server.url}", ca: ${ca}, http2: on }`;
  const daemon = await startTestDaemon(`upstreams: { up: ${up} }`);
  return {
    daemon,
    async close() {
      await daemon.close();
      await server.close();
    },
  };
}

const BREAKS: Record<string, (stream: FrameStream) => void> = {
  "a GOAWAY of an error": (stream) => stream.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, stream.id),
  "a GOAWAY that leaves it out": (stream) => stream.goaway(constants.NGHTTP2_NO_ERROR, 0),
  "a GOAWAY and a FIN": (stream) => {
    stream.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
    stream.close();
  },
  "a FIN": (stream) => stream.close(),
  "a RST": (stream) => stream.abort(),
};
for (const code of [0, 1, 2, 3, 5, 6, 7, 8, 11, 13]) {
  BREAKS[`RST_STREAM ${code}`] = (stream) => stream.reset(code);
}

test("every break in the middle of an answer breaks the client's answer off", async () => {
  let asked = 0;
  let stream: FrameStream | null = null;
  let length: string | undefined;
  const { daemon, close } = await frameStage((opened) => {
    asked++;
    stream = opened;
    opened.head(length);
    opened.data("begin");
  });
  const cases = Object.entries(BREAKS).flatMap(
    ([name, breakOff]) =>
      [
        [name, breakOff, undefined],
        [name, breakOff, "100"],
      ] as const,
  );
  for (const [name, breakOff, counted] of cases) {
    length = counted;
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "GET /up/x"));
    await client.untilText("begin");
    breakOff(stream as unknown as FrameStream);
    await client.untilClosed();
    assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/, name);
  }
  assert.equal(asked, cases.length);
  const filed = await daemon.filed();
  assert.equal(filed.length, cases.length);
  for (const [i, { outcome, error }] of filed.entries()) {
    const [name] = cases[i] as (typeof cases)[number];
    assert.deepEqual([outcome, error?.code], ["upstream_aborted", "upstream-aborted"], name);
  }
  await close();
});

test("every break before an answer is a 502, and nothing is sent again", async () => {
  let asked = 0;
  let breakOff: (stream: FrameStream) => void = () => {};
  const { daemon, close } = await frameStage((stream) => {
    asked++;
    breakOff(stream);
  });
  for (const [name, one] of Object.entries(BREAKS)) {
    if (/RST_STREAM 7|leaves it out/.test(name)) continue;
    breakOff = one;
    const before = asked;
    const answer = await fetch(`${daemon.url}/up/x`, { method: "POST", body: "{}" });
    assert.deepEqual([answer.status, asked - before], [502, 1], name);
  }
  await close();
});

test("a reset with NO_ERROR behind the end of an answer takes nothing from it", async () => {
  const { daemon, close } = await frameStage((stream) => {
    stream.head();
    stream.data("all", true);
    stream.reset(constants.NGHTTP2_NO_ERROR);
  });
  for (const method of ["GET", "POST"]) {
    const body = method === "POST" ? { body: "b".repeat(100_000) } : {};
    assert.equal(await (await fetch(`${daemon.url}/up/x`, { method, ...body })).text(), "all");
  }
  const outcomes = (await daemon.filed()).map((one) => one.outcome);
  assert.deepEqual(outcomes, ["complete", "complete"]);
  await close();
});

for (const [name, refuse] of [
  ["REFUSED_STREAM", (stream: FrameStream) => stream.reset(constants.NGHTTP2_REFUSED_STREAM)],
  ["a GOAWAY below it", (stream: FrameStream) => stream.goaway(0, stream.id - 1)],
  ["a GOAWAY of an error below it", (stream: FrameStream) => stream.goaway(11, stream.id - 1)],
] as const) {
  test(`what ${name} declares unprocessed is sent again, once`, async () => {
    const seen: number[] = [];
    const { daemon, close } = await frameStage((stream) => {
      seen.push(stream.connection);
      if (seen.length === 1) return refuse(stream);
      stream.head();
      stream.data("done", true);
    });
    const answer = await fetch(`${daemon.url}/up/x`, { method: "POST", body: "{}" });
    assert.deepEqual([answer.status, await answer.text()], [200, "done"]);
    assert.deepEqual(seen, name === "REFUSED_STREAM" ? [1, 1] : [1, 2]);
    await close();
  });
}

for (const [name, length, body] of [
  ["fewer", "100", "begin"],
  ["more", "3", "begin"],
] as const) {
  test(`an answer of ${name} bytes than its content-length says is no whole one`, async () => {
    const { daemon, close } = await stage((stream) => {
      stream.respond({ ":status": 200, "content-length": length });
      stream.end(body);
    });
    const client = await rawClient(daemon.port);
    client.send(request(daemon.port, "GET /up/x"));
    await client.until((peer) => peer.closed !== null || peer.text.includes(" 502 "), "a break");
    client.socket.destroy();
    const [filed] = await daemon.filed();
    assert.match(filed?.outcome, /^upstream_(aborted|error)$/);
    await close();
  });
}

test("an answer with trailers, one without a body and one of many chunks are whole", async () => {
  const { daemon, close } = await stage((stream, path) => {
    if (path === "/none") return stream.respond({ ":status": 204 }, { endStream: true });
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ digest: "of-all" }));
    for (let i = 0; i < 200; i++) stream.write("x".repeat(10_000));
    stream.end();
  });
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/none"));
  await client.untilText("HTTP/1.1 204");
  client.send(request(daemon.port, "GET /up/all"));
  await client.untilText("\r\n0\r\ndigest: of-all\r\n\r\n");
  assert.equal(client.text.split("x").length - 1, 2_000_000);
  client.socket.destroy();
  const outcomes = (await daemon.filed()).map((one) => one.outcome);
  assert.deepEqual(outcomes, ["complete", "complete"]);
  await close();
});

test("interim answers without end are broken off", async () => {
  const { daemon, close } = await stage((stream) => {
    const more = () => {
      if (stream.closed || stream.destroyed) return;
      for (let i = 0; i < 50; i++) stream.additionalHeaders({ ":status": 103, link: "a" });
      setImmediate(more);
    };
    more();
  });
  const client = await rawClient(daemon.port);
  client.send(request(daemon.port, "GET /up/x"));
  await client.untilText("interim answers to one request");
  assert.match(client.text, /HTTP\/1\.1 502 /);
  client.socket.destroy();
  const [filed] = await daemon.filed();
  assert.equal(filed?.error?.code, "upstream-protocol");
  await close();
});

test("a refused stream is sent again with its body, on and on but not for ever", async () => {
  const bodies: string[] = [];
  const { daemon, close } = await stage(async (stream, path) => {
    if (path === "/always" || bodies.length < 3) {
      bodies.push("refused");
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    let body = "";
    for await (const chunk of stream) body += chunk;
    bodies.push(body);
    stream.respond({ ":status": 200 });
    stream.end("done");
  });
  const body = "b".repeat(300_000);
  const answer = await fetch(`${daemon.url}/up/x`, { method: "POST", body });
  assert.equal(await answer.text(), "done");
  assert.deepEqual(bodies, ["refused", "refused", "refused", body]);
  const never = await fetch(`${daemon.url}/up/always`, { method: "POST", body: "{}" });
  assert.equal(never.status, 502);
  assert.match(await never.text(), /did not process the request, 9 times/);
  assert.equal(bodies.length, 4 + 9);
  await close();
});

test("a body too large to be kept is not sent again, and the answer says why", async () => {
  let asked = 0;
  const { daemon, close } = await stage((stream) => {
    asked++;
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > 5_000_000) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  });
  const body = Buffer.alloc(6_000_000);
  const answer = await fetch(`${daemon.url}/up/x`, { method: "POST", body });
  assert.equal(answer.status, 502);
  assert.match(await answer.text(), /too large to be kept and sent again/);
  assert.equal(asked, 1);
  await close();
});

test("600 calls, 20 at once, to a server that goes away every 50: none fails, none comes twice", async () => {
  const served = new Map<string, number>();
  const perSession = new WeakMap<object, number>();
  const { daemon, close } = await stage(async (stream, path) => {
    const session = stream.session as ServerHttp2Session;
    const count = (perSession.get(session) ?? 0) + 1;
    perSession.set(session, count);
    // Like nginx with keepalive_requests: what comes behind the last is not looked at.
    if (count === 50) session.goaway(constants.NGHTTP2_NO_ERROR, stream.id as number);
    if (count > 50) return;
    served.set(path, (served.get(path) ?? 0) + 1);
    let body = "";
    for await (const chunk of stream) body += chunk;
    stream.respond({ ":status": 200 });
    stream.end(`${path} ${body.length}`);
    if (count === 50) stream.on("close", () => session.close());
  });
  let next = 0;
  const wrong: string[] = [];
  const worker = async () => {
    while (next < 600) {
      const n = next++;
      const body = "b".repeat((n % 7) * 10_000);
      const answer = await fetch(`${daemon.url}/up/${n}`, { method: "POST", body });
      const text = await answer.text();
      if (text !== `/${n} ${body.length}`) wrong.push(`${n}: ${answer.status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    [...served.values()].filter((times) => times !== 1),
    [],
  );
  assert.equal(served.size, 600);
  await close();
});
