/** Reading at size: memory that does not follow the file, and every real body that there is. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { conversation, sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

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
  assert.equal(file.count, 10_000);
  collect?.();
  const after = process.memoryUsage();
  const heap = after.heapUsed - before.heapUsed;
  const external = after.arrayBuffers - before.arrayBuffers;
  t.diagnostic(
    `index: heap ${(heap / 1e6).toFixed(1)} MB, arrays ${(external / 1e6).toFixed(1)} MB`,
  );
  let bytes = 0;
  for (const x of file.exchanges()) bytes += file.requestBody(x)!.length;
  assert.ok(bytes > 20e6);
  // Without a forced collection garbage counts too; then the bound is only a coarse one.
  assert.ok(heap < (collect ? 8e6 : 40e6), `${heap} bytes of heap`);
});

test("lists of requests that were read do not pile up, however short they are", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const member = (name: string, i: number) => `"${name}":"${i} ${name.repeat(200)}"`;
  for (let i = 0; i < 20_000; i++) {
    const own = ["a", "b", "c", "d"].map((name) => member(name, i)).join(",");
    const request = i % 2 === 0 ? `{${own},"messages":[{"role":"user","content":"${i}"}]}` : "";
    writeSample(writer, { id: sampleId(i), request, response: "ok" });
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  using file = CaptureFile.open(path);
  assert.equal(file.count, 20_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (const x of file.exchanges()) file.atoms(x, "request");
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  t.diagnostic(`heap grew by ${(grown / 1e6).toFixed(1)} MB`);
  assert.ok(grown < 7e6, `${grown} bytes`);
});

test("what is asked for while a file is gone through is what is asked for after", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const bodies = conversation(6);
  bodies.forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request, response: `{"n":${i}}` });
  });
  appendFileSync(path, '{"type":"exchange","id":"no request"}\n{"type":"exchange"');
  for (const asked of [0, 2, 5]) {
    using file = CaptureFile.open(path);
    const ids: string[] = [];
    for (const x of file.exchanges()) {
      if (ids.length === 1) {
        // Goes through the rest in the middle of the walk.
        const other = file.exchange(sampleId(asked));
        assert.equal(file.requestBody(other)?.toString(), bodies[asked]);
      }
      assert.equal(file.requestBody(x)?.toString(), bodies[ids.length]);
      assert.equal(file.line(x), file.newParts(x).at(-1)!.line + 1);
      ids.push(x.id);
    }
    assert.deepEqual(ids, file.ids);
    assert.deepEqual(
      [...file.exchanges()].map(({ id }) => id),
      ids,
    );
    assert.deepEqual(
      file.damage.map(({ message }) => message),
      ["damaged exchange line: id: is no id", "torn line of 18 bytes at the end"],
    );
  }
});

test("a file that is only opened tells its damage, its header and what it has not", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  writeSample(writerTo(path), { id: sampleId(1), request: "{}", response: "ok" });
  appendFileSync(path, "no JSON\n");
  const opened = <T>(ask: (file: CaptureFile) => T): T => {
    using file = CaptureFile.open(path);
    return ask(file);
  };
  assert.deepEqual(
    opened((file) => file.damage),
    [{ line: 4, message: "damaged line" }],
  );
  assert.equal(
    opened((file) => file.header?.day),
    "2026-11-23",
  );
  assert.equal(
    opened((file) => file.has(sampleId(2))),
    false,
  );
  assert.throws(() => opened((file) => file.exchange(sampleId(2))), /no exchange/);
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
