/**
 * What each kind of page shows, as plain types: the contract between what is read from captures
 * and what the templates place. Templates get one of these and nothing else.
 */
import type { Severity, Text } from "../../record/findings/model.ts";
import type { Unfiled } from "../../record/johnny-decimal/unfiled.ts";
import type { CalendarView, TrendView } from "./charts.ts";
import type { ConversationView } from "./conversation.ts";
import type { Row } from "./rows.ts";
import type { Totals } from "./totals.ts";

/** A line of the tree: an area, a category or an ID. */
export interface TreeRow {
  readonly number: string;
  readonly title: string;
  readonly description: string;
  readonly depth: 0 | 1 | 2;
  readonly totals: Totals;
  readonly bytes: number;
  readonly lastDay: string | null;
}

/** A conversation in a list. */
export interface TalkRow {
  readonly id: string;
  readonly number: string;
  /** First words of the first message that is not the system's. */
  readonly words: string;
  readonly client: string | null;
  readonly models: readonly string[];
  readonly started: string;
  readonly ended: string;
  readonly turns: number;
  readonly errors: number;
  readonly cost: number | null;
  readonly findings: number;
}

export interface FindingRow {
  readonly rule: string;
  readonly severity: Severity;
  /** In each language of the interface. */
  readonly text: Text;
  readonly exchange: string;
  readonly conversation: string;
  readonly page: number;
  /** Which turn of its conversation it is about, from 1. */
  readonly turn: number;
  /** What the link names: its evidence's place within the turn, or "" for the turn itself. */
  readonly anchor: string;
  readonly at: string;
  readonly number: string;
}

export interface ModelRow {
  readonly model: string;
  readonly upstream: string | null;
  readonly totals: Totals;
}

export interface DayRow {
  readonly day: string;
  readonly totals: Totals;
}

export interface HomeView {
  readonly kind: "home";
  /** When the newest call began; null where there is none. */
  readonly newestCall: string | null;
  /** What recorders say of calls that are not in the tree; empty where it is complete. */
  readonly unfiled: readonly Unfiled[];
  readonly totals: Totals;
  readonly conversations: number;
  readonly calendar: CalendarView;
  readonly tree: readonly TreeRow[];
  readonly inbox: { readonly number: string; readonly calls: number } | null;
  readonly newest: readonly TalkRow[];
  readonly wrong: readonly Row[];
  readonly findings: readonly FindingRow[];
  /** Findings of all days, of which `findings` are the newest of each kind. */
  readonly findingsAll: number;
}

export interface NumberView {
  readonly kind: "number";
  readonly number: string;
  readonly title: string;
  readonly description: string;
  readonly trail: readonly { readonly number: string; readonly title: string }[];
  readonly totals: Totals;
  readonly conversations: number;
  readonly calendar: CalendarView;
  readonly trend: TrendView;
  readonly children: readonly TreeRow[];
  /** Newest first; only of an ID. */
  readonly days: readonly DayRow[];
  readonly models: readonly ModelRow[];
  readonly talks: readonly TalkRow[];
}

export interface DayView {
  readonly kind: "day";
  readonly number: string;
  readonly title: string;
  readonly trail: readonly { readonly number: string; readonly title: string }[];
  readonly day: string;
  /** Folders below the day's of the pages beside it; "" for the newest, null where there is none. */
  readonly newer: string | null;
  readonly older: string | null;
  /** Which calls of the day stand on it, from 1. */
  readonly from: number;
  readonly to: number;
  /** Of the whole day; null on an older page. */
  readonly totals: Totals | null;
  /** Newest first. */
  readonly rows: readonly Row[];
  /** Longest call on the page: the full width of the waterfall. */
  readonly ms_max: number;
  readonly earlierDay: string | null;
  readonly laterDay: string | null;
}

export interface ModelsView {
  readonly kind: "models";
  readonly models: readonly ModelRow[];
}

export interface ProblemsView {
  readonly kind: "problems";
  readonly kinds: readonly { readonly rule: string; readonly n: number }[];
  readonly findings: readonly FindingRow[];
}

export interface JdexView {
  readonly kind: "jdex";
  readonly tree: readonly TreeRow[];
}

export interface SearchView {
  readonly kind: "search";
}

export interface DiffView {
  readonly kind: "diff";
}

export type PageView =
  | HomeView
  | NumberView
  | DayView
  | ConversationView
  | ModelsView
  | ProblemsView
  | JdexView
  | SearchView
  | DiffView;
