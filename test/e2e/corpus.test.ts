/**
 * Real traffic through the daemon: every recorded exchange of the corpus is sent by a client and
 * answered by a local upstream; what each end saw must be what the other end sent, byte for byte,
 * and the stored bodies must join back to it. Skipped where the corpus is absent.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { Agent, createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";
import { DaemonProcess } from "./daemon-process.ts";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/exchanges.jsonl", import.meta.url));
const AT_ONCE = 8;

interface Recorded {
  id: string;
  api: string;
  method: string;
  path: string;
  requestHeaders: [string, string][];
  requestBody: Buffer;
  status: number;
  responseHeaders: [string, string][];
  responseBody: Buffer;
  stream: boolean;
}

/** Headers that belong to the recorder's connection or contradict the body as it was kept. */
const LEFT_OUT =
  /^(host|connection|content-length|transfer-encoding|content-encoding|keep-alive|proxy-.*|te|trailer|upgrade|expect|origin|sec-fetch-.*|:.*)$/i;
const VALUE = /^[\t\x20-\x7e]*$/;

function headersOf(headers: Record<string, unknown> | null): [string, string][] {
  return Object.entries(headers ?? {}).flatMap(([name, value]): [string, string][] => {
    const text = String(value);
    return LEFT_OUT.test(name) || !VALUE.test(text) ? [] : [[name, text]];
  });
}

async function* recorded(): AsyncGenerator<Recorded> {
  for await (const line of createInterface({ input: createReadStream(CORPUS) })) {
    const { id, api, request, response } = JSON.parse(line);
    const url = new URL(request.url);
    const bytes = (body: string | null, encoding: string) =>
      Buffer.from(body ?? "", encoding === "base64" ? "base64" : "utf8");
    yield {
      id,
      api,
      method: request.method,
      path: url.pathname + url.search,
      requestHeaders: headersOf(request.headers),
      requestBody: bytes(request.body, request.body_encoding),
      status: response.status,
      responseHeaders: headersOf(response.headers),
      responseBody: bytes(response.body, response.body_encoding),
      stream: response.stream,
    };
  }
}

/** Pieces of 1 to 700 bytes at places that a seed decides: no recording knows its own chunks. */
function* pieces(bytes: Buffer, seed: number): Generator<Buffer> {
  let state = seed + 1;
  for (let at = 0; at < bytes.length; ) {
    state = (state * 48271) % 2147483647;
    const size = 1 + (state % 700);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function startUpstream(byId: Map<string, Recorded>, wrong: string[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const x = byId.get(String(request.headers["x-corpus-id"]))!;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!Buffer.concat(chunks).equals(x.requestBody)) wrong.push(`${x.id}: request body`);
    if (request.method !== x.method || request.url !== x.path) wrong.push(`${x.id}: target`);
    const seen = request.rawHeaders.join("\n");
    for (const [name, value] of x.requestHeaders) {
      if (!seen.includes(`${name}\n${value.trim()}`)) wrong.push(`${x.id}: request ${name}`);
    }
    const hasBody = x.status !== 204 && x.status !== 304;
    const length = x.stream || !hasBody ? [] : ["content-length", String(x.responseBody.length)];
    response.writeHead(x.status, [...x.responseHeaders.flat(), ...length]);
    if (hasBody && x.stream) {
      for (const piece of pieces(x.responseBody, byId.size)) {
        response.write(piece);
        await new Promise(setImmediate);
      }
    } else if (hasBody) response.write(x.responseBody);
    response.end();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function send(base: string, x: Recorded, agent: Agent): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const length = x.requestBody.length > 0 ? ["content-length", String(x.requestBody.length)] : [];
    const { port } = new URL(base);
    const sent = httpRequest({
      host: "127.0.0.1",
      port,
      agent,
      method: x.method,
      path: `/90.11/corpus${x.path}`,
      headers: [
        "Host",
        `127.0.0.1:${port}`,
        "x-corpus-id",
        x.id,
        ...x.requestHeaders.flat(),
        ...length,
      ],
    } as never);
    sent.on("error", reject);
    sent.on("response", async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
    });
    sent.end(x.requestBody);
  });
}

test("recorded traffic of every API crosses byte for byte and joins back from the tree", {
  skip: existsSync(CORPUS) ? false : "the corpus of recorded traffic is not beside this checkout",
  timeout: 300_000,
}, async (t) => {
  const byId = new Map<string, Recorded>();
  const wrong: string[] = [];
  for await (const x of recorded()) byId.set(x.id, x);
  const upstream = await startUpstream(byId, wrong);
  const { port } = upstream.address() as AddressInfo;
  const daemon = new DaemonProcess(
    `upstreams: { corpus: "http://127.0.0.1:${port}" }\ntree: { 90-99 Tests: { 90 Corpus: { 90.11 All: {} } } }\n`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  try {
    await daemon.start();
    const queue = [...byId.values()];
    const work = async () => {
      for (let x = queue.pop(); x !== undefined; x = queue.pop()) {
        const { status, body } = await send(daemon.url, x, agent);
        if (status !== x.status) wrong.push(`${x.id}: status ${status}, not ${x.status}`);
        else if (!body.equals(x.responseBody)) wrong.push(`${x.id}: response body`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.equal(await daemon.end(), 0);
    const { joined, redacted } = compareStored(daemon, byId);
    assert.equal(joined, byId.size);
    for (const { path } of openTree(daemon.captures).files())
      assert.deepEqual(verifyFile(path), []);
    const apis = new Set([...byId.values()].map(({ api }) => api)).size;
    const streams = [...byId.values()].filter(({ stream }) => stream).length;
    t.diagnostic(
      `${byId.size} exchanges of ${apis} APIs (${streams} streams), ${redacted} with a redaction`,
    );
  } finally {
    agent.destroy();
    upstream.close();
    upstream.closeAllConnections();
    await daemon.end("SIGKILL");
    daemon.remove();
  }
});

/** Every stored body against what crossed; a redacted one against the digest of its wire form. */
function compareStored(daemon: DaemonProcess, byId: Map<string, Recorded>) {
  let joined = 0;
  let redacted = 0;
  for (const { x, reader } of daemon.exchanges()) {
    const id = x.request.headers.find(([name]) => name === "x-corpus-id")?.[1] ?? "";
    const sent = byId.get(id)!;
    assert.equal(x.outcome, "complete", id);
    assert.equal(x.verbatim, true, id);
    const sides = [
      [x.request.body, reader.requestBody(x), sent.requestBody],
      [x.response?.body, reader.responseBody(x), sent.responseBody],
    ] as const;
    for (const [line, stored, wire] of sides) {
      if (wire.length === 0 || sent.status === 204) continue;
      assert.ok(line && stored, id);
      if (line.wire) {
        redacted++;
        assert.ok(x.redactions.length > 0, `${id}: differs from the wire without a redaction`);
        assert.equal(line.wire.sha256, hash("sha256", wire), id);
      } else assert.ok(stored.equals(wire), `${id}: stored body differs`);
    }
    joined++;
  }
  return { joined, redacted };
}
