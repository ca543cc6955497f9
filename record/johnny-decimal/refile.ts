/**
 * Moving captures between IDs, taking a move back, and deleting old days.
 *
 * Invariants: only closed days are touched (UTC days before today), since the daemon may
 * still append to an open one; the copy is on the disk and verified before anything is taken away,
 * so a crash in between leaves an exchange twice and never loses one; a name that is taken is not
 * overwritten, the next continuation (`+1`, `+2` …) is used; every move and pruning is a line in
 * the journal, with file names and no folder titles.
 */
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CodedError } from "../errors.ts";
import { captureName, parseCaptureName } from "../format/capture-name.ts";
import type { ExchangeLine } from "../format/schema.ts";
import { CaptureFile } from "../reader/capture-file.ts";
import type { JournalEntry } from "./journal.ts";
import { parseNumber, RESERVED, reservedRole, SYSTEM_JDEX } from "./numbers.ts";
import { syncFolder } from "./plain-file.ts";
import { assertRewritable, rewriteCapture } from "./rewrite-capture.ts";
import type { TreeFile } from "./scan.ts";
import type { CaptureTree } from "./tree.ts";

/** What happens to one file. */
export interface FileMove {
  /** Number that the file lies under now. */
  readonly number: string;
  readonly path: string;
  /** The exchanges that are meant; null = the whole file. */
  readonly ids: readonly string[] | null;
  /** How many exchanges are meant, and how many the file has. */
  readonly count: number;
  readonly of: number;
}

export type Wanted = ((x: ExchangeLine) => boolean) | null;

/**
 * The closed days under a number, or the one file at a path (relative to the captures), and what
 * of each is wanted. `today` is the UTC day, `YYYY-MM-DD`; open days come back in `open`.
 */
export function selectFiles(
  tree: CaptureTree,
  from: string,
  wanted: Wanted,
  today: string,
): { moves: FileMove[]; open: string[] } {
  const files = capturesOf(tree).filter((file) => {
    return file.path === from || isUnder(file.number, from);
  });
  const closed = files.filter((file) => dayOf(file) < today);
  const moves = closed.map((file) => select(tree, file, wanted)).filter((move) => move.count > 0);
  return { moves, open: files.filter((file) => dayOf(file) >= today).map((file) => file.path) };
}

/** Moves files (or the wanted part of each) to an ID. Returns the new paths. */
export function refile(tree: CaptureTree, moves: readonly FileMove[], to: string): string[] {
  assertTarget(tree, to);
  const pending = moves.filter((move) => move.number !== to);
  for (const move of pending)
    if (move.ids !== null) assertRewritable(join(tree.captures, move.path));
  const folder = tree.folder(to, null, "file");
  const done: string[] = [];
  const bySource = Map.groupBy(pending, (move) => move.number);
  for (const [from, group] of bySource) {
    const files: object[] = [];
    try {
      for (const move of group) {
        const target = moveOne(tree, move, folder);
        files.push({ name: basename(move.path), as: basename(target), ids: move.ids });
        done.push(target);
      }
    } finally {
      // What was moved before a failure is journaled too, or it could not be taken back.
      if (files.length > 0) tree.record({ id: to, kind: "move", from, to, by: "file", files });
    }
    removeEmptyInbox(tree, from);
  }
  tree.writeIndex();
  return done;
}

/** The last move that was not taken back yet, or null. */
export function lastMove(journal: readonly JournalEntry[]): JournalEntry | null {
  const undone = new Set(journal.filter(({ kind }) => kind === "undo").map(({ from }) => from));
  return journal.findLast((entry) => entry.kind === "move" && !undone.has(entry.at)) ?? null;
}

/**
 * Takes a move back: each file returns to the ID that it came from. Where its name is taken there
 * (a day that was split), it becomes a continuation of that day. Returns the new paths.
 */
export function undoMove(tree: CaptureTree, entry: JournalEntry): string[] {
  const from = entry.from ?? "";
  const here = tree.find(entry.to ?? "");
  const files = filesOf(entry);
  for (const { as } of files) {
    if (here !== null && existsSync(join(here, as))) continue;
    throw new CodedError("refile-refused", `${as} is no longer in ${entry.to}`);
  }
  const folder = tree.folder(from, null, "file");
  const done = files.map(({ name, as }) => {
    const target = join(folder, freeName(folder, name));
    rename(join(here!, as), target);
    return target;
  });
  tree.record({ id: from, kind: "undo", from: entry.at, to: from, by: "file" });
  tree.writeIndex();
  return done;
}

