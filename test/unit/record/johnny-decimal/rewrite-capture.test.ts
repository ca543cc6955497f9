import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CodedError } from "../../../../record/errors.ts";
import { checkedLine } from "../../../../record/format/json-line.ts";
import {
  assertRewritable,
  rewriteCapture,
} from "../../../../record/johnny-decimal/rewrite-capture.ts";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { contentsOf, freshTree, writeCapture } from "./captures-fixture.ts";

const MODELS = Array.from({ length: 80 }, (_, turn) => `m${turn}`);

test("any exchange out of a long chain of links stands alone in its new file", (t) => {
  const { captures } = freshTree(t);
  writeCapture(captures, "2026-11-20.jsonl", MODELS);
  const path = join(captures, "2026-11-20.jsonl");
  const all = contentsOf(path);
  using source = CaptureFile.open(path);
  for (const turn of [0, 1, 41, 79]) {
    const target = join(captures, `2026-11-20+${turn + 1}.jsonl`);
    rewriteCapture(source, new Set([source.ids[turn]!]), target, false);
    assert.deepEqual(contentsOf(target), [all[turn]]);
    assert.deepEqual(verifyFile(target), []);
  }
});

test("an existing file is only replaced on request, and a failure leaves no draft", (t) => {
  const { captures } = freshTree(t);
  writeCapture(captures, "2026-11-20.jsonl", ["a", "b"]);
  const path = join(captures, "2026-11-20.jsonl");
  const before = readFileSync(path);
  using source = CaptureFile.open(path);
  assert.throws(() => rewriteCapture(source, new Set(source.ids), path, false), refused);
  assert.deepEqual(readFileSync(path), before);
  rewriteCapture(source, new Set([source.ids[1]!]), path, true);
  assert.deepEqual(
    contentsOf(path).map((x) => x.llm?.model),
    ["b"],
  );
  assert.equal(existsSync(join(captures, `.2026-11-20.jsonl.${process.pid}.tmp`)), false);
});

test("a file with damage, or with lines of a later version, is not rewritten", (t) => {
  const { captures } = freshTree(t);
  writeCapture(captures, "2026-11-20.jsonl", ["a", "b"]);
  const path = join(captures, "2026-11-20.jsonl");
  assertRewritable(path);
  const whole = readFileSync(path);
  appendFileSync(path, checkedLine({ type: "note", text: "from a later version" }));
  assert.throws(() => assertRewritable(path), /a line of a later version/);
  const flipped = Buffer.from(whole);
  flipped[Math.floor(flipped.length / 2)]! ^= 1;
  writeFileSync(path, flipped);
  assert.throws(() => assertRewritable(path), refused);
});

function refused(error: unknown) {
  return error instanceof CodedError && error.code === "refile-refused";
}
