/**
 * The journal: `00.00 JDex for the system/journal.jsonl`, one line for everything that gave a
 * number away or moved what lies under one.
 *
 *   {"at":"2026-11-23T08:00:00.000Z","id":"11.12","kind":"allocate","from":"upstream:ollama","to":"Ollama","by":"autofile"}
 *
 * Invariants: append-only; a line that does not parse (torn, a conflict marker of git) is
 * passed over and nothing else is lost; an ID that stands in here is used for ever. Never in here:
 * what is inside captures.
 */
import { parseNumber } from "./numbers.ts";
import { appendLine, readPlainFile } from "./plain-file.ts";

export const JOURNAL_FILE = "journal.jsonl";

/**
 * What happened: `allocate` an ID was given away (`from` says to what, `to` is its title);
 * `move` captures went `from` one ID `to` another (`id` is where they are now); `retire` an ID was
 * emptied for good; `rename` a folder went from one title to another; `plan` a table became the
 * plan; `undo` the move that `from` names by its time was taken back; `prune` days were deleted;
 * `redact` secrets were taken out of the file `from`; `resolve` the allocation of `id` that `from`
 * names by its time was one too many, and what it meant is `to`.
 */
export const JOURNAL_KINDS = [
  "allocate",
  "move",
  "retire",
  "rename",
  "plan",
  "undo",
  "prune",
  "redact",
  "resolve",
] as const;

/** An entry before it gets its time; further members (the files of a move) are kept. */
export interface NewJournalEntry {
  /** The number it is about: an ID, or an area or category where one was renamed. */
  readonly id: string;
  readonly kind: (typeof JOURNAL_KINDS)[number];
  readonly from: string | null;
  readonly to: string | null;
  /** Who: `autofile`, `rule`, `path`, or the command. */
  readonly by: string;
  readonly [more: string]: unknown;
}

export interface JournalEntry extends NewJournalEntry {
  /** RFC 3339 UTC. */
  readonly at: string;
}

/** All entries of a journal's text, oldest first, and the lines (from 1) that are none. */
export function parseJournal(text: string): { entries: JournalEntry[]; badLines: number[] } {
  const entries: JournalEntry[] = [];
  const badLines: number[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const entry = parsed(line);
    if (isEntry(entry)) entries.push(entry);
    else badLines.push(index + 1);
  }
  return { entries, badLines };
}

/** Reads a journal; an absent one is empty. */
export function readJournal(path: string): { entries: JournalEntry[]; badLines: number[] } {
  return parseJournal(readPlainFile(path) ?? "");
}

export function appendJournal(path: string, entry: JournalEntry) {
  appendLine(path, JSON.stringify(entry));
}

/** Every ID that the journal names, in whichever role: none of them may be given away again. */
export function journaledIds(entries: readonly JournalEntry[]): Set<string> {
  const ids = new Set<string>();
  for (const entry of entries) {
    for (const text of [entry.id, entry.from, entry.to]) {
      const id = text === null ? null : (parseNumber(text)?.id ?? null);
      if (id !== null) ids.add(id);
    }
  }
  return ids;
}

/** The ID that was last allocated in a category for `source` (`upstream:ollama`), or null. */
export function allocatedFor(
  entries: readonly JournalEntry[],
  category: string,
  source: string,
): string | null {
  const retired = new Set(
    entries.filter((entry) => entry.kind === "retire").map((entry) => entry.id),
  );
  const found = entries.findLast(
    (entry) =>
      entry.kind === "allocate" &&
      entry.from === source &&
      entry.id.startsWith(`${category}.`) &&
      !retired.has(entry.id),
  );
  if (found === undefined) return null;
  // A line of another branch can stand behind what `jd resolve` wrote.
  const resolved = entries.findLast(
    ({ kind, id, from }) => kind === "resolve" && id === found.id && from === found.at,
  );
  return resolved?.to ?? found.id;
}

/** Allocations of a number that had been given to something else, and that nobody has resolved. */
export function unresolved(entries: readonly JournalEntry[]): Map<string, JournalEntry[]> {
  const resolved = new Set(
    entries.filter(({ kind }) => kind === "resolve").map(({ id, from }) => `${id} ${from}`),
  );
  const first = new Map<string, JournalEntry>();
  const later = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    if (entry.kind !== "allocate") continue;
    const before = first.get(entry.id);
    if (before === undefined) first.set(entry.id, entry);
    else if (before.from !== entry.from || before.to !== entry.to) {
      if (resolved.has(`${entry.id} ${entry.at}`)) continue;
      later.set(entry.id, [...(later.get(entry.id) ?? []), entry]);
    }
  }
  return later;
}

/** The title that an ID was allocated with, or was last renamed to; null where neither is known. */
export function journaledTitle(entries: readonly JournalEntry[], number: string): string | null {
  const found = entries.findLast(
    (entry) => entry.id === number && (entry.kind === "allocate" || entry.kind === "rename"),
  );
  return found?.to ?? null;
}

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== "object" || value === null) return false;
  const { at, id, kind, from, to, by } = value as Record<string, unknown>;
  const isText = (member: unknown) => typeof member === "string";
  return (
    [at, id, by].every(isText) &&
    [from, to].every((member) => member === null || isText(member)) &&
    JOURNAL_KINDS.some((known) => known === kind)
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
