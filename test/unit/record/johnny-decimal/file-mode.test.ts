/** Who may read the tree: its owner, and with the setgid bit on captures/ also its group. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileModeFor, folderModeFor } from "../../../../record/johnny-decimal/file-mode.ts";
import { replaceFile } from "../../../../record/johnny-decimal/plain-file.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-mode-"));
after(() => rmSync(folder, { recursive: true }));

function captures(mode: number): string {
  const path = join(folder, mode.toString(8));
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test("without the setgid bit nothing is readable by others, however open the folder is", () => {
  for (const mode of [0o700, 0o755, 0o770]) {
    const tree = captures(mode);
    assert.equal(fileModeFor(join(tree, "a.jsonl")), 0o600);
    assert.equal(folderModeFor(join(tree, "not/yet/there")), 0o700);
    replaceFile(join(tree, "jdex.json"), "{}");
    assert.equal(statSync(join(tree, "jdex.json")).mode & 0o777, 0o600);
  }
});

test("with it the group reads files and folders, new folders included, and may not write", () => {
  const tree = captures(0o2750);
  const before = process.umask(0o022);
  const inner = join(tree, "10-19 A");
  mkdirSync(inner, { mode: folderModeFor(inner) });
  const deep = join(inner, "11 B");
  mkdirSync(deep, { mode: folderModeFor(deep) });
  replaceFile(join(deep, "jdex.json"), "{}");
  process.umask(before);
  if (process.platform === "linux") assert.equal(statSync(deep).mode & 0o7777, 0o2750);
  assert.equal(statSync(join(deep, "jdex.json")).mode & 0o777, 0o640);
});
