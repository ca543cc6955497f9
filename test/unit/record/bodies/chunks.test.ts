import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Chunk,
  decodeChunks,
  encodeChunks,
  streamedBody,
} from "../../../../record/bodies/chunks.ts";

test("text stays text, a split character becomes base64, times keep a hundredth", () => {
  const smile = Buffer.from("😀");
  const chunks: Chunk[] = [
    [412.0789, Buffer.from("data: é\u2028\n\n")],
    [413, smile.subarray(0, 2)],
    [413, smile.subarray(2)],
    [414.5, Buffer.from('{"type":"ping"}'), "client"],
  ];
  const encoded = encodeChunks(chunks);
  assert.deepEqual(encoded.toString().split("\n"), [
    '[412.08,"data: é\\u2028\\n\\n"]',
    '[413,{"base64":"8J8="}]',
    '[413,{"base64":"mIA="}]',
    '[414.5,"{\\"type\\":\\"ping\\"}","client"]',
    "",
  ]);
  assert.deepEqual(streamedBody(encoded), Buffer.concat(chunks.map(([, bytes]) => bytes)));
});

test("any chunks come back one by one", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.from(b)),
    fc.string({ unit: "binary", maxLength: 20 }).map((s) => Buffer.from(s)),
  );
  const chunk = fc.oneof(
    fc.tuple(fc.nat(1e6), bytes),
    fc.tuple(fc.nat(1e6), bytes, fc.constant("client" as const)),
  );
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      assert.deepEqual(decodeChunks(encodeChunks(chunks as Chunk[])), chunks);
    }),
    { numRuns: 2000 },
  );
});

test("what is no chunk is refused", () => {
  for (const line of ["{}", "[1]", '["1","a"]', "[1,{}]", "null", "[1,"]) {
    assert.throws(() => decodeChunks(Buffer.from(line)), SyntaxError);
  }
});
