import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Checkpoint } from "../../../../daemon/filing/checkpoint.ts";
import { tempFolder } from "../temp-folder.ts";

const at = (segment: number, offset: number) => ({ segment, offset });
const attempt = (key: string) => ({ key, id: `id-${key}`, file: "/captures/day.jsonl" });

test("what was begun and what was finished is known again after a restart", (t) => {
  const state = tempFolder();
  const first = new Checkpoint(state);
  first.begin(attempt("a"));
  first.begin(attempt("b"));
  first.finish([{ key: "a", start: at(3, 10) }], at(3, 5));
  first.close();
  const again = new Checkpoint(state);
  t.after(() => again.close());
  assert.equal(again.isDone("a"), true);
  assert.equal(again.isDone("b"), false);
  assert.deepEqual(again.attempts, [attempt("b")]);
  assert.deepEqual(again.from, at(3, 5));
});

test("a write that the disk cuts short costs its own entry and no other", (t) => {
  const state = tempFolder();
  const first = new Checkpoint(state);
  first.begin(attempt("a"));
  const write = fs.writeSync as (fd: number, bytes: Uint8Array) => number;
  const short = t.mock.method(fs, "writeSync", (fd: number, bytes: Uint8Array) =>
    write(fd, bytes.subarray(0, 7)),
  );
  assert.throws(() => first.finish([{ key: "a", start: at(1, 0) }], at(1, 9)), { code: "ENOSPC" });
  short.mock.restore();
  first.begin(attempt("b"));
  first.finish([{ key: "a", start: at(1, 0) }], at(1, 0));
  first.close();
  const lines = fs.readFileSync(join(state, "filer", "log.jsonl"), "utf8").split("\n");
  assert.equal(lines[1], '{"done"');
  const again = new Checkpoint(state);
  t.after(() => again.close());
  assert.deepEqual(again.attempts, [attempt("b")]);
  assert.equal(again.isDone("a"), true);
  assert.deepEqual(again.from, at(1, 0));
});

test("the log is rewritten when it has grown, without what is read no more", (t) => {
  const state = tempFolder();
  const first = new Checkpoint(state);
  const path = join(state, "filer", "log.jsonl");
  let largest = 0;
  for (let i = 0; i < 30_000; i++) {
    first.finish([{ key: `run:${i}`, start: at(i, 0) }], at(i, 1));
    if (i % 100 === 0) largest = Math.max(largest, fs.statSync(path).size);
  }
  first.finish([], at(30_000, 0));
  first.close();
  const again = new Checkpoint(state);
  t.after(() => again.close());
  assert.ok(largest > 100_000);
  assert.ok(fs.statSync(path).size < 100, "nothing but where to begin is left");
  assert.deepEqual(again.from, at(30_000, 0));
});

test("a folder that somebody removed is made again when the log is written anew", (t) => {
  const state = tempFolder();
  const first = new Checkpoint(state);
  fs.rmSync(join(state, "filer"), { recursive: true });
  // Past the size at which it is written anew.
  for (let n = 0; n < 20_000; n++) {
    first.begin(attempt(`a${n}`));
    first.finish([{ key: `a${n}`, start: at(1, n) }], at(1, n));
  }
  first.close();
  const again = new Checkpoint(state);
  t.after(() => again.close());
  assert.ok((again.from?.offset ?? 0) > 0);
  assert.equal(again.isDone(`a${again.from?.offset}`), true);
});
