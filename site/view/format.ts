/**
 * Figures as people read them: counts, bytes, tokens, money, durations, times of day.
 *
 * Invariants: a figure that is not known is null in and an en dash out, never a zero; every
 * format keeps to the digits that carry meaning. The time zone and the language are passed in.
 */

/** What is shown where there is no figure. */
export const NONE = "–";

/** 1234567 → `1,234,567`. */
export function count(n: number | null | undefined): string {
  return n == null
    ? NONE
    : Math.round(n)
        .toString()
        .replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Tokens and calls where space is short: 950, 1.2k, 34k, 1.2M. */
export function short(n: number | null | undefined): string {
  if (n == null) return NONE;
  if (n < 1000) return String(Math.round(n));
  for (const [unit, size] of [
    ["k", 1e3],
    ["M", 1e6],
    ["G", 1e9],
    ["T", 1e12],
  ] as const) {
    const value = n / size;
    if (value < 9.95) return `${value.toFixed(1)}${unit}`;
    if (value < 999.5) return `${Math.round(value)}${unit}`;
  }
  return n.toExponential(1);
}

/** 212 B, 3.4 KB, 212 KB, 1.2 MB (powers of 1024). */
export function bytes(n: number | null | undefined): string {
  if (n == null) return NONE;
  if (n < 1024) return `${n} B`;
  for (const [unit, size] of [
    ["KB", 1024],
    ["MB", 1024 ** 2],
    ["GB", 1024 ** 3],
  ] as const) {
    const value = n / size;
    if (value < 9.95) return `${value.toFixed(1)} ${unit}`;
    if (value < 1023.5 || unit === "GB") return `${Math.round(value)} ${unit}`;
  }
  return NONE;
}

/** Dollars with as many digits as a single call needs: $0.00042, $0.013, $1.27, $1,204. */
export function dollars(usd: number | null | undefined): string {
  if (usd == null) return NONE;
  if (usd === 0) return "$0";
  if (usd >= 1000) return `$${count(usd)}`;
  if (usd >= 0.995) return `$${usd.toFixed(2)}`;
  if (usd < 1e-7) return "<$0.0000001";
  const digits = Math.min(8, 1 - Math.floor(Math.log10(usd)));
  return `$${usd.toFixed(digits)}`;
}

/** 812 ms, 3.4 s, 42 s, 2 m 05 s, 1 h 10 m. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return NONE;
  if (ms < 1) return "<1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`;
}

/** Share of the whole in per cent, whole numbers; null where the whole is unknown or nothing. */
export function percent(part: number | null | undefined, whole: number | null | undefined): string {
  if (part == null || !whole) return NONE;
  return `${Math.round((100 * part) / whole)}%`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();
/** Clocks are put forward and back at full quarters of an hour at most. */
const QUARTER_MS = 15 * 60 * 1000;
/** By quarter of an hour and time zone: how far its clock is ahead of UTC. */
const offsets = new Map<string, number>();
/** A page names an instant several times. */
const LATEST = 512;
const latest = new Map<string, { day: string; time: string }>();

/** Date and time of day in a time zone: `{ day: "2026-11-23", time: "17:04:09" }`. */
export function clock(instant: string, timezone: string): { day: string; time: string } {
  const name = `${instant} ${timezone}`;
  let known = latest.get(name);
  if (known === undefined) {
    known = clockOf(instant, timezone);
    if (latest.size >= LATEST) latest.clear();
    latest.set(name, known);
  }
  return known;
}

/** `17:04:09` on a page of the UTC day `day`, and `11-24 01:04:09` where that is another date there. */
export function timeOn(instant: string, timezone: string, day: string): string {
  const at = clock(instant, timezone);
  return at.day === day || at.day === NONE ? at.time : `${at.day.slice(5)} ${at.time}`;
}

function clockOf(instant: string, timezone: string): { day: string; time: string } {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) return { day: NONE, time: NONE };
  const quarter = ms - (ms % QUARTER_MS);
  const name = `${quarter} ${timezone}`;
  let offset = offsets.get(name);
  if (offset === undefined) {
    offset = offsetAt(quarter, timezone);
    if (offsets.size >= LATEST) offsets.clear();
    offsets.set(name, offset);
  }
  const shown = new Date(ms + offset).toISOString();
  return { day: shown.slice(0, 10), time: shown.slice(11, 19) };
}

/** Milliseconds that a zone's clock is ahead of UTC. */
function offsetAt(ms: number, timezone: string): number {
  let format = clocks.get(timezone);
  if (!format) {
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: timezone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    clocks.set(timezone, format);
  }
  // The format of Sweden is that of ISO 8601, but for the T.
  return Date.parse(`${format.format(ms).replace(" ", "T")}Z`) - ms;
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}
