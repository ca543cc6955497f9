/**
 * The pages of days: which of them say something else than before, and their views.
 *
 * Invariants: one more call changes the newest page of its day, and an older one only when a
 * part is full.
 */
import { join } from "node:path";
import type { DayName } from "../digest/day-digest.ts";
import { dayParts } from "../view/day-parts.ts";
import type { Title } from "../view/home.ts";
import type { DayView } from "../view/pages.ts";
import { addRow, emptyTotals } from "../view/totals.ts";
import { dropBeyond, languageFolders } from "./folders.ts";
import { dayKey } from "./manifest.ts";
import type { PageJob } from "./page-job.ts";
import { type PageInputs, titleOf, trailOf } from "./pages.ts";

interface DirtyDayPages extends DayName {
  /** Every page; those that say something else than before; the newest, for its links. */
  readonly which: "all" | "changed" | "newest";
}

/** Dirty days, and the days beside one that came or went: their links to it change. */
export function dirtyDays({ tree, manifest, before, dirty }: PageInputs): Iterable<DirtyDayPages> {
  const pages = new Map<string, DirtyDayPages>();
  const add = (at: DayName, which: DirtyDayPages["which"]): void => {
    const key = dayKey(at.number, at.day);
    if (!pages.has(key)) pages.set(key, { number: at.number, day: at.day, which });
  };
  for (const at of dirty.again) add(at, "all");
  for (const at of [...dirty.dirty, ...dirty.repaged]) add(at, "changed");
  for (const { number, day } of [...dirty.dirty, ...dirty.gone]) {
    const key = dayKey(number, day);
    if (manifest.days[key] !== undefined && before.days[key] !== undefined) continue;
    const all = tree.days(number).map((entry) => entry.day);
    const beside = [all.findLast((other) => other < day), all.find((other) => other > day)];
    for (const other of beside) if (other !== undefined) add({ number, day: other }, "newest");
  }
  return pages.values();
}

/** The pages of a day; those that it had and has no more are removed. */
export function dayJobs(
  inputs: PageInputs,
  titles: readonly Title[],
  { number, day, which }: DirtyDayPages,
): PageJob[] {
  const { digests, manifest, before, out } = inputs;
  const key = dayKey(number, day);
  const parts = dayParts(digests.get({ number, day })?.rows ?? []);
  for (const language of languageFolders(inputs)) {
    dropBeyond(join(out, language, number, day), parts.length - 1);
  }
  const [now, was] = [manifest.days[key]?.parts ?? [], before.days[key]?.parts ?? []];
  const isDirty = (index: number): boolean =>
    index === 0 || which === "all" || (which === "changed" && now[index] !== was[index]);
  return parts.flatMap(({ folder }, index) =>
    isDirty(index)
      ? {
          kind: "day" as const,
          path: `${number}/${day}/${folder}`,
          params: { number, day, page: folder === "" ? undefined : folder.slice(0, -1) },
          view: () => dayView(inputs, titles, number, day, index),
        }
      : [],
  );
}

/** Newest call first: the newest page is what a reader of today wants. */
function dayView(
  { tree, digests }: PageInputs,
  titles: readonly Title[],
  number: string,
  day: string,
  index: number,
): DayView {
  const all = digests.get({ number, day })?.rows ?? [];
  const { folder, newer, older, from, rows } = dayParts(all)[index]!;
  const totals = emptyTotals();
  for (const row of all) addRow(totals, row);
  const days = tree.days(number).map((entry) => entry.day);
  const isNewest = folder === "";
  return {
    kind: "day",
    number,
    title: titleOf(titles, number),
    trail: [...trailOf(titles, number), { number, title: titleOf(titles, number) }],
    day,
    newer,
    older,
    from: from + 1,
    to: from + rows.length,
    // An older page stays as it is: what changes with every call stands on the newest alone.
    totals: isNewest ? totals : null,
    rows: rows.toReversed(),
    ms_max: Math.max(1, ...rows.map((row) => row.total_ms ?? 0)),
    earlierDay: isNewest ? (days.findLast((other) => other < day) ?? null) : null,
    laterDay: isNewest ? (days.find((other) => other > day) ?? null) : null,
  };
}
