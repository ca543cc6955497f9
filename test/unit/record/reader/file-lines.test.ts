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
