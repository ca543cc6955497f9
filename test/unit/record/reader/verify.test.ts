/**
 * Promises 1 and 2 of the format: flip any byte and verify names the line; cut at any byte and
 * every exchange before the cut still reads.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkedLine } from "../../../../record/format/json-line.ts";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

/** A file with every kind of line and reference in it, as small as it can be. */
function everything(path: string): void {
  const writer = writerTo(path);
  const message = (i: number) => `{"role":"user","content":"${i} ${"x".repeat(60)}"}`;
  const list = (n: number) => Array.from({ length: n }, (_, i) => message(i)).join(", ");
  const marked = message(9).replace("}", ',"cache_control":{"type":"ephemeral"}}');
  const stream = [
    [1.5, Buffer.from("data: 1\n\n")],
    [2, Buffer.from([0xf0, 0x9f])],
  ] as const;
  const tail = '"a":{"b":"c"}}';
  writeSample(writer, {
    id: sampleId(1),
    request: `{"messages":[${list(3)}],${tail}`,
    response: "no",
  });
  writeSample(writer, {
    id: sampleId(2),
    request: `{"messages":[${list(3)},${marked}],${tail}`,
    stream: stream.map(([ms, bytes]) => [ms, bytes]),
    assembled: '{"id":1}',
  });
  for (const i of [3, 4]) {
    // Parts that are not neighbours make a list long enough for a link.
    const odd = [4, 0, 9, 2, 0, 9, 1, 2, 9, 0, 2, 0, 9, 2, 0, 2, 9, 0, 2, 9, 0, 4].map(message);
    const request = `{"messages":[${odd}${i === 4 ? `,${message(20)}` : ""}],${tail}`;
    writeSample(writer, { id: sampleId(i), request, response: Buffer.from([255, 0]) });
  }
}

test("a whole file has no problem", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  everything(path);
  const text = readFileSync(path, "utf8");
  for (const form of ['"json":', '"text":', '"base64":', '"zstd":', '"insert":', '"as":', ', "]']) {
    assert.ok(text.includes(form), `the file holds ${form}`);
  }
  assert.deepEqual(verifyFile(path), []);
});

test("flip any bit of any byte, and verify names the line", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  everything(path);
  const whole = readFileSync(path);
  let line = 1;
  for (let at = 0; at < whole.length; at++) {
    const copy = Buffer.from(whole);
    // Each byte in one of eight ways, all eight near the line's beginning where keys and types are.
    copy[at] = copy[at]! ^ (1 << (at % 8));
    writeFileSync(path, copy);
    const lines = verifyFile(path).map((problem) => problem.line);
    assert.ok(lines.includes(line), `byte ${at}, bit ${at % 8}, line ${line}: ${lines}`);
    if (whole[at] === 0x0a) line++;
  }
});

test("cut the file at any byte: every exchange before the cut reads, nothing else is there", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  everything(path);
  const whole = readFileSync(path);
  using original = CaptureFile.open(path);
  const expected = original
    .exchanges()
    .toArray()
    .map((x) => ({
      id: x.id,
      end: whole.indexOf(0x0a, whole.indexOf(`"id":"${x.id}"`)) + 1,
      request: original.requestBody(x),
      response: original.responseBody(x),
      assembled: original.assembled(x),
    }));
  const copy = join(scratchFolder(t), "b.jsonl");
  for (let cut = 0; cut <= whole.length; cut++) {
    writeFileSync(copy, whole.subarray(0, cut));
    using file = CaptureFile.open(copy);
    const before = expected.filter(({ end }) => end <= cut);
    assert.deepEqual(
      file.ids,
      before.map(({ id }) => id),
    );
    const last = before.at(-1);
    if (last) {
      const x = file.exchange(last.id);
      assert.deepEqual(file.requestBody(x), last.request);
      assert.deepEqual(file.responseBody(x), last.response);
      assert.equal(file.assembled(x), last.assembled);
    }
    const torn = cut > 0 && whole[cut - 1] !== 0x0a;
    assert.equal(file.damage.length, torn ? 1 : 0);
  }
});

test("lines of a later version with a right checksum are no problem, others are named", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  everything(path);
  const count = readFileSync(path, "utf8").split("\n").length - 1;
  writeFileSync(path, checkedLine({ type: "index", of: [1, 2] }), { flag: "a" });
  assert.deepEqual(verifyFile(path), []);
  writeFileSync(path, '{"type":"index"}\n<<<<<<< HEAD\n\n', { flag: "a" });
  assert.deepEqual(
    verifyFile(path).map(({ line }) => line - count),
    [2, 3, 4],
  );
});

test("a part that is missing, or renumbered, is named at the lines that it breaks", (t) => {
  const path = join(scratchFolder(t), "a.jsonl");
  everything(path);
  const lines = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, lines.toSpliced(1, 1).join("\n"));
  const problems = verifyFile(path);
  assert.match(problems[0]!.message, /part 2 where 1 was due/);
  assert.ok(problems.some(({ message }) => /request body: .*part 1 is missing/.test(message)));
  writeFileSync(path, "");
  assert.match(verifyFile(path)[0]!.message, /empty/);
});
