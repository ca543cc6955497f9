/**
 * The plan of the tree: which numbers are meant to be there, under which titles. It comes from the
 * configuration (`tree:`) and from an imported table; what is on disk is laid over it in
 * jdex-entries.ts.
 *
 * What always holds: rows are in the order of their numbers, one row a number, titles and
 * descriptions are exactly what their author wrote. A plan creates no folder.
 */
import { compareNumbers, type JdNumber, parseNumber } from "./numbers.ts";

export interface PlanRow {
  readonly number: string;
  readonly title: string;
  /** Empty where nobody wrote one. */
  readonly description: string;
}

export interface Plan {
  readonly rows: readonly PlanRow[];
}

export const EMPTY_PLAN: Plan = { rows: [] };

/** The part of the configuration's tree that a plan is made of (rules are not its business). */
export interface PlannedTree {
  readonly areas: readonly {
    readonly number: string;
    readonly title: string;
    readonly categories: readonly {
      readonly number: string;
      readonly title: string;
      readonly ids: readonly { readonly number: string; readonly title: string }[];
    }[];
  }[];
}

/** A plan of these rows, sorted. Where a number comes twice the first row stays. */
export function planOf(rows: Iterable<PlanRow>): Plan {
  const byNumber = new Map<string, PlanRow>();
  for (const row of rows) if (!byNumber.has(row.number)) byNumber.set(row.number, row);
  return { rows: [...byNumber.values()].sort((a, b) => compareNumbers(a.number, b.number)) };
}

export function planFromConfig(tree: PlannedTree): Plan {
  const rows = tree.areas.flatMap((area) => [
    area,
    ...area.categories.flatMap((category) => [category, ...category.ids]),
  ]);
  return planOf(rows.map(({ number, title }) => ({ number, title, description: "" })));
}

/** Both plans as one: a title of `first` wins, a description comes from whichever has one. */
export function mergePlans(first: Plan, second: Plan): Plan {
  const byNumber = new Map(second.rows.map((row) => [row.number, row]));
  for (const row of first.rows) {
    const other = byNumber.get(row.number);
    byNumber.set(row.number, {
      number: row.number,
      title: row.title || (other?.title ?? ""),
      description: row.description || (other?.description ?? ""),
    });
  }
  return planOf(byNumber.values());
}

/** The planned title of a number, or null. */
export function plannedTitle(plan: Plan, number: string): string | null {
  return plan.rows.find((row) => row.number === number)?.title || null;
}

/** Parents that rows imply but no row names: categories without an area row, IDs without theirs. */
export function missingParents(plan: Plan): JdNumber[] {
  const known = new Set(plan.rows.map((row) => row.number));
  const missing = new Map<string, JdNumber>();
  for (const row of plan.rows) {
    const number = parseNumber(row.number);
    for (const parent of [number?.area, number?.category]) {
      if (parent != null && !known.has(parent)) missing.set(parent, parseNumber(parent)!);
    }
  }
  return [...missing.values()];
}
