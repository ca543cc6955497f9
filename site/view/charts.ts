/**
 * Geometry of the inline charts: a calendar of days and a bar chart over time. Pure arithmetic in
 * user units of the SVG; colours are classes, words are the template's.
 *
 * What always holds: a chart of nothing is an empty chart, a day is drawn once, and at most
 * `weeksMax` weeks are drawn however long the history is.
 */
import type { Totals } from "./totals.ts";

export interface DayFigure {
  readonly day: string;
  readonly totals: Totals;
}

export interface CalendarCell {
  readonly day: string;
  readonly x: number;
  readonly y: number;
  /** 0 for no call, then 1 to 4. */
  readonly level: number;
  readonly calls: number;
  readonly errors: number;
}

export interface CalendarView {
  readonly width: number;
  readonly height: number;
  readonly cells: readonly CalendarCell[];
  readonly months: readonly { readonly x: number; readonly label: string }[];
}

export interface TrendBar {
  readonly day: string;
  readonly x: number;
  readonly width: number;
  readonly height: number;
  readonly errorHeight: number;
  readonly calls: number;
  readonly errors: number;
}

export interface TrendView {
  readonly width: number;
  readonly height: number;
  readonly bars: readonly TrendBar[];
  readonly max: number;
  readonly first: string | null;
  readonly last: string | null;
}

const CELL = 11;
/** Room that a year and its month take above the weeks. */
const LABEL = 38;
const DAY_MS = 86_400_000;

/** Weeks run downwards from Monday, months stand above the week they begin in. */
export function calendarView(days: readonly DayFigure[], weeksMax: number): CalendarView {
  const byDay = new Map(days.map((figure) => [figure.day, figure.totals]));
  const last = latest(days);
  if (last === null) return { width: CELL, height: CELL, cells: [], months: [] };
  const end = Date.parse(last);
  const first = Math.min(...days.map((figure) => Date.parse(figure.day)));
  const wanted = Math.floor((mondayOf(end) - mondayOf(first)) / (7 * DAY_MS)) + 1;
  const weeks = Math.min(weeksMax, Math.max(18, wanted));
  const start = mondayOf(end) - (weeks - 1) * 7 * DAY_MS;
  const max = Math.max(1, ...days.map((figure) => figure.totals.calls));
  const cells: CalendarCell[] = [];
  const months: { x: number; label: string }[] = [];
  for (let at = start; at <= end; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    const index = Math.round((at - start) / DAY_MS);
    const x = Math.floor(index / 7) * CELL;
    const totals = byDay.get(day);
    const calls = totals?.calls ?? 0;
    const level =
      calls === 0 ? 0 : 1 + Math.min(3, Math.floor((4 * Math.sqrt(calls)) / Math.sqrt(max + 1)));
    cells.push({ day, x, y: 12 + (index % 7) * CELL, level, calls, errors: totals?.errors ?? 0 });
    if (day.endsWith("-01") || at === start) {
      const before = months.at(-1);
      if (before && x - before.x < (before.label.length > 2 ? LABEL : 2 * CELL)) months.pop();
      const isNamed = months.length > 0 && !day.startsWith("01", 5);
      months.push({ x, label: isNamed ? day.slice(5, 7) : day.slice(0, 7) });
    }
  }
  const width = weeks * CELL;
  const newest = months.at(-1);
  if (newest && newest.label.length > 2) newest.x = Math.min(newest.x, width - LABEL);
  return { width, height: 12 + 7 * CELL, cells, months };
}

/** One bar a day, the newest `barsMax` days that have calls. */
export function trendView(days: readonly DayFigure[], barsMax: number): TrendView {
  const newest = [...days].sort((a, b) => (a.day < b.day ? -1 : 1)).slice(-barsMax);
  const width = 640;
  const height = 90;
  const max = Math.max(1, ...newest.map((figure) => figure.totals.calls));
  const step = Math.min(40, width / Math.max(1, newest.length));
  const bars = newest.map(({ day, totals }, index) => ({
    day,
    x: round(index * step),
    width: round(Math.max(1, step * 0.8)),
    height: round((totals.calls / max) * height),
    errorHeight: round((totals.errors / max) * height),
    calls: totals.calls,
    errors: totals.errors,
  }));
  return {
    width,
    height,
    bars,
    max: newest.length === 0 ? 0 : max,
    first: newest[0]?.day ?? null,
    last: newest.at(-1)?.day ?? null,
  };
}

function latest(days: readonly DayFigure[]): string | null {
  let last: string | null = null;
  for (const { day } of days) if (last === null || day > last) last = day;
  return last;
}

function mondayOf(ms: number): number {
  const weekday = (new Date(ms).getUTCDay() + 6) % 7;
  return ms - weekday * DAY_MS;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
