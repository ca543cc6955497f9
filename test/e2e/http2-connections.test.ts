/**
 * Which connection a call to an HTTP/2 upstream gets, and what it leaves there when it is given up.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { test } from "node:test";
import { Http2Upstream } from "../../daemon/proxy/http2-upstream.ts";
import type {
  UpstreamCall,
  UpstreamHandler,
  UpstreamRequest,
} from "../../daemon/proxy/upstream.ts";
import { LIMITS } from "../../record/limits.ts";
import { makeCertificate } from "./certificate.ts";

const { cert, key } = makeCertificate({});
const GET: UpstreamRequest = {
  method: "GET",
  path: "/x",
  headers: ["Host", "127.0.0.1"],
  body: "none",
  speed: null,
};
const nothing = () => {};
const HANDLER: UpstreamHandler = {
  connected: nothing,
  drain: nothing,
  information: nothing,
  head: nothing,
  data: nothing,
  end: nothing,
  fail: nothing,
};

async function upstreamOf(server: Http2SecureServer): Promise<Http2Upstream> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return new Http2Upstream({
    name: "up",
    url: { protocol: "https:", hostname: "127.0.0.1", port, basePath: "" },
    headers: {},
    ca: cert,
    http2: true,
    timeouts: { connectMs: 5_000, headersMs: 5_000, bodyMs: 5_000 },
    allowPrivate: true,
    preset: false,
  });
}

test("a call given up with an unread answer leaves its connection", {
  timeout: 10_000,
}, async () => {
  const server = createSecureServer({ cert, key });
  const upstream = await upstreamOf(server);
  const opened = once(server, "session");
  const arrived = new Promise<void>((resolve) => {
    server.on("stream", (stream) => {
      const { session } = stream;
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(100_000));
      // All of it has been sent by then, and has arrived when this is answered.
      stream.on("close", () => session?.ping(() => resolve()));
    });
  });
  const call: UpstreamCall = upstream.begin(GET, { ...HANDLER, head: () => call.pause() });
  call.send([], []);
  await arrived;
  call.abort();
  const [session] = await opened;
  const closed = once(session, "close");
  upstream.close();
  await closed;
  server.close();
});

function versionOf(upstream: Http2Upstream): Promise<string> {
  return new Promise((resolve, reject) => {
    let version = "";
    const call = upstream.begin(GET, {
      ...HANDLER,
      head: (_status, _reason, http) => {
        version = http;
      },
      end: () => resolve(version),
      fail: ({ message }) => reject(new Error(message)),
    });
    call.send([], []);
  });
}

test("an upstream that chose HTTP/1.1 is asked for HTTP/2 again after a while", async (t) => {
  let protocol = "http/1.1";
  const options = { cert, key, allowHTTP1: true, ALPNCallback: () => protocol };
  const server = createSecureServer(options, (_request, response) => response.end("ok"));
  const upstream = await upstreamOf(server);
  assert.equal(await versionOf(upstream), "1.1");
  protocol = "h2";
  assert.equal(await versionOf(upstream), "1.1");
  const { now } = performance;
  t.mock.method(performance, "now", () => now.call(performance) + LIMITS.http1ChoiceMs);
  assert.equal(await versionOf(upstream), "2");
  upstream.close();
  server.close();
});
