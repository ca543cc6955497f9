/**
 * A table becomes the plan of a tree, and a tree becomes a table again.
 *
 * Invariants: nothing is created but the folder of 00.00; captures stay where they are;
 * folders that are already there take the plan's titles (number is identity, so nothing breaks)
 * and each renaming is in the journal. What the system keeps for itself is not exported, so that a
 * table comes back as it was plus the IDs that were given away since.
 */
import { existsSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { JdexEntry } from "./jdex-entries.ts";
import { SYSTEM_JDEX } from "./numbers.ts";
import { syncFolder } from "./plain-file.ts";
import { type Plan, type PlanRow, plannedTitle, planOf } from "./plan.ts";
import { folderName, standardTitle, UNTITLED } from "./titles.ts";
import type { CaptureTree } from "./tree.ts";

export interface Renaming {
  readonly number: string;
  /** Relative to the captures folder. */
  readonly path: string;
  /** New name of the folder. */
  readonly name: string;
}

/** Folders of the tree whose names are not those of the plan, the deepest first. */
export function renamings(tree: CaptureTree, plan: Plan): Renaming[] {
  const { areas, categories, ids } = tree.scan();
  return [...ids, ...categories, ...areas].flatMap((folder) => {
    const number = folder.number.text;
    const title = plannedTitle(plan, number);
    const name = title === null ? folder.name : folderName(number, title);
    return name === folder.name ? [] : [{ number, path: folder.path, name }];
  });
}

/** Rows of the plan that was imported before which `plan` has no more. */
export function droppedRows(tree: CaptureTree, plan: Plan): PlanRow[] {
  const kept = new Set(plan.rows.map(({ number }) => number));
  return tree.importedPlan().rows.filter(({ number }) => !kept.has(number));
}

/** Makes `plan` the imported plan and renames folders to its titles. Returns what was renamed. */
export function importPlan(tree: CaptureTree, plan: Plan, rename: boolean): Renaming[] {
  const done: Renaming[] = [];
  for (const renaming of rename ? renamings(tree, plan) : []) {
    const folder = join(tree.captures, renaming.path);
    const target = join(dirname(folder), renaming.name);
    // Two folders of one number cannot both take its title; the lint tells of them.
    if (existsSync(target)) continue;
    renameSync(folder, target);
    syncFolder(dirname(target));
    done.push(renaming);
  }
  const before = droppedRows(tree, plan).map(({ number }) => number);
  tree.writePlan(plan);
  for (const { number, path, name } of done) {
    const from = basename(path).slice(number.length + 1);
    const to = name.slice(number.length + 1);
    tree.record({ id: number, kind: "rename", from, to, by: "jd import" });
  }
  const dropped = before.length === 0 ? "" : `, without ${before.join(" ")}`;
  const to = `${plan.rows.length} rows${dropped}`;
  tree.record({ id: SYSTEM_JDEX, kind: "plan", from: null, to, by: "jd import" });
  tree.writeIndex();
  return done;
}

/** The tree as a plan again: what is planned and what was given away, without the system's own. */
export function exportPlan(entries: readonly JdexEntry[]): Plan {
  const rows = entries.flatMap(({ number, title, description, planned }) => {
    const isOwn = title === standardTitle(number) || title === UNTITLED;
    if (!planned && isOwn) return [];
    return [{ number: number.text, title: title === UNTITLED ? "" : title, description }];
  });
  return planOf(rows);
}
