import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lastChunk, pieces } from "../../../../daemon/proxy/pieces.ts";

/** What has to come out, put together the plain way. */
function plain(head: string, chunks: readonly Buffer[], chunked: boolean, end: string): Buffer {
  const all: Buffer[] = [Buffer.from(head, "latin1")];
  for (const chunk of chunks) {
    if (chunked) all.push(Buffer.from(`${chunk.length.toString(16)}\r\n`));
    all.push(chunk);
    if (chunked) all.push(Buffer.from("\r\n"));
  }
  return Buffer.concat([...all, Buffer.from(end, "latin1")]);
}

const chunk = fc
  .tuple(fc.constantFrom(1, 15, 16, 255, 256, 4095, 8191, 8192, 20_000, 65_536), fc.nat(255))
  .map(([length, byte]) => Buffer.alloc(length, byte));

test("head, chunks and end come out in order and with nothing between, whatever their sizes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("", "HTTP/1.1 200 \xe9\r\n\r\n"),
      fc.array(chunk, { maxLength: 8 }),
      fc.boolean(),
      fc.constantFrom("", lastChunk([]), lastChunk(["X-T", "\xe9"])),
      (head, chunks, chunked, end) => {
        const list = pieces(head, chunks, chunked, end);
        assert.ok(Buffer.concat(list).equals(plain(head, chunks, chunked, end)));
        assert.ok(list.every(({ length }) => length > 0));
      },
    ),
    { numRuns: 500, seed: 20261128 },
  );
});

test("small answers are one piece of memory; large chunks are not copied", () => {
  const small = Buffer.alloc(300, "a");
  assert.equal(pieces("head", [small, small], true, "0\r\n\r\n").length, 1);
  const large = Buffer.alloc(65_536, "b");
  const list = pieces("head", [small, large, small, small, large], false, "");
  assert.deepEqual(
    list.map((one) => one === large),
    [false, true, false, true],
  );
});

test("nothing to send is an empty list", () => {
  assert.deepEqual(pieces("", [], true, ""), []);
});
