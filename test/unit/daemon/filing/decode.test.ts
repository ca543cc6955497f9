import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { contentEncodings, decodeBody } from "../../../../daemon/filing/decode.ts";

const LIMIT = 1 << 20;
const TEXT = Buffer.from(JSON.stringify({ text: "some words, ".repeat(500) }));

const CODERS = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const;

for (const [name, compress] of Object.entries(CODERS)) {
  test(`${name} is undone, whole and chunk by chunk`, async () => {
    const wire = compress(TEXT);
    const whole = await decodeBody(wire, [name], LIMIT);
    assert.deepEqual([whole.bytes.equals(TEXT), whole.encoding, whole.error], [true, name, null]);
    const half = wire.length >> 1;
    const chunked = await decodeBody(wire, [name], LIMIT, [half, wire.length]);
    assert.ok(chunked.bytes.equals(TEXT));
    assert.equal(chunked.ends.length, 2);
    assert.equal(chunked.ends[1], TEXT.length);
  });

  test(`${name} cut at every byte is kept as it came, with the reason`, async () => {
    const wire = compress(Buffer.from("short but not too short text"));
    for (let cut = 1; cut < wire.length; cut++) {
      const part = wire.subarray(0, cut);
      for (const ends of [[], [1, cut]]) {
        const { bytes, error } = await decodeBody(part, [name], LIMIT, cut > 1 ? ends : []);
        assert.equal(bytes, part, `cut at ${cut}`);
        assert.equal(typeof error, "string");
      }
    }
  });

  test(`${name} that decodes to more than the limit is kept as it came`, async () => {
    const wire = compress(Buffer.alloc(LIMIT + 1));
    for (const ends of [[], [10, wire.length]]) {
      const { bytes, error } = await decodeBody(wire, [name], LIMIT, ends);
      assert.equal(bytes, wire);
      assert.match(error ?? "", /more than 1048576 bytes/);
    }
  });

  test(`a plain body that says ${name} is kept as it came`, async () => {
    const { bytes, error } = await decodeBody(TEXT, [name], LIMIT);
    assert.equal(bytes, TEXT);
    assert.equal(typeof error, "string");
  });
}

test("raw deflate is understood where zlib was meant, as some servers send it", async () => {
  const { bytes } = await decodeBody(zlib.deflateRawSync(TEXT), ["deflate"], LIMIT);
  assert.ok(bytes.equals(TEXT));
});

test("several encodings are undone in reverse order; an unknown one stops it", async () => {
  const wire = zlib.brotliCompressSync(zlib.gzipSync(TEXT));
  assert.ok((await decodeBody(wire, ["gzip", "br"], LIMIT)).bytes.equals(TEXT));
  const unknown = await decodeBody(wire, ["gzip", "rot13", "br"], LIMIT);
  assert.equal(unknown.bytes, wire);
  assert.match(unknown.error ?? "", /rot13/);
});

test("encodings are read from every header of that name, identity is none", () => {
  const headers = [
    ["Content-Encoding", "GZIP, identity"],
    ["x", "y"],
    ["content-encoding", " br"],
  ] as const;
  assert.deepEqual(contentEncodings(headers), ["gzip", "br"]);
});

test("a body without encoding, or without bytes, passes as the same object", async () => {
  assert.equal((await decodeBody(TEXT, [], LIMIT)).bytes, TEXT);
  const empty = Buffer.alloc(0);
  const { bytes, error } = await decodeBody(empty, ["gzip"], LIMIT);
  assert.deepEqual([bytes, error], [empty, null]);
});

test("a chunk that completes nothing has an end where the one before it ended", async () => {
  const gzip = zlib.gzipSync(TEXT);
  const ends = Array.from({ length: gzip.length }, (_, i) => i + 1);
  const decoded = await decodeBody(gzip, ["gzip"], LIMIT, ends);
  assert.equal(decoded.ends.length, ends.length);
  assert.equal(decoded.ends[0], 0);
  assert.ok(decoded.ends.every((end, i) => end >= (decoded.ends[i - 1] ?? 0)));
});
