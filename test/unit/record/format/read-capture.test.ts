/**
 * The independent reader: docs/read_capture.py, written from docs/format.md alone, reads what the
 * writer wrote and what lies in captures/.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTree } from "../../../../record/reader/tree.ts";
import { copySamples } from "../../../samples/sample-tree.ts";
import { conversation, sampleId, scratchFolder, writerTo, writeSample } from "../sample-capture.ts";

const script = fileURLToPath(new URL("../../../../docs/read_capture.py", import.meta.url));
const samples = mkdtempSync(join(tmpdir(), "callnumber-samples-"));
after(() => rmSync(samples, { recursive: true }));
const captures = copySamples(samples);

function pythonIsHere(): boolean {
  return spawnSync("python3", ["--version"]).status === 0;
}
const skip = pythonIsHere() ? false : "python3 is not here";

function sampleFile(path: string): void {
  const writer = writerTo(path);
  const marker = ',"cache_control":{"type":"ephemeral"}';
  conversation(90).forEach((request, i) => {
    const moved = request.replace(`question ${i} `, `question ${i} é`);
    const marked = moved.replace(/"\}\],"tools"/, `"${marker}}],"tools"`);
    writeSample(writer, { id: sampleId(i), request: marked, response: '{"a" : 1e400}' });
  });
  const chunks = [Buffer.from("data: é\n\n"), Buffer.from([0xf0, 0x9f]), Buffer.from([0x98, 0x80])];
  writeSample(writer, {
    id: sampleId(1000),
    request: Buffer.from([0, 255]),
    stream: chunks.map((bytes, i) => [i * 1.5, bytes]),
    assembled: '{"ok":true}',
  });
  writeSample(writer, {
    id: sampleId(1001),
    request: '{"m":[{"a":\n1}, {"b":2}, {"c":"\u2028"}]}',
  });
}

test("an independent reader joins every body of a generated file", { skip }, (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  sampleFile(path);
  const text = readFileSync(path, "utf8");
  for (const form of ['"as":', '"insert":', '"json":', '"text":', '"base64":', '"zstd":']) {
    assert.ok(text.includes(form), `the file holds ${form}`);
  }
  const said = execFileSync("python3", [script, path], { encoding: "utf8" });
  t.diagnostic(said.trim());
  assert.match(said, /: 92 exchanges, 183 bodies, [01] not decompressed\n$/);
});

test("the independent reader names the line of a flipped byte", { skip }, (t) => {
  const path = join(scratchFolder(t), "2026-11-23.jsonl");
  sampleFile(path);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace("question 17 é", "question 17 è"));
  const line = text.slice(0, text.indexOf("question 17 é")).split("\n").length;
  const { status, stdout } = spawnSync("python3", [script, path], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.ok(stdout.startsWith(`${path}:${line}: ValueError: part `), stdout.slice(0, 200));
});

const files = openTree(captures)
  .files()
  .map(({ path }) => path)
  .toArray();
const noFiles = files.length > 0 ? skip : "captures/ holds no capture file";

test("the independent reader joins every body in captures/", { skip: noFiles }, () => {
  const { status, stdout } = spawnSync("python3", [script, ...files], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
