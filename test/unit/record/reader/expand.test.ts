/** Promise 5 of the format: `cat --expand` prints plain self-contained JSON. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DayReader } from "../../../../record/reader/day-reader.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

// biome-ignore lint/suspicious/noExplicitAny: JSON as a stranger to the schema sees it
type Any = any;

function expanded(
  t: Parameters<typeof scratchFolder>[0],
  sample: object,
): { line: string; x: Any } {
  const path = join(scratchFolder(t), "a.jsonl");
  writeSample(writerTo(path), { id: sampleId(1), ...sample });
  using day = DayReader.open(path);
  const line = Buffer.concat([...day.expand(day.exchange(sampleId(1)))]).toString();
  assert.ok(!/[\r\n\u0085\u2028\u2029]/.test(line));
  return { line, x: JSON.parse(line) };
}

test("a JSON body is there as text and as JSON, with its big numbers and duplicate keys", (t) => {
  const request = '{"messages":[{"a":\n1e400},{"b":"\u2028"}],\r\n"n":12345678901234567890,"n":2}';
  const { line, x } = expanded(t, { request, response: "plain", labels: { json: "x" } });
  assert.equal(x.request.body.text, request);
  assert.equal(x.request.body.bytes, Buffer.byteLength(request));
  assert.equal(x.request.body.parts, undefined);
  assert.ok(
    line.includes(
      '"json":{"messages":[{"a": 1e400},{"b":"\\u2028"}],  "n":12345678901234567890,"n":2}',
    ),
  );
  assert.deepEqual([x.response.body.text, x.response.body.json], ["plain", undefined]);
  assert.equal(x.crc32, undefined);
});

test("bytes that are no text are base64; deep JSON is text only", (t) => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const { x } = expanded(t, { request: Buffer.from([255, 1]), response: deep });
  assert.deepEqual([x.request.body.base64, x.request.body.text], ["/wE=", undefined]);
  assert.deepEqual([x.response.body.text, x.response.body.json], [deep, undefined]);
});

test("a stream has its chunks, and assembled is the message itself", (t) => {
  const { x } = expanded(t, {
    stream: [
      [1, Buffer.from("data: é\n\n")],
      [2.5, Buffer.from([0xf0])],
    ],
    assembled: '{"choices":[]}',
  });
  assert.equal(x.request.body, null);
  assert.deepEqual(x.response.body.chunks, [
    [1, "data: é\n\n"],
    [2.5, { base64: "8A==" }],
  ]);
  assert.deepEqual(x.response.assembled, { choices: [] });
});
