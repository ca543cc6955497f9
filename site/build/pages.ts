/**
 * Which pages follow from the dirty days: the days themselves, the conversations seen on them, the
 * numbers above them, and the few pages that sum everything up.
 *
 * Invariants: the number of pages depends on what changed, not on the history.
 */

import { parseNumber, SYSTEM_JDEX } from "../../record/johnny-decimal/numbers.ts";
import type { Plan } from "../../record/johnny-decimal/plan.ts";
import { CaptureTree } from "../../record/johnny-decimal/tree.ts";
import { isUnfiled, readUnfiled, type Unfiled } from "../../record/johnny-decimal/unfiled.ts";
import type { Tree } from "../../record/reader/tree.ts";
import type { DayDigest, DigestStore } from "../digest/day-digest.ts";
import type { ExchangeSource } from "../digest/exchange-source.ts";
import { talkOf, talkRow } from "../digest/talk.ts";
import { calendarView, trendView } from "../view/charts.ts";
import {
  dayFigures,
  inboxOfTree,
  isWithin,
  modelRows,
  ruleCounts,
  sumOf,
  type Title,
  treeRows,
} from "../view/home.ts";
import type { FindingRow, HomeView, NumberView, TalkRow } from "../view/pages.ts";
import type { Row } from "../view/rows.ts";
import { conversationJobs } from "./conversation-jobs.ts";
import { dayJobs, dirtyDays } from "./day-pages.ts";
import type { DayEntry, DirtySet, Manifest } from "./manifest.ts";
import type { PageJob } from "./page-job.ts";
import type { Share } from "./tasks.ts";

/** Half a year: more would not be legible on a phone. */
const WEEKS = 26;

export interface TalkInputs {
  /** The published folder. */
  readonly out: string;
  readonly tree: Tree;
  readonly source: ExchangeSource;
  readonly digests: DigestStore;
  readonly languages: readonly string[];
  /** What the configuration plans of the tree. */
  readonly plan?: Plan | undefined;
}

export interface PageInputs extends TalkInputs {
  /** The index as it will be when this build is done, and as it was before. */
  readonly manifest: Manifest;
  readonly before: Manifest;
  readonly dirty: DirtySet;
  readonly all: boolean;
  /** Conversations whose pages change, those that are no longer there too. */
  readonly changed: readonly string[];
  /** Conversations whose pages are there already. */
  readonly done: readonly string[];
  readonly share: Share;
}

/** The jobs of this share: see tasks.ts. */
export function* pageJobs(inputs: PageInputs): Generator<PageJob> {
  const titles = titlesOf(inputs);
  const { index, of } = inputs.share;
  let n = 0;
  for (const job of summaryJobs(inputs, titles)) {
    if (n % of === index) yield job;
    n += 1;
  }
  yield* conversationJobs(inputs, titles);
}

function* summaryJobs(inputs: PageInputs, titles: readonly Title[]): Generator<PageJob> {
  const days = Object.values(inputs.manifest.days).sort((a, b) =>
    a.day === b.day ? (a.number < b.number ? -1 : 1) : a.day < b.day ? -1 : 1,
  );
  yield* [
    { kind: "home", path: "", params: {}, view: () => homeView(inputs, days, titles) },
    {
      kind: "jdex",
      path: "jdex/",
      params: {},
      view: () => ({ kind: "jdex", tree: treeRows(titles, days) }),
    },
    {
      kind: "models",
      path: "models/",
      params: {},
      view: () => ({ kind: "models", models: modelRows(days) }),
    },
    {
      kind: "problems",
      path: "problems/",
      params: {},
      view: () => ({
        kind: "problems",
        kinds: ruleCounts(days),
        findings: newestFindings(inputs, days, 200),
      }),
    },
  ] satisfies PageJob[];
  if (inputs.all) {
    yield { kind: "search", path: "search/", params: {}, view: () => ({ kind: "search" }) };
    yield { kind: "diff", path: "diff/", params: {}, view: () => ({ kind: "diff" }) };
  }
  for (const number of dirtyNumbers(inputs, titles)) {
    yield {
      kind: "number",
      path: `${number}/`,
      params: { number },
      view: () => numberView(inputs, days, titles, number),
    };
  }
  for (const dirtyDay of dirtyDays(inputs)) yield* dayJobs(inputs, titles, dirtyDay);
}

/**
 * Areas, categories and IDs: those on disk, those that the index still knows, and those that are
 * planned but not written yet; and every `+name` folder that has a day.
 */
export function titlesOf({ tree, plan }: Pick<PageInputs, "tree" | "plan">): Title[] {
  const index = new CaptureTree({ captures: tree.captures, ...(plan && { plan }) });
  const titles = new Map<string, Title>();
  for (const { number, title, description } of index.entries()) {
    titles.set(number.text, { number: number.text, title, description });
  }
  for (const { number, title } of tree.streams()) {
    if (!titles.has(number)) titles.set(number, { number, title: title ?? "", description: "" });
  }
  return [...titles.values()];
}

/** What the recorders of a tree say of calls that are not in it. */
export function unfiledOf(captures: string): Unfiled[] {
  return readUnfiled(new CaptureTree({ captures }).find(SYSTEM_JDEX)).filter(isUnfiled);
}

export function trailOf(
  titles: readonly Title[],
  number: string,
): { number: string; title: string }[] {
  const parsed = parseNumber(number);
  return [parsed?.area, parsed?.category, parsed?.id]
    .filter((above): above is string => typeof above === "string" && above !== number)
    .map((above) => ({ number: above, title: titleOf(titles, above) }));
}

