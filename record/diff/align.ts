/**
 * Aligns two lists of identities: what stands in both, in order.
 *
 * What always holds: equal beginnings and ends cost nothing; effort between them is bounded by
 * LIMITS.diffEdits, past which nothing more is paired.
 */
import { diffArrays } from "diff";
import { LIMITS } from "../limits.ts";
import type { Pair } from "./model.ts";

/** Pairs of equal entries, rising on both sides. */
export function alignLists(before: readonly string[], after: readonly string[]): Pair[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const pairs: Pair[] = [];
  for (let i = 0; i < start; i++) pairs.push({ before: i, after: i });
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  const runs =
    a.length === 0 || b.length === 0
      ? []
      : (diffArrays(a, b, { maxEditLength: LIMITS.diffEdits }) ?? []);
  let [i, j] = [start, start];
  for (const { added, removed, value } of runs) {
    if (added) j += value.length;
    else if (removed) i += value.length;
    else for (const _ of value) pairs.push({ before: i++, after: j++ });
  }
  for (let k = end; k > 0; k--) {
    pairs.push({ before: before.length - k, after: after.length - k });
  }
  return pairs;
}
