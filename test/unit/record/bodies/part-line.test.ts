import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isFaithful,
  partBytes,
  partLine,
  viewPartLine,
  zstdLine,
} from "../../../../record/bodies/part-line.ts";

const digest = "a".repeat(64);
const head = (n: number) => `{"type":"part","n":${n},"sha256":"${digest}",`;

function payloadOf(bytes: Buffer | string, json = true): string {
  const line = partLine(1, digest, Buffer.from(bytes as string), json);
  const view = viewPartLine(line.subarray(0, -1))!;
  assert.deepEqual(partBytes(view), Buffer.from(bytes as string));
  assert.ok(isFaithful(line.subarray(0, -1), view, partBytes(view)));
  return line.toString().slice(head(1).length);
}

test("JSON on one line is spliced in, all else is text or base64", () => {
  assert.equal(payloadOf('{"b": 1e400 ,"b":"\\u2028"}'), '"json":{"b": 1e400 ,"b":"\\u2028"}}\n');
  assert.equal(payloadOf('{"a":\n1}'), '"text":"{\\"a\\":\\n1}"}\n');
  assert.equal(payloadOf('"\u2028"'), '"text":"\\"\\u2028\\""}\n');
  assert.equal(payloadOf('"\u0085"'), '"text":"\\"\\u0085\\""}\n');
  assert.equal(payloadOf("{}", false), '"text":"{}"}\n');
  assert.equal(payloadOf(Buffer.from([0x22, 0xff, 0x22])), '"base64":"Iv8i"}\n');
  assert.equal(payloadOf("\ufeff", false), '"text":"\ufeff"}\n');
});

test("a compressed part carries a checksum of its payload", () => {
  const lines = Buffer.from('[1,"a"]\n'.repeat(100));
  const line = zstdLine(7, digest, lines).subarray(0, -1);
  const view = viewPartLine(line)!;
  assert.deepEqual(
    [view.n, view.form, view.members],
    [7, "zstd", ["type", "n", "sha256", "crc32"]],
  );
  assert.deepEqual(partBytes(view), lines);
  assert.ok(isFaithful(line, view, lines));
  const other = Buffer.from(line.toString().replace('"zstd":"K', '"zstd":"L'));
  assert.ok(!isFaithful(other, viewPartLine(other)!, lines));
});

test("members of a later version and odd spacing do not keep a part from being read", () => {
  const line = Buffer.from(
    `{ "type": "part", "n": 3, "sha256": "ab", "new": {"json":1}, "text": "é" }`,
  );
  const view = viewPartLine(line)!;
  assert.deepEqual([view.n, view.sha256, partBytes(view).toString()], [3, "ab", "é"]);
});

test("what is no whole part line is none", () => {
  for (const line of [
    "",
    "{}",
    `${head(1)}"json":1`,
    `${head(1)}"jsom":1}`,
    `{"n":1,"type":"part","sha256":"a","json":1}`,
    `{"type":"trap","n":1,"sha256":"a","json":1}`,
    `{"type":"part","n":0,"sha256":"a","json":1}`,
    `{"type":"part","n":1,"json":1}`,
    `{"type":"part","n":1,"sha256":"a","json":}`,
    `{"type":"part" "n":1,"sha256":"a","json":1}`,
  ]) {
    assert.equal(viewPartLine(Buffer.from(line)), null, line);
  }
});

test("text that no JSON can be made of throws when it is read", () => {
  for (const payload of ['"text":1}', '"text":"a}', '"zstd":"AAAA"}']) {
    const view = viewPartLine(Buffer.from(head(1) + payload))!;
    assert.throws(() => partBytes(view));
  }
});
