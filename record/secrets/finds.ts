/**
 * Finds: where secrets lie in a text and what takes their place; overlapping ones are made one.
 *
 * Invariants: merged finds are in order, apart, and cover every byte that any of them covers;
 * of two that overlap the better rank gives the name.
 */
import { LIMITS } from "../limits.ts";

/** Bytes from `start` to `end` hold `secret` (decoded) by `rule`; `text` makes the replacement. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  readonly secret: string;
  /** Lower wins where two overlap. */
  readonly rank: number;
  readonly text: (marker: string) => string;
  /** How often this counts; 1 where it is not given and `text` gives something. */
  readonly hits?: number;
}

export const plainText = (marker: string): string => marker;

/** Overlapping finds become one that spans them all, named by the one of the best rank. */
export function mergeOverlaps(found: readonly Found[]): Found[] {
  if (found.length < 2) return [...found];
  const sorted = [...found].sort((a, b) => a.start - b.start || b.end - a.end || a.rank - b.rank);
  const merged: Found[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last === undefined || next.start >= last.end) {
      merged.push(next);
      continue;
    }
    const best = next.rank < last.rank ? next : last;
    const end = Math.max(last.end, next.end);
    const same = best.start === last.start && best.end === end;
    // Two base64 runs that overlap cannot be re-encoded apart: the plain marker stands for both.
    merged[merged.length - 1] = {
      ...best,
      start: last.start,
      end,
      text: same ? best.text : plainText,
    };
  }
  return merged;
}

/**
 * The same places in at most half of LIMITS.redactionFindsCount finds, where there are more: those
 * that are closest to each other are hidden together with what lies between them.
 */
export function withinBudget(found: readonly Found[]): Found[] {
  let fewer = mergeOverlaps(found);
  while (fewer.length > LIMITS.redactionFindsCount / 2) fewer = joinNearest(fewer);
  return fewer;
}

function joinNearest(found: readonly Found[]): Found[] {
  const gaps = found.slice(1).map(({ start }, i) => start - (found[i]?.end ?? 0));
  const near = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
  const joined: Found[] = [];
  for (const next of found) {
    const last = joined.at(-1);
    if (last === undefined || next.start - last.end > near) joined.push(next);
    else {
      const hits = (last.hits ?? 1) + (next.hits ?? 1);
      joined[joined.length - 1] = { ...last, end: next.end, text: plainText, hits };
    }
  }
  return joined;
}
