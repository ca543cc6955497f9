/** Lines of a file against splitting its whole text. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { eachLine, FileLines } from "../../../../record/reader/file-lines.ts";
import { seededRandom } from "../../../seeded-random.ts";
import { scratchFolder } from "../sample-capture.ts";

const MIB = 1024 * 1024;

test("lines of all lengths come whole, with their offsets, and the torn one is told", (t) => {
  const path = join(scratchFolder(t), "lines");
  const random = seededRandom(7);
  const edges = [0, 1, MIB - 1, MIB, MIB + 1, 0, 3 * MIB, 5];
  const lengths = [...edges, ...Array.from({ length: 3000 }, () => Math.floor(random() * 2000))];
  const lines = lengths.map((length, i) => String.fromCharCode(97 + (i % 26)).repeat(length));
  for (const torn of ["", "torn"]) {
    writeFileSync(path, `${lines.join("\n")}\n${torn}`);
    const seen: string[] = [];
    let offset = 0;
    const { complete, size } = eachLine(path, (line, at) => {
      assert.equal(at, offset);
      offset += line.length + 1;
      seen.push(line.toString());
    });
    assert.ok(seen.length === lines.length && seen.every((line, i) => line === lines[i]));
    assert.equal(complete, offset);
    assert.equal(size, offset + torn.length);
  }
});

test("behind the end there is nothing more, whatever is appended", (t) => {
  const path = join(scratchFolder(t), "lines");
  writeFileSync(path, "one\ntwo");
  const fd = openSync(path, "r");
  t.after(() => closeSync(fd));
  const lines = new FileLines(fd);
  assert.equal(lines.next()?.toString(), "one");
  assert.equal(lines.next(), null);
  appendFileSync(path, " and more\nthree\n");
  assert.equal(lines.next(), null);
  assert.deepEqual([lines.complete, lines.size], [4, 7]);
});

test("what is no file is refused and not waited for", (t) => {
  const folder = scratchFolder(t);
  execFileSync("mkfifo", [join(folder, "pipe")]);
  for (const path of [folder, join(folder, "pipe")]) {
    using file = CaptureFile.open(path);
    assert.throws(() => file.count, /EISDIR|ESPIPE/);
  }
});

test("bytes that were gone by lately are at hand as they stand in the file, others are not", (t) => {
  const path = join(scratchFolder(t), "lines");
  const random = seededRandom(3);
  const text = Array.from({ length: 6000 }, (_, i) => `${i} `.repeat(random() * 200)).join("\n");
  writeFileSync(path, `${text}\n`);
  const fd = openSync(path, "r");
  t.after(() => closeSync(fd));
  const lines = new FileLines(fd);
  assert.equal(lines.held(0, 1), null);
  for (let line = lines.next(); line !== null; line = lines.next()) {
    const behind = Math.floor(random() * 2 * MIB);
    const at = Math.max(0, lines.offset - behind);
    const length = Math.floor(random() * 100);
    const held = lines.held(at, length);
    if (held !== null) assert.equal(held.toString(), text.slice(at, at + length));
    else assert.ok(behind > 64 * 1024 || at + length > lines.offset, `${behind} bytes behind`);
    assert.equal(lines.held(lines.offset, line.length)?.equals(line), true);
    assert.equal(lines.held(lines.size, 1), null);
  }
  assert.equal(lines.held(0, 1), null);
});
