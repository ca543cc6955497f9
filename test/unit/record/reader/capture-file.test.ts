/** Reading at size: memory that does not follow the file, and every real body that there is. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

test("a file of 10,000 exchanges and 30 MiB is indexed in a few megabytes", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  for (let i = 0; i < 10_000; i++) {
    const message = `{"role":"user","content":"${i} ${"text ".repeat(400)}"}`;
    writeSample(writer, { id: sampleId(i), request: `{"messages":[${message}]}`, response: "ok" });
  }
  assert.ok(statSync(path).size > 25e6);
  const collect = globalThis.gc;
  collect?.();
  const before = process.memoryUsage();
  using file = CaptureFile.open(path);
  collect?.();
  const after = process.memoryUsage();
  const heap = after.heapUsed - before.heapUsed;
  const external = after.arrayBuffers - before.arrayBuffers;
  t.diagnostic(
    `index: heap ${(heap / 1e6).toFixed(1)} MB, arrays ${(external / 1e6).toFixed(1)} MB`,
  );
  assert.equal(file.count, 10_000);
  let bytes = 0;
  for (const x of file.exchanges()) bytes += file.requestBody(x)!.length;
  assert.ok(bytes > 20e6);
  // Without a forced collection garbage counts too; then the bound is only a coarse one.
  assert.ok(heap < (collect ? 8e6 : 40e6), `${heap} bytes of heap`);
});

const corpus = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);
const skip = existsSync(corpus) ? false : "the shared corpus is not here";

test("every body of the corpus comes back byte for byte from one file", { skip }, (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const bytesOf = (side: { body?: string | null; body_encoding?: string } | undefined) =>
    typeof side?.body === "string"
      ? Buffer.from(side.body, side.body_encoding === "base64" ? "base64" : "utf8")
      : null;
  const records = readFileSync(corpus, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  let bytes = 0;
  records.forEach((record, i) => {
    const sample = { request: bytesOf(record.request), response: bytesOf(record.response) };
    bytes += (sample.request?.length ?? 0) + (sample.response?.length ?? 0);
    writeSample(writer, { id: sampleId(i), ...sample });
  });
  using file = CaptureFile.open(path);
  let same = 0;
  for (const [i, x] of file.exchanges().toArray().entries()) {
    assert.deepEqual(file.requestBody(x), bytesOf(records[i].request), records[i].id);
    if (x.response) assert.deepEqual(file.responseBody(x), bytesOf(records[i].response));
    same++;
  }
  assert.equal(same, records.length);
  assert.deepEqual(verifyFile(path), []);
  t.diagnostic(`${same} exchanges, ${bytes} bytes of bodies, ${statSync(path).size} in the file`);
});
