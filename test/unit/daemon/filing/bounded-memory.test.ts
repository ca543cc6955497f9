/**
 * What a client can make the filer hold: a million one-byte chunks, and a body made of secrets, are
 * filed by a process whose heap is a fifth of the usual one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startFiler } from "../../../../daemon/filing/supervisor.ts";
import { LIMITS } from "../../../../record/limits.ts";
import { configOf, put, readTree, scene, spoolOf } from "./spooled.ts";

const EVENTS: [string, string][] = [["content-type", "text/event-stream"]];

test("a call of a million chunks and one of many secrets are filed in little memory", async (t) => {
  const at = scene();
  const spool = spoolOf(at, 16 * 1024 * 1024);
  const text = 'data: {"choices":[{"index":0,"delta":{"content":"abc"}}]}\n\n';
  const count = LIMITS.openExtentsCount + 50_000;
  const stream = text.repeat(Math.ceil(count / text.length)).slice(0, count);
  const response = {
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) yield [i / 100, stream.charAt(i)] as const;
    },
  };
  const chunked = put(spool, {
    head: { headers: EVENTS },
    response: response as unknown as [number, string][],
  });
  const content = Buffer.from("password=Ab1xyz9Q; ".repeat(80_000)).toString("base64");
  const secrets = put(spool, { request: JSON.stringify({ model: "m", input: content }) });
  await spool.close();
  const filer = startFiler({
    config: configOf(at),
    spoolDir: at.spoolDir,
    log: () => {},
    execArgv: ["--max-old-space-size=112"],
  });
  t.after(() => filer.stop());
  assert.equal(await filer.drain(120_000), true);
  assert.deepEqual([filer.stats().restarts, filer.stats().poisoned], [0, 0]);
  const seen = new Map(readTree(at).map((x) => [x.line.id, x]));
  const x = seen.get(chunked);
  assert.ok(x?.response?.toString() === stream, "joined back");
  assert.equal(x.line.timing.chunks, count);
  assert.ok((x.chunks?.length ?? 0) <= LIMITS.streamChunksCount);
  assert.equal(x.line.timing.last_chunk_ms, Math.round(count - 1) / 100);
  const hidden = seen.get(secrets);
  assert.equal(hidden?.line.redactions?.[0]?.rule, "assigned-secret");
  const { input } = JSON.parse(hidden?.request?.toString() ?? "");
  const left = input.split(/\[redacted[^\]]*\]/).map((part: string) => Buffer.from(part, "base64"));
  assert.ok(!left.some((part: Buffer) => part.includes("Ab1xyz9Q")));
});
