/**
 * Random streams through the real daemon: the client gets the upstream's bytes, and the record of
 * each names their digest and holds them decoded, without the secrets.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { openTree } from "../../record/reader/tree.ts";
import { verifyFile } from "../../record/reader/verify.ts";
import { seededRandom } from "../seeded-random.ts";
import {
  CODINGS,
  LIVE,
  LONG_RULE,
  type RandomStream,
  randomStream,
  SHORT_RULE,
  withPlainMarks,
} from "../unit/daemon/filing/random-streams.ts";
import { startTestDaemon } from "./daemon-harness.ts";

const COUNT = Number(process.env.FUZZ_STREAMS ?? 90);
const SEED = Number(process.env.FUZZ_SEED ?? 20261201);

function fetched(url: string): Promise<Buffer> {
  const [key, bearer] = LIVE;
  const headers = { "x-api-key": key, authorization: `Bearer ${bearer}` };
  return new Promise((done, failed) => {
    const request = http.request(url, { method: "POST", headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => done(Buffer.concat(pieces)));
      response.on("error", failed);
    });
    request.on("error", failed);
    request.end('{"model":"m","stream":true}');
  });
}

test("clients get what the upstream sent, and the tree holds it decoded under its digest", async (t) => {
  const random = seededRandom(SEED);
  const streams: RandomStream[] = [];
  for (let i = 0; i < COUNT; i++) {
    streams.push(await randomStream(random, CODINGS[i % CODINGS.length]));
  }
  const upstream = http.createServer((request, response) => {
    const stream = streams[Number(request.url?.split("/").at(-1))] as RandomStream;
    response.setHeader("content-type", "text/event-stream");
    if (stream.encoding !== null) response.setHeader("content-encoding", stream.encoding);
    for (const [, chunk] of stream.chunks) response.write(chunk);
    response.end();
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  t.after(() => upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const rules = JSON.stringify([SHORT_RULE, LONG_RULE]);
  const daemon = await startTestDaemon(
    `upstreams: { up: "http://127.0.0.1:${port}" }\nredact: { rules: ${rules} }\n`,
  );
  t.after(() => daemon.close());
  for (const [n, stream] of streams.entries()) {
    const got = await fetched(`${daemon.url}/up/v1/chat/${n}`);
    assert.ok(got.equals(stream.wire), `client ${n}`);
  }
  await daemon.daemon.close();
  const tree = openTree(join(daemon.folder, "captures"));
  const seen = new Set<number>();
  for (const { path } of tree.files()) {
    assert.deepEqual(verifyFile(path), []);
    using day = tree.openDay(path);
    for (const line of day.exchanges()) {
      const n = Number(line.request.url.split("/").at(-1));
      const stream = streams[n] as RandomStream;
      const body = line.response?.body;
      seen.add(n);
      assert.equal((body?.wire ?? body)?.sha256, hash("sha256", stream.wire, "hex"), `call ${n}`);
      const stored = withPlainMarks(day.responseBody(line)?.toString() ?? "");
      assert.equal(stored, stream.stored, `call ${n}, ${stream.coding}`);
    }
  }
  assert.equal(seen.size, COUNT);
});
