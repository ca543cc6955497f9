import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import test from "node:test";
import { CodedError } from "../../../../record/errors.ts";
import {
  lastMove,
  prune,
  refile,
  selectFiles,
  undoMove,
} from "../../../../record/johnny-decimal/refile.ts";
import { isFailed, parseWhere } from "../../../../record/johnny-decimal/select-exchanges.ts";
import { verifyFile } from "../../../../record/reader/verify.ts";
import { contentsOf, freshTree, INBOX, writeCapture } from "./captures-fixture.ts";

const TODAY = "2026-11-23";
const DAY = "2026-11-20.jsonl";
const MIXED = ["alpha", "beta", "alpha", "alpha", "beta", "alpha"];

test("whole closed days move as they are; the day that is not over stays", (t) => {
  const tree = freshTree(t);
  const inbox = join(tree.captures, INBOX);
  writeCapture(inbox, DAY, MIXED);
  writeCapture(inbox, "2026-11-23.jsonl", ["alpha"]);
  const bytes = readFileSync(join(inbox, DAY));
  const { moves, open } = selectFiles(tree, "11.01", null, TODAY);
  assert.deepEqual(open, [`${INBOX}/2026-11-23.jsonl`]);
  const [target] = refile(tree, moves, "13.11");
  assert.match(target!, /13 Other\/13\.11 [^/]+\/2026-11-20\.jsonl$/);
  assert.deepEqual(readFileSync(target!), bytes);
  assert.deepEqual(readdirSync(inbox), ["2026-11-23.jsonl"]);
  const entry = lastMove(tree.journal())!;
  assert.deepEqual([entry.id, entry.from, entry.to], ["13.11", "11.01", "13.11"]);
});

test("a day is split into two files that each stand alone and lose no byte", (t) => {
  const tree = freshTree(t);
  const path = join(tree.captures, INBOX, DAY);
  writeCapture(join(tree.captures, INBOX), DAY, MIXED);
  const before = contentsOf(path);
  const { moves } = selectFiles(tree, "11.01", parseWhere("model=bet?"), TODAY);
  assert.deepEqual([moves[0]?.count, moves[0]?.of], [2, 6]);
  const [target] = refile(tree, moves, "13.11");
  const isBeta = (x: (typeof before)[number]) => x.llm?.model === "beta";
  assert.deepEqual(contentsOf(target!), before.filter(isBeta));
  assert.deepEqual(
    contentsOf(path),
    before.filter((x) => !isBeta(x)),
  );
  for (const file of [target!, path]) assert.deepEqual(verifyFile(file), []);
});

test("where everything of a day is wanted the file itself moves, and an emptied inbox goes", (t) => {
  const tree = freshTree(t);
  writeCapture(join(tree.captures, INBOX), DAY, ["alpha"]);
  const { moves } = selectFiles(tree, "11", parseWhere("model=alpha,label.task=even"), TODAY);
  assert.equal(moves[0]?.ids, null);
  refile(tree, moves, "13.11");
  assert.equal(existsSync(join(tree.captures, INBOX)), false);
});

test("a name that is taken becomes the next continuation; nothing is overwritten", (t) => {
  const tree = freshTree(t);
  const target = tree.folder("13.11", "X");
  writeCapture(target, DAY, ["alpha"]);
  const there = readFileSync(join(target, DAY));
  writeCapture(join(tree.captures, INBOX), DAY, ["beta"]);
  const [moved] = refile(tree, selectFiles(tree, "11.01", null, TODAY).moves, "13.11");
  assert.equal(basename(moved!), "2026-11-20+1.jsonl");
  assert.deepEqual(readFileSync(join(target, DAY)), there);
});

