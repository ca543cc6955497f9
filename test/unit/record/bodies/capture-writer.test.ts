import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CaptureWriter } from "../../../../record/bodies/capture-writer.ts";
import { LIMITS } from "../../../../record/limits.ts";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import {
  conversation,
  resumedWriter,
  sampleId,
  scratchFolder,
  writerTo,
  writeSample,
} from "../sample-capture.ts";

// biome-ignore lint/suspicious/noExplicitAny: lines of every type
const linesOf = (path: string): any[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a message is stored once, and a follow-up request is a link and what it adds", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  conversation(3).forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request });
  });
  const lines = linesOf(path);
  assert.deepEqual(
    lines.map(({ type, n }) => (n ? `${type} ${n}` : type)),
    ["file", "part 1", "part 2", "part 3", "exchange"].concat([
      "part 4",
      "part 5",
      "exchange",
      "part 6",
      "part 7",
      "exchange",
    ]),
  );
  const lists = lines.filter(({ type }) => type === "exchange").map((x) => x.request.body.parts);
  assert.deepEqual(lists[0], [
    '{"model":"m","messages":[',
    [1, 2],
    '],"tools":[',
    3,
    '],"stream":true}',
  ]);
  // A link would cost more than lists this short.
  assert.deepEqual(lists[2][1], [1, 2]);
});

test("streams and bodies of any length and kind can be read again", (t) => {
  const delta = Buffer.from('data: {"choices":[{"delta":{"content":"the same again "}}]}\n\n');
  const times = (bytes: Buffer, count: number) => Buffer.concat(new Array(count).fill(bytes));
  const MiB = 1024 * 1024;
  const repeated = times(delta, 1000);
  const cases: [string, Buffer, number][] = [
    ["40 MiB of one delta", repeated, (40 * MiB) / repeated.length],
    ["longer than a part may be", Buffer.alloc(2 * MiB, "\u0001"), 24],
    ["bytes that are no text", Buffer.alloc(MiB, 0xff), 110],
  ];
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const digests = cases.map(([, chunk, count], i) => {
    const stream = Array.from({ length: count }, (_, at) => [at, chunk] as [number, Buffer]);
    writeSample(writer, { id: sampleId(i), request: "{}", stream });
    const hash = createHash("sha256");
    for (const [, bytes] of stream) hash.update(bytes);
    return hash.digest("hex");
  });
  // A request that says the same ten thousand times: few parts, many megabytes.
  const message = JSON.stringify({ role: "user", content: "the same ".repeat(500) });
  const request = `{"messages":[${new Array(10_000).fill(message).join()}]}`;
  writeSample(writer, { id: sampleId(9), request, response: "x".repeat(LIMITS.textPartBytes + 1) });
  assert.ok(writer.bytes < 2 * MiB, `${writer.bytes} bytes`);
  assert.deepEqual(verifyFile(path), []);
  using file = CaptureFile.open(path);
  cases.forEach(([name], i) => {
    const body = file.responseBody(file.exchange(sampleId(i)))!;
    assert.equal(hash("sha256", body, "hex"), digests[i], name);
  });
  assert.equal(file.requestBody(file.exchange(sampleId(9)))?.length, request.length);
});

test("an exchange and its new parts are one append; the first brings the file line", () => {
  const appended: string[] = [];
  const append = (lines: Buffer) => void appended.push(lines.toString());
  const writer = new CaptureWriter({ day: "2026-11-23", created: "now", writer: "nas", append });
  writeSample(writer, { id: sampleId(1), request: '{"messages":[{"a":1}]}', response: "{}" });
  writeSample(writer, { id: sampleId(2), request: '{"messages":[{"a":1}]}' });
  const types = appended.map((lines) =>
    lines
      .trimEnd()
      .split("\n")
      .map((l) => JSON.parse(l).type),
  );
  assert.deepEqual(types, [["file", "part", "exchange"], ["exchange"]]);
  assert.equal(JSON.parse(appended[0]!.split("\n")[0]!).writer, "nas");
  assert.equal(writer.bytes, Buffer.byteLength(appended.join("")));
});

test("a failed append leaves no trace: the next exchange brings its parts itself", () => {
  let disk = "";
  let full = false;
  const append = (lines: Buffer) => {
    if (full) throw new Error("ENOSPC");
    disk += lines.toString();
  };
  const writer = new CaptureWriter({ day: "2026-11-23", created: "now", writer: null, append });
  full = true;
  const request = conversation(1)[0]!;
  assert.throws(() => writeSample(writer, { id: sampleId(1), request }), /ENOSPC/);
  assert.equal(writer.bytes, 0);
  full = false;
  writeSample(writer, { id: sampleId(2), request });
  const lines = disk
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ type, n }) => n ?? type),
    ["file", 1, 2, 3, "exchange"],
  );
});

