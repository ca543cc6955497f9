/**
 * The index as data: plan, folders on disk and journal laid over one another. What the index
 * files, the export, the lint and the site's table are made of.
 *
 * What always holds: pure; entries are in index order and every entry's parents are there too; the
 * same input gives the same entries (nothing of the clock), so that the index files only change
 * when the tree does.
 */
import { type JournalEntry, journaledTitle } from "./journal.ts";
import { compareNumbers, type JdNumber, parseNumber } from "./numbers.ts";
import type { Plan, PlanRow } from "./plan.ts";
import type { TreeFolder, TreeScan } from "./scan.ts";
import { sanitiseTitle, standardTitle, UNTITLED } from "./titles.ts";

export interface JdexEntry {
  readonly number: JdNumber;
  readonly title: string;
  readonly description: string;
  /** Relative to the captures folder; null where nothing was written yet. */
  readonly folder: string | null;
  /** A row of the configuration or of the imported table. */
  readonly planned: boolean;
  readonly archived: boolean;
}

/** Areas, categories and IDs (no `+name` folders), in index order. */
export function jdexEntries(
  plan: Plan,
  scan: TreeScan,
  journal: readonly JournalEntry[],
): readonly JdexEntry[] {
  const rows = new Map(plan.rows.map((row) => [row.number, row]));
  const folders = new Map<string, TreeFolder>();
  const archivedLast = scan.ids.toSorted((a, b) => Number(a.archived) - Number(b.archived));
  for (const folder of [...scan.areas, ...scan.categories, ...archivedLast]) {
    // The first of a number counts; a second one is the lint's business.
    if (!folders.has(folder.number.text)) folders.set(folder.number.text, folder);
  }
  const numbers = new Set<string>();
  for (const text of [...rows.keys(), ...folders.keys(), ...allocatedNumbers(journal)]) {
    const number = parseNumber(text);
    for (const each of [number?.area, number?.category, number?.id])
      if (each != null) numbers.add(each);
  }
  return [...numbers].sort(compareNumbers).map((text) => {
    const number = parseNumber(text)!;
    const row = rows.get(text);
    const folder = folders.get(text);
    return {
      number,
      title: titleOf(number, row, folder, journal),
      description: row?.description ?? "",
      folder: folder?.path ?? null,
      planned: row !== undefined,
      archived: folder?.archived ?? false,
    };
  });
}

/**
 * The title that a number goes by: the folder's, since whoever renamed it meant it (but where the
 * folder's is only the sanitised form of the planned one, the planned one), then the plan's, the
 * journal's, the standard one.
 */
export function titleOf(
  number: JdNumber,
  row: PlanRow | undefined,
  folder: TreeFolder | undefined,
  journal: readonly JournalEntry[],
): string {
  const onDisk = folder?.title ?? null;
  const planned = row?.title || journaledTitle(journal, number.text);
  const meant = planned || standardTitle(number) || UNTITLED;
  return onDisk === null || onDisk === (sanitiseTitle(meant) || UNTITLED) ? meant : onDisk;
}

function allocatedNumbers(journal: readonly JournalEntry[]): string[] {
  // An ID whose folder is gone stays in the index: whoever finds it quoted somewhere can look it up.
  return journal.filter((entry) => entry.kind === "allocate").map((entry) => entry.id);
}
