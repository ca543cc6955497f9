/**
 * Numbers that two machines gave away at the same time, and how to make them single again.
 *
 *   11.12 Ollama/    allocated here for upstream:ollama
 *   11.12 vLLM/      allocated on another machine for upstream:vllm, merged by git
 *
 * Two folders of one number are one where both stand for the same (an area, a category, a reserved
 * ID, one source, one title); else the later one gets the next number of its category.
 *
 * Invariants: pure; it says what to do and does nothing (resolve-duplicates.ts does), so a dry
 * run says the same; a tree that was resolved has nothing left to do.
 */
import { basename } from "node:path";
import { type JournalEntry, unresolved } from "./journal.ts";
import { nextId, parseNumber, reservedRole } from "./numbers.ts";
import type { TreeFolder, TreeScan } from "./scan.ts";

export type Step =
  /** What lies in `from` goes to `to`, a folder of the same number. */
  | { readonly kind: "merge"; readonly number: string; readonly from: string; readonly to: string }
  /** A folder, or the exchanges of one upstream in it, get a number of their own. */
  | {
      readonly kind: "renumber";
      readonly number: string;
      readonly fresh: string;
      /** The folder; null where both streams lie in one. */
      readonly from: string | null;
      readonly allocation: JournalEntry;
    }
  /** Both allocations mean the same: the later one is settled. */
  | { readonly kind: "settle"; readonly number: string; readonly allocation: JournalEntry };

/**
 * What to do, areas first. Folders are given relative to the captures.
 * @param used every ID of a category that is planned, on disk or was given away
 */
export function stepsToResolve(
  scan: TreeScan,
  journal: readonly JournalEntry[],
  used: (category: string) => ReadonlySet<string>,
): Step[] {
  const steps: Step[] = [];
  for (const level of [scan.areas, scan.categories]) {
    for (const [first, ...more] of foldersByNumber(level)) {
      for (const other of more) steps.push(merge(first!, other));
    }
    // What lies in two folders is looked at once these are one.
    if (steps.length > 0) return steps;
  }
  const twice = unresolved(journal);
  const given = new Map<string, Set<string>>();
  const fresh = (category: string): string | null => {
    const taken = given.get(category) ?? new Set(used(category));
    given.set(category, taken);
    const id = nextId(category, taken);
    if (id !== null) taken.add(id);
    return id;
  };
  const handled = new Set<string>();
  for (const folders of foldersByNumber(scan.ids)) {
    const number = folders[0]!.number.text;
    const [first, ...others] = inOrderOf(folders, journal);
    const later = [...(twice.get(number) ?? [])];
    for (const other of others) {
      const allocation = later.find(({ to }) => isTitle(other, to));
      if (allocation === undefined || reservedRole(number) !== null || first!.archived) {
        steps.push(merge(first!, other));
        continue;
      }
      later.splice(later.indexOf(allocation), 1);
      const to = isSame(allocation, journal) ? null : fresh(other.number.category!);
      if (to === null) steps.push(merge(first!, other), settle(allocation));
      else steps.push({ kind: "renumber", number, fresh: to, from: other.path, allocation });
    }
    for (const allocation of later) steps.push(...withinOne(allocation, journal, fresh));
    handled.add(number);
  }
  for (const [number, later] of twice) {
    if (handled.has(number)) continue;
    for (const allocation of later) steps.push(...withinOne(allocation, journal, fresh));
  }
  return steps;
}

/** Folders that share a number, by number; those with two or more. */
function foldersByNumber(folders: readonly TreeFolder[]): TreeFolder[][] {
  const groups = Map.groupBy(folders, ({ number }) => number.text);
  return [...groups.values()].filter((group) => group.length > 1);
}

/** The folder of the first allocation first: it keeps the number. */
function inOrderOf(folders: readonly TreeFolder[], journal: readonly JournalEntry[]): TreeFolder[] {
  const first = journal.find(
    ({ kind, id }) => kind === "allocate" && id === folders[0]!.number.text,
  );
  return folders.toSorted(
    (a, b) => Number(isTitle(b, first?.to ?? null)) - Number(isTitle(a, first?.to ?? null)),
  );
}

/** One folder, or none, and two allocations: what is of the later one is moved out of it. */
function withinOne(
  allocation: JournalEntry,
  journal: readonly JournalEntry[],
  fresh: (category: string) => string | null,
): Step[] {
  const { id: number } = allocation;
  const category = parseNumber(number)?.category ?? null;
  if (category === null || isSame(allocation, journal)) return [settle(allocation)];
  const to = fresh(category);
  if (to === null) return [settle(allocation)];
  return [{ kind: "renumber", number, fresh: to, from: null, allocation }];
}

/** Whether a later allocation stands for the same stream as the first. */
function isSame({ id, from, to }: JournalEntry, journal: readonly JournalEntry[]): boolean {
  const first = journal.find((entry) => entry.kind === "allocate" && entry.id === id);
  if (first === undefined) return true;
  return from !== null && first.from !== null ? from === first.from : plain(to) === plain(first.to);
}

const isTitle = (folder: TreeFolder, title: string | null): boolean =>
  title !== null && plain(folder.title) === plain(title);

const plain = (title: string | null): string =>
  (title ?? "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

const merge = (to: TreeFolder, from: TreeFolder): Step => ({
  kind: "merge",
  number: to.number.text,
  from: from.path,
  to: to.path,
});

const settle = (allocation: JournalEntry): Step => ({
  kind: "settle",
  number: allocation.id,
  allocation,
});

/** A step in words, for people. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "merge":
      return `${step.number}: what lies in "${basename(step.from)}" goes to "${basename(step.to)}"`;
    case "settle":
      return `${step.number}: given away twice for the same, which is noted`;
    default: {
      const what = step.from === null ? `what is of ${step.allocation.from}` : basename(step.from);
      return `${step.number}: "${what}" becomes ${step.fresh} ${step.allocation.to ?? ""}`.trim();
    }
  }
}
