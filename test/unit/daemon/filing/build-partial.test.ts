/** What cannot be filed whole is filed as far as it goes, with the reason, and nothing unredacted. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FilerOptions } from "../../../../daemon/filing/filer-options.ts";
import { createRedaction } from "../../../../daemon/filing/redact.ts";
import { FrameKind } from "../../../../daemon/frames.ts";
import { segmentName } from "../../../../daemon/spool/segment.ts";
import { CodedError } from "../../../../record/errors.ts";
import { fileAll, filerOf, put, readTree, type Scene, scene, spoolOf } from "./spooled.ts";

/** Redaction that does not finish where a piece says `slow`. */
function slowly(at: Scene): Partial<FilerOptions> {
  return {
    redaction: (config) => {
      const redact = createRedaction({ ...config, state: at.state });
      return (x) => {
        const texts = [x.request, x.response, ...(x.chunks ?? []).map(([, bytes]) => bytes)];
        texts.push(Buffer.from(JSON.stringify(x.begin.headers)));
        if (texts.some((bytes) => bytes?.includes("slow"))) {
          throw new CodedError("redaction-deadline", "redaction passed its deadline");
        }
        return redact(x);
      };
    },
  };
}

const STREAM: [string, string][] = [["content-type", "text/event-stream"]];

test("only the body that cannot be redacted in time is left out, with its size, digest and reason", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const fast = '{"model":"m","messages":[]}';
  const slow = '{"model":"m","messages":["slow"]}';
  const kinds = [
    [slow, fast, false],
    [fast, slow, false],
    [slow, slow, false],
    [fast, `data: ${slow}\n\n`, true],
  ] as const;
  for (const [request, response, stream] of kinds) {
    put(spool, { request, response: [[7, response]], head: stream ? { headers: STREAM } : {} });
  }
  const { filer } = await fileAll(at, slowly(at));
  assert.equal(filer.stats().partial, 4);
  assert.equal(filer.stats().poisoned, 0);
  const filed = readTree(at);
  assert.equal(filed.length, 4);
  for (const [i, { line, request, response }] of filed.entries()) {
    const [sent, got] = kinds[i] ?? [];
    for (const [body, wire, side] of [
      [request, sent, line.request],
      [response, got, line.response],
    ] as const) {
      const isLeftOut = wire?.includes("slow") === true;
      assert.equal(body?.toString(), isLeftOut ? undefined : wire);
      const form = { bytes: wire?.length, sha256: hash("sha256", wire ?? "") };
      const reason = "redaction did not finish in time";
      assert.deepEqual(side?.omitted, isLeftOut ? { ...form, reason } : undefined);
    }
    assert.equal(line.outcome, "complete");
    assert.equal(line.error?.code, "record-incomplete");
    assert.match(line.error?.message ?? "", /left out: redaction did not finish in time/);
  }
  assert.ok(!fs.readFileSync(filed[0]!.path).includes("slow"));
});

test("headers that cannot be redacted are left out as well", async () => {
  const at = scene();
  put(spoolOf(at), { begin: { headers: [["x-note", "slow"]], url: "/v1/x?q=slow" } });
  await fileAll(at, slowly(at));
  const [x, ...others] = readTree(at);
  assert.equal(others.length, 0);
  assert.deepEqual([x?.line.request.url, x?.line.request.headers], ["/", []]);
  assert.equal(x?.line.response?.status, 200);
  assert.ok(!fs.readFileSync(x!.path).includes("slow"));
});

test("a call whose credentials cannot be unsealed is filed without all that may hold them", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const headers: [string, string][] = [["x-echo", "my-own-secret"]];
  const id = put(spool, { begin: { sealed: "AAAA", headers }, request: "my-own-secret" });
  const after = put(spool);
  await fileAll(at);
  const [x, next] = readTree(at);
  assert.deepEqual([x?.line.id, next?.line.id], [id, after]);
  assert.match(x?.line.error?.message ?? "", /sealed with another state key/);
  assert.equal(x?.line.request.omitted?.bytes, 13);
  assert.ok(!fs.readFileSync(x!.path).includes("my-own-secret"));
});

test("a call whose part of the spool is gone is filed with what is known of it, and counted", async () => {
  const at = scene();
  const spool = spoolOf(at);
  const id = put(spool, { end: null });
  const { filer, said } = filerOf(at);
  await filer.run();
  const first = spool.segment;
  spool.renew();
  fs.rmSync(join(at.spoolDir, segmentName(first)));
  const end = { outcome: "complete", error: null, total_ms: 9, verbatim: true };
  spool.append(FrameKind.end, Number(id.slice(-6)), 9, JSON.stringify(end));
  await filer.run();
  filer.close();
  const [x] = readTree(at);
  assert.equal(x?.line.id, id);
  assert.equal(x?.line.error?.code, "record-incomplete");
  assert.match(x?.line.error?.message ?? "", /its part of the spool is gone/);
  assert.equal(x?.line.timing.total_ms, 9);
  assert.deepEqual([filer.stats().lost, filer.stats().partial], [1, 1]);
  assert.match(said.join("\n"), /gone/);
});