export function titleOf(titles: readonly Title[], number: string): string {
  return titles.find((title) => title.number === number)?.title ?? "";
}

function dirtyNumbers({ dirty, all }: PageInputs, titles: readonly Title[]): string[] {
  if (all) return titles.map(({ number }) => number);
  const numbers = new Set<string>();
  const named = new Set(titles.map(({ number }) => number));
  const renamed = dirty.retitled.filter((number) => named.has(number));
  // A title stands on the pages below it and on those above.
  for (const { number } of titles) {
    if (renamed.some((other) => isWithin(number, other))) numbers.add(number);
  }
  const changed = [...dirty.dirty, ...dirty.gone].map(({ number }) => number);
  for (const number of [...changed, ...dirty.retitled]) {
    const parsed = parseNumber(number);
    for (const above of [parsed?.area, parsed?.category, parsed?.id, parsed?.text]) {
      if (above && named.has(above)) numbers.add(above);
    }
  }
  return [...numbers];
}

function homeView(
  inputs: PageInputs,
  days: readonly DayEntry[],
  titles: readonly Title[],
): HomeView {
  const wrong: Row[] = [];
  for (const digest of newestDigests(inputs, days, 12)) {
    wrong.push(...digest.rows.filter((row) => !row.ok || row.served !== null));
  }
  const findings = newestOfEachRule(newestFindings(inputs, days, 200), 2, 8);
  wrong.sort((a, b) => (a.id < b.id ? 1 : -1));
  return {
    kind: "home",
    newestCall: newestCall(inputs, days),
    unfiled: unfiledOf(inputs.tree.captures),
    totals: sumOf(days),
    conversations: days.reduce((sum, day) => sum + day.conversations, 0),
    calendar: calendarView(dayFigures(days), WEEKS),
    tree: treeRows(titles, days).filter(({ totals }) => totals.calls > 0),
    inbox: inboxOfTree(days),
    newest: newestTalks(inputs, days, 12),
    // A finding says it better than its row.
    wrong: wrong.filter((row) => !findings.some(({ exchange }) => exchange === row.id)).slice(0, 6),
    findings,
    findingsAll: ruleCounts(days).reduce((sum, { n }) => sum + n, 0),
  };
}

function newestCall(inputs: PageInputs, days: readonly DayEntry[]): string | null {
  const last = days.at(-1)?.day;
  const newest = newestDigests(
    inputs,
    days.filter(({ day }) => day === last),
    days.length,
  );
  return (
    [...newest]
      .flatMap(({ rows }) => rows.at(-1)?.started ?? [])
      .sort()
      .at(-1) ?? null
  );
}

/** Newest first, but no rule more than a few times: a burst of one must not hide the others. */
function newestOfEachRule(
  findings: readonly FindingRow[],
  mostOfRule: number,
  most: number,
): FindingRow[] {
  const seen = new Map<string, number>();
  return findings
    .filter(({ rule, severity }) => {
      const n = (seen.get(rule) ?? 0) + 1;
      seen.set(rule, n);
      return severity !== "notice" && n <= mostOfRule;
    })
    .slice(0, most);
}

function numberView(
  inputs: PageInputs,
  days: readonly DayEntry[],
  titles: readonly Title[],
  number: string,
): NumberView {
  const mine = days.filter((day) => isWithin(day.number, number));
  const own = mine.filter((day) => day.number === number);
  const figures = dayFigures(mine);
  const tree = treeRows(
    titles.filter((title) => isWithin(title.number, number)),
    mine,
  );
  return {
    kind: "number",
    number,
    title: titleOf(titles, number),
    description: titles.find((title) => title.number === number)?.description ?? "",
    trail: trailOf(titles, number),
    totals: sumOf(mine),
    conversations: mine.reduce((sum, day) => sum + day.conversations, 0),
    calendar: calendarView(figures, WEEKS),
    trend: trendView(figures, 120),
    children: tree.filter((row) => row.number !== number && isWithin(row.number, number)),
    days: own
      .map(({ day, totals }) => ({ day, totals }))
      .reverse()
      .slice(0, 366),
    models: modelRows(mine),
    talks: newestTalks(inputs, mine, 30),
  };
}

function* newestDigests(
  { digests }: PageInputs,
  days: readonly DayEntry[],
  most: number,
): Generator<DayDigest> {
  for (const { number, day } of days.slice(-most).reverse()) {
    const digest = digests.get({ number, day });
    if (digest) yield digest;
  }
}

function newestTalks(inputs: PageInputs, days: readonly DayEntry[], most: number): TalkRow[] {
  const talks = new Map<string, TalkRow>();
  for (const digest of newestDigests(inputs, days, 30)) {
    for (const { conversation } of digest.placed.toReversed()) {
      if (talks.has(conversation)) continue;
      const talk = talkOf(inputs.digests, conversation);
      if (talk) talks.set(conversation, talkRow(talk));
      if (talks.size >= most * 2) break;
    }
    if (talks.size >= most * 2) break;
  }
  return [...talks.values()].sort((a, b) => (a.ended < b.ended ? 1 : -1)).slice(0, most);
}

function newestFindings(inputs: PageInputs, days: readonly DayEntry[], most: number): FindingRow[] {
  const found: FindingRow[] = [];
  for (const digest of newestDigests(inputs, days, 30)) {
    found.push(...digest.findings);
    if (found.length > most * 4) break;
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, most);
}