/**
 * Deletes files, or of each all exchanges but the `keep` ones (then the file is written anew).
 * `before` is what the journal says.
 */
export function prune(tree: CaptureTree, moves: readonly FileMove[], before: string) {
  for (const move of moves) if (move.ids !== null) assertRewritable(join(tree.captures, move.path));
  for (const move of moves) {
    const path = join(tree.captures, move.path);
    if (move.ids === null) {
      rmSync(path);
      syncFolder(dirname(path));
      continue;
    }
    using source = CaptureFile.open(path);
    const gone = new Set(move.ids);
    rewriteCapture(source, new Set(source.ids.filter((id) => !gone.has(id))), path, true);
  }
  const to = `${moves.reduce((sum, move) => sum + move.count, 0)} exchanges`;
  tree.record({ id: SYSTEM_JDEX, kind: "prune", from: before, to, by: "prune" });
  tree.writeIndex();
}

function moveOne(tree: CaptureTree, move: FileMove, folder: string): string {
  const path = join(tree.captures, move.path);
  const target = join(folder, freeName(folder, basename(path)));
  if (move.ids === null) {
    rename(path, target);
    return target;
  }
  using source = CaptureFile.open(path);
  const wanted = new Set(move.ids);
  rewriteCapture(source, wanted, target, false);
  rewriteCapture(source, new Set(source.ids.filter((id) => !wanted.has(id))), path, true);
  return target;
}

function select(tree: CaptureTree, file: TreeFile, wanted: Wanted): FileMove {
  using reader = CaptureFile.open(join(tree.captures, file.path));
  const about = { number: file.number, path: file.path, of: reader.count };
  if (wanted === null) return { ...about, ids: null, count: reader.count };
  const ids: string[] = [];
  for (const exchange of reader.exchanges()) if (wanted(exchange)) ids.push(exchange.id);
  const isWhole = ids.length === reader.count && reader.damage.length === 0;
  return { ...about, ids: isWhole ? null : ids, count: ids.length };
}

function assertTarget(tree: CaptureTree, to: string) {
  const number = parseNumber(to);
  if (number?.id == null) throw new CodedError("refile-refused", `not an ID: ${to}`);
  const role = reservedRole(number.id);
  if (role === "jdex" || role === "archive") {
    throw new CodedError("refile-refused", `${number.id} is reserved and holds no captures`);
  }
  const archived = tree.scan().ids.find((folder) => folder.number.text === number.id)?.archived;
  if (archived === true) {
    throw new CodedError("refile-refused", `${number.id} is archived: move its folder back first`);
  }
  if (tree.journal().some(({ kind, id }) => kind === "retire" && id === number.id)) {
    throw new CodedError("refile-refused", `${number.id} was retired: take another ID`);
  }
  if (tree.knows(number.category!)) return;
  throw new CodedError("refile-refused", `there is no category ${number.category}: plan it first`);
}

function filesOf(entry: JournalEntry): { name: string; as: string }[] {
  const files = Array.isArray(entry.files) ? entry.files : [];
  return files.map((file: { name?: unknown; as?: unknown }) => {
    const { name, as } = file ?? {};
    // File names only: whoever edits the journal does not get to name other folders.
    for (const each of [name, as]) {
      if (typeof each === "string" && parseCaptureName(each) !== null) continue;
      throw new CodedError("refile-refused", `the journal names no capture file: ${String(each)}`);
    }
    return { name: name as string, as: as as string };
  });
}

/** The name itself, or the first continuation of its day and writer that is free. */
export function freeName(folder: string, name: string): string {
  const parsed = parseCaptureName(name)!;
  for (let part = parsed.part; ; part++) {
    const candidate = captureName({ ...parsed, part });
    if (!existsSync(join(folder, candidate))) return candidate;
  }
}

function rename(path: string, target: string) {
  renameSync(path, target);
  syncFolder(dirname(target));
  syncFolder(dirname(path));
}

/** An inbox that was emptied goes; it comes back with what it takes in next. */
function removeEmptyInbox(tree: CaptureTree, number: string) {
  const folder = tree.find(number);
  if (folder === null || !number.endsWith(`.${RESERVED.inbox}`)) return;
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function capturesOf(tree: CaptureTree): TreeFile[] {
  return tree.scan().files.filter((file) => parseCaptureName(file.name) !== null);
}

function dayOf(file: TreeFile): string {
  return parseCaptureName(file.name)!.day;
}

function isUnder(number: string, from: string): boolean {
  return number === from || number.startsWith(`${from}.`);
}