test("a move is taken back once, then the one before it", (t) => {
  const tree = freshTree(t);
  const inbox = join(tree.captures, INBOX);
  writeCapture(inbox, DAY, MIXED);
  writeCapture(inbox, "2026-11-21.jsonl", ["gamma"]);
  const before = contentsOf(join(inbox, DAY));
  refile(tree, selectFiles(tree, "11.01", parseWhere("model=beta"), TODAY).moves, "13.11");
  refile(tree, selectFiles(tree, `${INBOX}/2026-11-21.jsonl`, null, TODAY).moves, "13.12");
  undoMove(tree, lastMove(tree.journal())!);
  assert.deepEqual(readdirSync(inbox).sort(), [DAY, "2026-11-21.jsonl"].sort());
  undoMove(tree, lastMove(tree.journal())!);
  assert.equal(lastMove(tree.journal()), null);
  const back = [DAY, "2026-11-20+1.jsonl"].flatMap((name) => contentsOf(join(inbox, name)));
  assert.deepEqual(
    back.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    before,
  );
});

test("undoing names what is no longer there, and believes no path in the journal", (t) => {
  const tree = freshTree(t);
  writeCapture(join(tree.captures, INBOX), DAY, ["alpha"]);
  refile(tree, selectFiles(tree, "11.01", null, TODAY).moves, "13.11");
  const entry = lastMove(tree.journal())!;
  const evil = { ...entry, files: [{ name: "../../../x.jsonl", as: DAY }] };
  assert.throws(() => undoMove(tree, evil), refused);
  refile(tree, selectFiles(tree, "13.11", null, TODAY).moves, "13.12");
  assert.throws(() => undoMove(tree, entry), /no longer in 13\.11/);
});

test("a damaged file is not split: it stays as it is and the line is named", (t) => {
  const tree = freshTree(t);
  const path = join(tree.captures, INBOX, DAY);
  writeCapture(join(tree.captures, INBOX), DAY, MIXED);
  appendFileSync(path, "<<<<<<< HEAD\n");
  const bytes = readFileSync(path);
  const { moves } = selectFiles(tree, "11.01", parseWhere("model=beta"), TODAY);
  assert.throws(() => refile(tree, moves, "13.11"), refused);
  assert.deepEqual(readFileSync(path), bytes);
  assert.equal(tree.find("13.11"), null);
});

test("captures go to known categories and to no reserved ID but an inbox", (t) => {
  const tree = freshTree(t);
  for (const to of ["13", "13.00", "13.09", "45.11", "../x"]) {
    assert.throws(() => refile(tree, [], to), refused, to);
  }
  assert.deepEqual(refile(tree, [], "13.01"), []);
});

test("pruning deletes whole days, or all but what went wrong", (t) => {
  const tree = freshTree(t);
  const inbox = join(tree.captures, INBOX);
  for (const name of [DAY, "2026-11-22.jsonl"]) writeCapture(inbox, name, MIXED);
  const failed = contentsOf(join(inbox, DAY)).filter((x) => x.head[2] === 500);
  assert.equal(failed.length, 2);
  const keep = selectFiles(tree, "11", (x) => !isFailed(x), "2026-11-22").moves;
  assert.deepEqual(
    keep.map(({ count, of }) => [count, of]),
    [[4, 6]],
  );
  prune(tree, keep, "2026-11-22");
  assert.deepEqual(contentsOf(join(inbox, DAY)), failed);
  prune(tree, selectFiles(tree, "11", null, "2026-11-22").moves, "2026-11-22");
  assert.deepEqual(readdirSync(inbox), ["2026-11-22.jsonl"]);
  assert.deepEqual(
    tree.journal().map(({ kind, to }) => [kind, to]),
    [
      ["prune", "4 exchanges"],
      ["prune", "2 exchanges"],
    ],
  );
});

test("a file in the target that is no capture is left alone", (t) => {
  const tree = freshTree(t);
  const inbox = join(tree.captures, INBOX);
  writeCapture(inbox, DAY, ["alpha"]);
  writeFileSync(join(inbox, "notes.md"), "mine");
  refile(tree, selectFiles(tree, "11.01", null, TODAY).moves, "13.11");
  assert.deepEqual(readdirSync(inbox), ["notes.md"]);
});

function refused(error: unknown) {
  return error instanceof CodedError && error.code === "refile-refused";
}
