/**
 * Views that are sums over the index of days and the newest digests: the overview, numbers, models,
 * problems, the index. Pure.
 */
import { compareNumbers, parseNumber, reservedRole } from "../../record/johnny-decimal/numbers.ts";
import type { DayEntry } from "../build/manifest.ts";
import type { DayFigure } from "./charts.ts";
import type { ModelRow, TreeRow } from "./pages.ts";
import { add, emptyTotals, type Totals } from "./totals.ts";

/** A number with its title, as the tree has it. */
export interface Title {
  readonly number: string;
  readonly title: string;
  readonly description: string;
}

/** True where `number` is `above` or lies below it. */
export function isWithin(number: string, above: string): boolean {
  const parsed = parseNumber(number);
  if (!parsed) return number === above;
  return [parsed.text, parsed.id, parsed.category, parsed.area].includes(above);
}

export function sumOf(days: readonly DayEntry[]): Totals {
  const totals = emptyTotals();
  for (const day of days) add(totals, day.totals);
  return totals;
}

/** The tree with counts: every number that has a title or a day, in index order. */
export function treeRows(titles: readonly Title[], days: readonly DayEntry[]): TreeRow[] {
  const rows = new Map<string, { totals: Totals; bytes: number; lastDay: string | null }>();
  for (const { number } of titles)
    rows.set(number, { totals: emptyTotals(), bytes: 0, lastDay: null });
  for (const entry of days) {
    const parsed = parseNumber(entry.number);
    for (const number of new Set([parsed?.area, parsed?.category, parsed?.id, parsed?.text])) {
      if (!number) continue;
      const row = rows.get(number) ?? { totals: emptyTotals(), bytes: 0, lastDay: null };
      rows.set(number, row);
      add(row.totals, entry.totals);
      row.bytes += entry.bytes;
      if (row.lastDay === null || entry.day > row.lastDay) row.lastDay = entry.day;
    }
  }
  const byNumber = new Map(titles.map((title) => [title.number, title]));
  return [...rows]
    .sort(([a], [b]) => compareNumbers(a, b))
    .map(([number, row]) => ({
      number,
      title: byNumber.get(number)?.title ?? "",
      description: byNumber.get(number)?.description ?? "",
      depth: depthOf(number),
      ...row,
    }));
}

/** Days summed over streams, oldest first. */
export function dayFigures(days: readonly DayEntry[]): DayFigure[] {
  const byDay = new Map<string, Totals>();
  for (const { day, totals } of days) {
    const sum = byDay.get(day) ?? emptyTotals();
    byDay.set(day, sum);
    add(sum, totals);
  }
  return [...byDay].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, totals]) => ({ day, totals }));
}

/** By model and upstream, most calls first. */
export function modelRows(days: readonly DayEntry[]): ModelRow[] {
  const rows = new Map<string, Totals>();
  for (const { models } of days) {
    for (const [key, totals] of Object.entries(models)) {
      const sum = rows.get(key) ?? emptyTotals();
      rows.set(key, sum);
      add(sum, totals);
    }
  }
  return [...rows]
    .map(([key, totals]) => {
      const [model = "", upstream = ""] = key.split("\n");
      return { model, upstream: upstream || null, totals };
    })
    .sort((a, b) => b.totals.calls - a.totals.calls);
}

/** Findings by rule, most first. */
export function ruleCounts(days: readonly DayEntry[]): { rule: string; n: number }[] {
  const counts = new Map<string, number>();
  for (const { findings } of days) {
    for (const [rule, n] of Object.entries(findings)) counts.set(rule, (counts.get(rule) ?? 0) + n);
  }
  return [...counts].map(([rule, n]) => ({ rule, n })).sort((a, b) => b.n - a.n);
}

/** Calls that lie in inboxes, and the inbox with most of them. */
export function inboxOfTree(days: readonly DayEntry[]): { number: string; calls: number } | null {
  const byInbox = new Map<string, number>();
  for (const { number, totals } of days) {
    if (parseNumber(number)?.level !== "id" || reservedRole(number) !== "inbox") continue;
    byInbox.set(number, (byInbox.get(number) ?? 0) + totals.calls);
  }
  const fullest = [...byInbox].sort((a, b) => b[1] - a[1])[0];
  if (!fullest) return null;
  return { number: fullest[0], calls: [...byInbox.values()].reduce((sum, n) => sum + n, 0) };
}

function depthOf(number: string): 0 | 1 | 2 {
  const level = parseNumber(number)?.level;
  return level === "area" ? 0 : level === "category" ? 1 : 2;
}
