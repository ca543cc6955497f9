/**
 * Base64 of pictures, sound and ciphertext: no rule breaks it, whatever letters chance puts together;
 * and a key in a text that was written as base64 is found all the same. The long run is
 * test/secrets-report/random-base64.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { chanceHits } from "../../../secrets-report/random-base64.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { credentialKinds } from "./credential-kinds.ts";
import { shows } from "./hiding-places.ts";

const redactor = createRedactor({ fingerprint: () => "00000000" });

const randomText = (alphabet: string, length: number, random: () => number): string =>
  Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function redact(data: string): string {
  const source = { type: "base64", media_type: "image/png", data };
  const body = Buffer.from(JSON.stringify({ content: [{ type: "image", source }] }));
  return JSON.parse(redactor.redactBody(body).value.toString()).content[0].source.data;
}

test("20 MB of random base64 as media: no hit", (t) => {
  const { bytes, hits } = chanceHits(redactor, 20_000_000, 1);
  t.diagnostic(`${(bytes / 1_000_000).toFixed(0)} MB`);
  assert.deepEqual([...hits], []);
});

test("what chance puts into a picture's base64 stays, in both alphabets", () => {
  const random = seededRandom(3);
  const noise = (signs: string, length: number): string =>
    randomText(LETTERS + signs, length, random);
  // Kinds of letters and digits alone: in random base64 each of them comes up sooner or later.
  const kinds = credentialKinds(4).filter(({ text }) => /^[A-Za-z0-9]+_?[A-Za-z0-9]+$/.test(text));
  assert.ok(kinds.length > 20);
  const broken: string[] = [];
  for (const { name, text } of kinds) {
    // A beginning of five characters comes up once in 1 GB.
    if (
      text.indexOf("_") >= 4 ||
      /^(?:AGE|cmVmd|dG9rO|rubygems|GR1348941|ops_eyJ|\w{52}JQQJ99)/.test(text)
    )
      continue;
    for (const signs of text.includes("_") ? ["-_"] : ["+/", "-_"]) {
      const data = `${noise(signs, 3000)}${signs[1]}${text}${signs[0]}${noise(signs, 3001)}`;
      if (redact(data) !== data) broken.push(`${name} ${signs}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("what chance puts into a picture's bytes stays", () => {
  const random = seededRandom(5);
  const noise = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  for (const text of [
    " -u ab:x7#kQ!z9",
    "--user=q:h7s8d9f",
    "://a:h7s8d9f@b",
    "pwd=h7s8d9f0a1",
    'auth":"YTpiYzEyMzQ1Njc4',
  ]) {
    for (let phase = 0; phase < 3; phase += 1) {
      const bytes = Buffer.concat([noise(900 + phase), Buffer.from(text), noise(900)]);
      const data = bytes.toString("base64");
      assert.equal(redact(data), data, text);
    }
  }
});

test("low bytes, as of uncompressed sound and fonts, stay", () => {
  const random = seededRandom(6);
  for (const spread of [2, 4, 16, 40]) {
    const bytes = Buffer.alloc(300_000);
    for (let i = 0; i < bytes.length; i += 2)
      bytes.writeInt16LE(Math.floor((random() - 0.5) * spread * 16), i);
    const data = bytes.toString("base64");
    assert.equal(redact(data), data);
  }
});

test("every kind is found in the base64 of a file, at every offset, and the file still decodes", () => {
  const missed: string[] = [];
  for (const kind of credentialKinds(6)) {
    for (let phase = 0; phase < 3; phase += 1) {
      const line = /[=: ]/.test(kind.text) ? kind.text : `SOME_KEY=${kind.text}`;
      const file = `${"#".repeat(phase)}# settings of the deployment\nPORT=8080\n${line}\n# ${"the end. ".repeat(80)}\n`;
      const written = redact(Buffer.from(file).toString("base64"));
      const plain = Buffer.from(written, "base64").toString();
      if (shows([written, plain], kind.secret)) missed.push(`${kind.name} at ${phase}`);
      // Two secrets side by side in one group of base64 give way to one marker that is none.
      if (kind.name !== "aws secret, beside its id")
        assert.ok(plain.endsWith("the end. \n"), kind.name);
    }
  }
  // Its anchors have two characters, too few to be known in base64.
  assert.deepEqual(new Set(missed.map((m) => m.slice(0, -5))), new Set(["facebook app"]));
});
