import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Command, Options } from "../../../cli/command.ts";
import { file } from "../../../cli/file.ts";
import { prune } from "../../../cli/prune.ts";
import { acquireLock } from "../../../daemon/lock.ts";
import { CodedError } from "../../../record/errors.ts";
import { freshTree, INBOX, writeCapture } from "../record/johnny-decimal/captures-fixture.ts";
import { runCommand } from "./run-command.ts";

const DAY = "2026-01-20.jsonl";

test("a dry run prints what a move would do and does nothing; the move prints the same", async (t) => {
  const { captures, run } = place(t);
  writeCapture(join(captures, INBOX), DAY, ["a", "b"]);
  const options = { to: "11.12", where: "model=b" };
  const dry = await run(file, ["11.01"], { ...options, dryRun: true });
  assert.equal(dry.out, `${INBOX}/${DAY} (1 of 2) → 11.12\n`);
  assert.deepEqual(readdirSync(captures), [".callnumber.yaml", "10-19 Coding agents"]);
  const done = await run(file, [join(INBOX, DAY)], options);
  assert.equal(done.out, dry.out);
  assert.match(done.err, /1 exchanges are moved/);
  const undone = await run(file, [], { undo: true });
  assert.equal(undone.out, `${INBOX}/2026-01-20+1.jsonl\n`);
  assert.match((await run(file, [], { undo: true })).err, /no move to take back/);
});

test("a move without a target, to a category, or with a condition that is none is refused", async (t) => {
  const { run } = place(t);
  for (const options of [
    {},
    { to: "11" },
    { to: "11.12", where: "colour=red" },
    { to: "11.12", where: "x" },
  ]) {
    await assert.rejects(run(file, ["11.01"], options), refused);
  }
  await assert.rejects(run(file, [], { to: "11.12" }), refused);
});

test("prune deletes days before the date only, and nothing in a dry run", async (t) => {
  const { captures, run } = place(t);
  writeCapture(join(captures, INBOX), DAY, ["a", "b", "c"]);
  writeCapture(join(captures, INBOX), "2026-01-21.jsonl", ["a"]);
  const dry = await run(prune, [], { before: "2026-01-21", dryRun: true });
  assert.equal(dry.out, `${INBOX}/${DAY} (3)\n`);
  const some = await run(prune, ["11"], { before: "2026-01-21", keepErrors: true });
  assert.equal(some.out, `${INBOX}/${DAY} (2 of 3, the rest stays)\n`);
  await run(prune, [], { before: "2026-01-21" });
  assert.deepEqual(readdirSync(join(captures, INBOX)), ["2026-01-21.jsonl"]);
  for (const before of [undefined, "yesterday", "2026-13-40"]) {
    await assert.rejects(run(prune, [], { before }), refused);
  }
});

test("yesterday is moved and deleted only while no daemon has the tree", async (t) => {
  const { captures, run } = place(t);
  const dayBefore = (days: number) =>
    `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)}.jsonl`;
  const [today, yesterday, older] = [dayBefore(0), dayBefore(1), dayBefore(2)];
  for (const name of [today, yesterday, older]) writeCapture(join(captures, INBOX), name, ["a"]);
  const left = () => readdirSync(join(captures, INBOX)).sort();
  const daemon = await acquireLock(captures);
  const said = await run(file, ["11.01"], { to: "11.12" });
  assert.match(said.err, /its day may still grow.*\n.*its day may still grow/);
  assert.deepEqual(left(), [yesterday, today]);
  await run(prune, ["11.01"], { before: today.slice(0, 10) });
  assert.deepEqual(left(), [yesterday, today]);
  await daemon.release();
  await run(file, ["11.01"], { to: "11.12" });
  assert.deepEqual(left(), [today]);
  await (await acquireLock(captures)).release();
});

function refused(error: unknown) {
  return error instanceof CodedError && error.code === "bad-argument";
}

function place(t: Parameters<typeof freshTree>[0]) {
  const { captures } = freshTree(t);
  // A hidden file: the scan of the tree passes it over.
  const config = join(captures, ".callnumber.yaml");
  writeFileSync(
    config,
    "captures: .\nstate: ../jd-no-state\ntree:\n  10-19 Coding agents:\n    11 Cline: {}\n",
  );
  const env = { HOME: captures, CALLNUMBER_CONFIG: config };
  const run = (command: Command, args: string[], options: Options) =>
    runCommand(command, captures, args, options, env);
  return { captures, run };
}