test("a list is spelled out in full at least every 64th link, also of interleaved conversations", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const [a, b] = [conversation(200, "a"), conversation(200, "b")];
  const sent = a.flatMap((request, i) => [request, b[i]!]);
  sent.forEach((request, i) => void writeSample(writer, { id: sampleId(i), request }));
  const links = new Map<string, number>();
  let linked = 0;
  for (const { type, id, request } of linesOf(path)) {
    if (type !== "exchange") continue;
    const head = request.body.parts[0];
    const depth = typeof head === "object" ? links.get(head.as)! + 1 : 0;
    if (depth > 0) linked++;
    links.set(id, depth);
  }
  assert.equal(Math.max(...links.values()), LIMITS.asChainCount);
  assert.ok(linked > 380, `${linked} of 400 lists are linked`);
  const file = CaptureFile.open(path);
  // Backwards, so that no list is at hand already.
  for (const i of sent.keys().toArray().reverse()) {
    const x = file.exchange(sampleId(i));
    assert.equal(file.requestBody(x)?.toString(), sent[i]);
  }
  file.close();
  assert.deepEqual(verifyFile(path), []);
});

test("after a restart the writer goes on as if it had never stopped", (t) => {
  const folder = scratchFolder(t);
  const [whole, parted] = [join(folder, "whole.jsonl"), join(folder, "parted.jsonl")];
  const requests = conversation(100);
  const samples = requests.map((request, i) => ({ id: sampleId(i), request, response: '{"a":1}' }));
  const writer = writerTo(whole);
  for (const sample of samples) writeSample(writer, sample);
  for (const sample of samples) {
    const resumed = resumedWriter(parted);
    assert.equal(resumed.torn, 0);
    writeSample(resumed.writer, sample);
  }
  assert.equal(readFileSync(parted, "utf8"), readFileSync(whole, "utf8"));
});

test("a part that was damaged in the file is stored again, under a new number", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const request = '{"messages":[{"text":"unharmed"}]}';
  writeSample(writerTo(path), { id: sampleId(1), request });
  writeFileSync(path, readFileSync(path, "utf8").replace("unharmed", "unharmeD"));
  const { writer } = resumedWriter(path);
  writeSample(writer, { id: sampleId(2), request });
  const file = CaptureFile.open(path);
  assert.equal(file.requestBody(file.exchange(sampleId(2)))?.toString(), request);
  assert.throws(() => file.requestBody(file.exchange(sampleId(1))), { code: "capture-damaged" });
  file.close();
});

test("a torn last line is told to whoever goes on with the file", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  writeFileSync(path, '{"type":"fi');
  assert.equal(resumedWriter(path).torn, 11);
});

test("the same part twice in one body, and parts of any bytes, come back", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const bodies = [
    Buffer.from('{"m":[{"a":1},{"a":1},\n {"a":\n2},{"x":"\u2028\u0085"}]}'),
    Buffer.from([0, 255, 254, 10, 13]),
    Buffer.from("plain\ntext \u2028"),
    Buffer.alloc(0),
  ];
  bodies.forEach((request, i) => {
    writeSample(writer, { id: sampleId(i), request, response: request });
  });
  const text = readFileSync(path, "utf8");
  assert.ok(!/[\u0085\u2028\u2029\r]/.test(text));
  const file = CaptureFile.open(path);
  bodies.forEach((body, i) => {
    assert.deepEqual(file.requestBody(file.exchange(sampleId(i))), body);
    assert.deepEqual(file.responseBody(file.exchange(sampleId(i))), body);
  });
  file.close();
  assert.deepEqual(verifyFile(path), []);
});

test("a part that is said to be JSON and is none is stored as text, and the line stays JSON", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  const pieces = ['{"a":1', '{"a":1},"n":9', "[".repeat(300) + "]".repeat(300), '{"a":1} '];
  pieces.forEach((assembled, i) => {
    writeSample(writer, { id: sampleId(i), stream: [[0, Buffer.from("x")]], assembled });
  });
  const forms = linesOf(path)
    .filter(({ type }) => type === "part")
    .map((p) => Object.keys(p).at(-1));
  assert.deepEqual(forms, ["zstd", "text", "text", "text", "json"]);
  assert.deepEqual(verifyFile(path), []);
});

test("a session of 200 turns is 40 times smaller than its requests, and each joins back", (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  const writer = writerTo(path);
  // Messages of about a kilobyte, as agents' tool results are; no two alike.
  const requests = conversation(200).map((request) =>
    request.replace(/(question|answer) (\d+)/g, (all, _, i) => `${all} ${`${i} `.repeat(250)}`),
  );
  requests.forEach((request, i) => void writeSample(writer, { id: sampleId(i), request }));
  const whole = requests.reduce((sum, request) => sum + Buffer.byteLength(request), 0);
  const ratio = whole / writer.bytes;
  t.diagnostic(`${whole} bytes of requests in a file of ${writer.bytes}: ${ratio.toFixed(1)}×`);
  assert.ok(ratio >= 40);
  using file = CaptureFile.open(path);
  for (const [i, x] of file.exchanges().toArray().entries()) {
    assert.equal(file.requestBody(x)?.toString(), requests[i]);
  }
});
