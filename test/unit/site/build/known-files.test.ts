import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { markFile } from "../../../../site/build/known-files.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-known-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const marked = (name: string, text: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { path, mark: markFile(path, statSync(path).size, []).mark };
};
const isKept = (path: string, before: ReturnType<typeof marked>["mark"]) =>
  markFile(path, statSync(path).size, [before]).kept;

test("a file that only grew, or was only touched, is kept", () => {
  const { path, mark } = marked("grown", "one\n");
  assert.ok(isKept(path, mark));
  appendFileSync(path, "two\n");
  assert.ok(isKept(path, mark));
});

test("a file that became shorter or begins otherwise is not kept, whatever its size", () => {
  const { path, mark } = marked("changed", "one\ntwo\n");
  for (const text of ["one\n", "One\ntwo\n", "zero\none\ntwo\nthree\n"]) {
    writeFileSync(path, text);
    assert.ok(!isKept(path, mark), text);
  }
});

test("another file in its place is not kept, though it begins alike", () => {
  const { path, mark } = marked("replaced", "one\n");
  writeFileSync(`${path}.new`, "one\ntwo\n");
  renameSync(`${path}.new`, path);
  assert.ok(!isKept(path, mark));
});

test("of a file beyond the limit the ends are compared", () => {
  const { path, mark } = marked("large", Buffer.alloc(LIMITS.siteKnownBytes + 1000, "x"));
  appendFileSync(path, "more");
  assert.ok(isKept(path, mark));
  writeSync(openSync(path, "r+"), "y", 5);
  assert.ok(!isKept(path, mark));
});

test("a file that is not there any more is named", () => {
  assert.throws(() => markFile(join(folder, "gone"), 5, []), {
    code: "site-captures-moved",
    message: /gone went away/,
  });
});
