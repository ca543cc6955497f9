/**
 * Does what duplicates.ts says: merges folders of one number, gives the later of two streams a
 * number of its own, and notes in the journal what is settled.
 *
 * Invariants: a file is moved whole under a name that is free, or left; an exchange that lies
 * in both folders is kept once; whatever stops on the way, running it again goes on from there.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseCaptureName } from "../format/capture-name.ts";
import { CaptureFile } from "../reader/capture-file.ts";
import { type Step, stepsToResolve } from "./duplicates.ts";
import { INDEX_FILE, JDEX_FILE } from "./index-files.ts";
import { JOURNAL_FILE } from "./journal.ts";
import { appendLine, readPlainFile, syncFolder } from "./plain-file.ts";
import { freeName, refile, selectFiles } from "./refile.ts";
import { rewriteCapture } from "./rewrite-capture.ts";
import { folderName, parseFolderName } from "./titles.ts";
import { type CaptureTree, PLAN_FILE } from "./tree.ts";

/** What is to be done now; with two folders of a category more shows when these are one. */
export function stepsFor(tree: CaptureTree): Step[] {
  return stepsToResolve(tree.scan(), tree.journal(), (category) => tree.usedIds(category));
}

/** Does one step. `firstOpenDay`: captures of it and later stay where they are, in a shared folder. */
export function take(tree: CaptureTree, step: Step, firstOpenDay: string): void {
  if (step.kind === "merge") {
    mergeFolders(join(tree.captures, step.from), join(tree.captures, step.to));
    const title = (path: string) => parseFolderName(basename(path))?.title ?? "";
    const names = { from: title(step.from), to: title(step.to) };
    tree.record({ id: step.number, kind: "rename", ...names, by: BY });
    return;
  }
  const { allocation } = step;
  if (step.kind === "renumber") renumber(tree, step, firstOpenDay);
  const to = step.kind === "renumber" ? step.fresh : step.number;
  tree.record({ id: step.number, kind: "resolve", from: allocation.at, to, by: BY });
}

const BY = "jd resolve";

function renumber(
  tree: CaptureTree,
  { number, fresh, from, allocation }: Extract<Step, { kind: "renumber" }>,
  firstOpenDay: string,
): void {
  // First, so that what comes meanwhile goes to the new number.
  tree.record({ id: fresh, kind: "allocate", from: allocation.from, to: allocation.to, by: BY });
  if (from !== null) {
    const folder = join(tree.captures, from);
    const title = parseFolderName(basename(folder))?.title ?? allocation.to ?? "";
    const target = join(dirname(folder), folderName(fresh, title));
    if (existsSync(target)) mergeFolders(folder, target);
    else renameSync(folder, target);
    syncFolder(dirname(target));
    tree.record({ id: fresh, kind: "move", from: number, to: fresh, by: BY });
    return;
  }
  const upstream = /^upstream:(.+)$/s.exec(allocation.from ?? "")?.[1];
  if (upstream === undefined) return;
  const { moves } = selectFiles(tree, number, (x) => x.upstream === upstream, firstOpenDay);
  if (moves.length > 0) refile(tree, moves, fresh);
}

/** All that lies in `from` goes to `to`; folders of one number become one, however deep. */
function mergeFolders(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) {
      const number = parseFolderName(entry.name)?.number.text;
      const same = readdirSync(to).find((name) =>
        number === undefined
          ? name === entry.name
          : parseFolderName(name)?.number.text === number && plain(name) === plain(entry.name),
      );
      if (same === undefined) renameSync(source, join(to, entry.name));
      else mergeFolders(source, join(to, same));
    } else if (entry.isFile()) mergeFile(source, to);
  }
  syncFolder(to);
  // What is no file or folder stays, and with it the folder: `jd lint` names it.
  if (readdirSync(from).length === 0) rmdirSync(from);
  syncFolder(dirname(from));
}

const plain = (name: string) => name.toLowerCase();

function mergeFile(source: string, folder: string): void {
  const name = basename(source);
  const target = join(folder, name);
  if (name === INDEX_FILE || name === JDEX_FILE) rmSync(source);
  else if (parseCaptureName(name) !== null) mergeCapture(source, folder);
  else if (!existsSync(target)) renameSync(source, target);
  else if (name === JOURNAL_FILE) mergeJournal(source, target);
  else if (readFileSync(source).equals(readFileSync(target))) rmSync(source);
  // Two plans are a person's to choose from.
  else if (name !== PLAN_FILE) renameSync(source, join(folder, `${name}.other`));
}

function mergeJournal(source: string, target: string): void {
  const known = new Set((readPlainFile(target) ?? "").split("\n"));
  for (const line of (readPlainFile(source) ?? "").split("\n")) {
    if (line !== "" && !known.has(line)) appendLine(target, line);
  }
  rmSync(source);
}

/** Moves a file of captures; what the folder has already of that day is left out. */
function mergeCapture(source: string, folder: string): void {
  const { day } = parseCaptureName(basename(source))!;
  const known = new Set<string>();
  for (const name of readdirSync(folder)) {
    if (parseCaptureName(name)?.day !== day) continue;
    using file = CaptureFile.open(join(folder, name));
    for (const id of file.ids) known.add(id);
  }
  const target = join(folder, freeName(folder, basename(source)));
  using file = CaptureFile.open(source);
  const fresh = new Set(file.ids.filter((id) => !known.has(id)));
  if (fresh.size === file.count) renameSync(source, target);
  else {
    if (fresh.size > 0) rewriteCapture(file, fresh, target, false);
    rmSync(source);
  }
}
