/**
 * Property: a live credential that a stream says back, cut anywhere, in any shape of stream and in
 * chunks of any size, is gone; the text around it, the JSON and the frames are not.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { resealAwsMessages } from "../../../../record/dialects/aws-event-stream.ts";
import { type Chunk, createRedactor } from "../../../../record/secrets/redactor.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { SHAPES, type Shape } from "./stream-shapes.ts";

const MARK = "[redacted:live-credential fp:00c0ffee]";
const redactor = createRedactor({ fingerprint: () => "00c0ffee" });
const random = seededRandom(8);
const below = (n: number): number => Math.floor(random() * n);

const SECRETS: Readonly<Record<string, string>> = {
  opaque: "Zq81hWnLx0Tg5BfL7cVd2RsM",
  "with a public prefix": `sk-or-v1-${Array.from({ length: 32 }, () => below(16).toString(16)).join("")}`,
  "with all signs": `p/W+x=9&'t"<z>Kd\\82`,
  words: "correct-horse-battery-staple",
  short: "h7#kQ2",
};

function chunksOf(stream: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < stream.length; ) {
    const size = 1 + below(90);
    chunks.push([chunks.length, stream.subarray(at, at + size)]);
    at += size;
  }
  return chunks;
}

function redacted(shape: Shape, secret: string, stream: Buffer): Buffer {
  const kind = shape.framed ? "frames" : "bytes";
  const chunks = chunksOf(stream);
  const { value } = redactor.withLive([secret]).redactChunks(chunks, "body", kind);
  assert.equal(value.length, chunks.length);
  const clean = Buffer.concat(value.map(([, bytes]) => bytes));
  if (shape.framed) resealAwsMessages(stream, clean);
  return clean;
}

/** The text as it stands in a tool's arguments: JSON in a string. */
const asArguments = (text: string): string => JSON.stringify({ path: ".env", content: text });

function check(shape: Shape, secret: string, cuts: readonly number[]): void {
  const isArguments = /arguments|input/.test(shape.name);
  const said = isArguments ? asArguments(`It is ${secret}, keep it.`) : `It is ${secret}, keep it.`;
  const written = isArguments ? JSON.stringify(secret).slice(1, -1) : secret;
  const begin = said.indexOf(written);
  const borders = [
    0,
    ...[...new Set(cuts)].sort((a, b) => a - b).map((c) => begin + c),
    said.length,
  ];
  const pieces = borders.slice(1).map((border, i) => said.slice(borders[i], border));
  const stream = shape.write(pieces, said);
  assert.equal(shape.read(stream), said);
  const why = `${shape.name}, ${secret} cut to ${JSON.stringify(pieces)}`;
  const clean = shape.read(redacted(shape, secret, stream));
  if (shape.framed) {
    assert.match(clean, /^It is [^,]*, keep it\.$/, why);
    for (let at = 0; at + 4 <= secret.length; at += 1) {
      const part = secret.slice(at, at + 4);
      assert.ok(!clean.includes(part), `${why} leaves ${part} in ${clean}`);
    }
  } else {
    const wanted = isArguments ? asArguments(`It is ${MARK}, keep it.`) : `It is ${MARK}, keep it.`;
    assert.equal(clean, wanted, why);
  }
}

const lengthIn = (shape: Shape, secret: string): number =>
  /arguments|input/.test(shape.name) ? JSON.stringify(secret).length - 2 : secret.length;

for (const shape of SHAPES) {
  test(`${shape.name}: a live credential cut at any byte, in two or in many, is gone`, () => {
    for (const secret of Object.values(SECRETS)) {
      const length = lengthIn(shape, secret);
      for (let cut = 0; cut <= length; cut += 1) check(shape, secret, [cut]);
      for (let i = 0; i < 12; i += 1) {
        check(
          shape,
          secret,
          Array.from({ length: 2 + below(6) }, () => below(length + 1)),
        );
      }
      // A letter at a time.
      check(
        shape,
        secret,
        Array.from({ length: length + 1 }, (_, i) => i),
      );
    }
  });
}

test("a stream that ends in the middle of a credential shows none of what had come", () => {
  for (const shape of SHAPES.filter((s) => !/whole copies|array/.test(s.name))) {
    for (const secret of [SECRETS.opaque!, SECRETS["with a public prefix"]!]) {
      for (let length = 16; length < secret.length; length += 3) {
        const cut = 5 + below(length - 8);
        const pieces = ["It is ", secret.slice(0, cut), secret.slice(cut, length)];
        const clean = shape.read(redacted(shape, secret, shape.write(pieces, pieces.join(""))));
        const rest = shape.framed
          ? clean.includes(secret.slice(9, 14))
          : !/^It is \[redacted:[\w-]+ fp:00c0ffee\]$/.test(clean);
        assert.ok(!rest, `${shape.name}: ${pieces.join("|")} gives ${clean}`);
      }
    }
  }
});

test("what only begins like a provider's keys stays where a text ends", () => {
  const secret = SECRETS["with a public prefix"]!;
  for (const text of ["Keys begin with sk-or-v1-", "correct horse", "Zq81"]) {
    const live = redactor.withLive([secret, SECRETS.words!, SECRETS.opaque!]);
    assert.equal(live.redactBody(Buffer.from(text)).value.toString(), text);
  }
});
