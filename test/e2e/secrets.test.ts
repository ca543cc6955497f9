/**
 * The whole way: credentials of every kind cross the running daemon in headers, query, gzip bodies,
 * streamed deltas and error messages; then every byte of the tree is read, stored streams unpacked,
 * and looked through for them. What the client and the upstream got is untouched.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { decodeChunks } from "../../record/bodies/chunks.ts";
import { credentialKinds, type Kind } from "../unit/record/secrets/credential-kinds.ts";
import { shows } from "../unit/record/secrets/hiding-places.ts";
import { startTestDaemon } from "./daemon-harness.ts";

// A digit and a bar are too short to be known in base64, in which each kind is sent too: see "What it
// cannot find" in docs/redaction.md.
const kinds = credentialKinds(11).filter(({ name }) => name !== "facebook app");

/** Says the secret back: to even requests as a stream of small deltas, to odd ones as an error. */
async function startGossip(seen: string[]): Promise<Server> {
  const server = createServer(async (req, res) => {
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece as Buffer);
    seen.push(gunzipSync(Buffer.concat(pieces)).toString());
    const n = Number(req.headers["x-number"]);
    const { text } = kinds[n >> 1] as Kind;
    if (n % 2 === 1) {
      res.writeHead(401, {
        "content-type": "application/json",
        "x-echo": encodeURIComponent(text),
      });
      res.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${text}.` } }));
      return;
    }
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of `You said:\n${text}\n`.match(/[\s\S]{1,9}/g)!) {
      res.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    }
    res.end("data: [DONE]\n\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Every text of the tree: files as they lie there, streams unpacked, and their deltas joined. */
function textsOf(folder: string): string[] {
  const texts: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = readFileSync(join(entry.parentPath, entry.name), "utf8");
    texts.push(file);
    for (const [, packed] of file.matchAll(/"zstd":"([^"]+)"/g)) {
      const chunks = decodeChunks(zstdDecompressSync(Buffer.from(packed!, "base64")));
      const stream = Buffer.concat(chunks.map(([, bytes]) => bytes)).toString();
      const deltas = [...stream.matchAll(/^data: (\{.*)$/gm)].map((m) => JSON.parse(m[1]!));
      texts.push(stream, deltas.map((d) => d.choices?.[0]?.delta?.content ?? "").join(""));
    }
  }
  return texts;
}

test("no credential of any kind reaches the tree, and all reach their receivers", async (t) => {
  const seen: string[] = [];
  const upstream = await startGossip(seen);
  const { port } = upstream.address() as AddressInfo;
  const daemon = await startTestDaemon(`upstreams: { up: "http://127.0.0.1:${port}" }`);
  const sent: string[] = [];
  for (const [i, { text, secret }] of kinds.entries()) {
    for (const n of [2 * i, 2 * i + 1]) {
      // As a live credential it would be found literally: every other time the patterns are alone.
      const live = n % 2 === 1 ? secret : `sk-or-v1-${"0a1b2c3d4e5f6789".repeat(4)}`;
      const content = `.env:\n${text}\n`;
      const nested = JSON.stringify({
        stdout: content,
        file: Buffer.from(content).toString("base64"),
      });
      const body = JSON.stringify({
        messages: [
          { role: "user", content },
          { role: "tool", content: nested },
        ],
      });
      sent.push(body);
      const answer = await fetch(
        `${daemon.url}/up/v1/chat/completions?key=${encodeURIComponent(live)}&n=${n}`,
        {
          method: "POST",
          headers: {
            authorization: `Bearer ${live}`,
            "content-encoding": "gzip",
            "x-debug": encodeURIComponent(text),
            "x-number": `${n}`,
          },
          body: gzipSync(body),
        },
      );
      const got = await answer.text();
      if (n % 2 === 1) assert.ok(JSON.parse(got).error.message.includes(text));
    }
  }
  assert.deepEqual(seen, sent);
  assert.equal((await daemon.filed()).length, 2 * kinds.length);
  const texts = textsOf(join(daemon.folder, "captures"));
  const leaked = kinds.filter(({ secret }) => shows(texts, secret)).map(({ name }) => name);
  t.diagnostic(
    `${kinds.length} kinds in ${2 * kinds.length} exchanges, in the tree: ${leaked.length}`,
  );
  upstream.closeAllConnections();
  upstream.close();
  await daemon.close();
  assert.ok(texts.some((text) => text.includes("[redacted:")));
  assert.deepEqual(leaked, []);
});
