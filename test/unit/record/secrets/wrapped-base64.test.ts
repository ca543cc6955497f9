/**
 * Files in base64 that is broken into lines: keys are found wherever the lines part, the rest of the
 * file still decodes, and what is no key stays as it was.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { scan } from "../../../../record/secrets/scan.ts";
import { wrappedBase64 } from "../../../../record/secrets/wrapped-base64.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { credentialKinds } from "./credential-kinds.ts";

const redactor = createRedactor({ fingerprint: () => "00000000" });

function wrapped(text: string, width: number, lineEnd: string): string {
  const lines = Buffer.from(text)
    .toString("base64")
    .match(new RegExp(`.{1,${width}}`, "g"))!;
  return lines.join(lineEnd);
}

const decoded = (text: string): string =>
  Buffer.from(text.replaceAll(/\s/g, ""), "base64").toString();

test("a key of any kind in a wrapped file reaches the tree in none of 60 alignments", () => {
  const random = seededRandom(23);
  const filler = (length: number): string => "# setting of the server\n".repeat(60).slice(-length);
  // An application's token of Facebook is not found in any base64, as docs/redaction.md says.
  const kinds = credentialKinds(4).filter(({ name }) => !/facebook/.test(name));
  let cases = 0;
  const missed: string[] = [];
  for (const { name, text, secret } of kinds) {
    for (let i = 0; i < 6; i += 1) {
      const width = [60, 64, 76][i % 3]!;
      const lineEnd = i < 3 ? "\n" : "\r\n";
      const file = `${filler(400 + Math.floor(random() * 60))}\n${text}\n${filler(300)}`;
      const content = `$ base64 .env\n${wrapped(file, width, lineEnd)}\n$`;
      let body = JSON.stringify({ content });
      if (i % 2 === 1) body = JSON.stringify({ content: body });
      const { value } = redactor.redactBody(Buffer.from(body));
      let read = JSON.parse(value.toString()).content;
      if (i % 2 === 1) read = JSON.parse(read).content;
      const plain = decoded(read.split("\n").slice(1, -1).join("\n"));
      cases += 1;
      if (plain.includes(secret)) missed.push(`${name}, ${width}: ${plain}`);
      else assert.ok(plain.startsWith("# ") || plain.includes("setting of the server"), plain);
    }
  }
  assert.ok(missed.length <= 0.005 * cases, `${missed.length} of ${cases}: ${missed.slice(0, 3)}`);
});

test("scan finds what a wrapped file hides", () => {
  const key = "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";
  for (let lead = 0; lead < 60; lead += 1) {
    const text = wrapped(
      `${"x ".repeat(60)}${"y".repeat(lead)}\nK=${key}\n${"z ".repeat(60)}`,
      76,
      "\n",
    );
    assert.ok(scan(Buffer.from(text)).length > 0, `${lead}`);
  }
});

test("blocks are told from lists of words, digests and paths", () => {
  const digests = Array.from({ length: 9 }, (_, i) => `${i}`.repeat(64)).join("  file\n");
  for (const text of ["word ".repeat(500), digests, "a".repeat(59), "a".repeat(5000), ""]) {
    assert.deepEqual([...wrappedBase64(Buffer.from(text))], []);
  }
  const block = `see\n${"A".repeat(76)}\n${"B".repeat(76)}\n${"C".repeat(10)}==\nend`;
  const [only, ...more] = wrappedBase64(Buffer.from(block));
  assert.equal(more.length, 0);
  assert.equal(only?.layer.text, `${"A".repeat(76)}${"B".repeat(76)}${"C".repeat(10)}==`);
});

test("pictures in lines of base64 stay as they are", () => {
  const random = seededRandom(29);
  const bytes = Buffer.from(Array.from({ length: 400_000 }, () => Math.floor(random() * 256)));
  const body = Buffer.from(
    JSON.stringify({ content: bytes.toString("base64").replaceAll(/.{76}/g, "$&\r\n") }),
  );
  assert.equal(redactor.redactBody(body).value, body);
});
