/**
 * How much of one list of items another one still has: tells a rewritten or compacted history from
 * a branch.
 *
 * What always holds: pure, linear in both lists; items are matched in order.
 */
import type { Item } from "./model.ts";

export interface Overlap {
  /** Items of the earlier list found, in order, in the later one. */
  readonly shared: number;
  readonly sharedBytes: number;
  /** Length of the beginning that both have. */
  readonly prefix: number;
  /** Whether the last thing said to the model (not by it) is still there. */
  readonly tailKept: boolean;
}

/** What `later` kept of `earlier`. */
export function overlapOf(earlier: readonly Item[], later: readonly Item[]): Overlap {
  let prefix = 0;
  while (prefix < earlier.length && earlier[prefix]!.id === later[prefix]?.id) prefix++;
  const places = new Map<string, number[]>();
  for (let at = later.length - 1; at >= prefix; at--) {
    const list = places.get(later[at]!.id);
    if (list) list.push(at);
    else places.set(later[at]!.id, [at]);
  }
  let tail = earlier.length - 1;
  while (tail >= 0 && earlier[tail]!.role === "assistant") tail--;
  let shared = prefix;
  let sharedBytes = earlier.slice(0, prefix).reduce((sum, { bytes }) => sum + bytes, 0);
  let tailKept = tail < prefix;
  let from = prefix;
  for (let at = prefix; at < earlier.length; at++) {
    const open = places.get(earlier[at]!.id);
    while (open?.length && open.at(-1)! < from) open.pop();
    const found = open?.pop();
    if (found === undefined) continue;
    from = found + 1;
    shared++;
    sharedBytes += earlier[at]!.bytes;
    if (at === tail) tailKept = true;
  }
  return { shared, sharedBytes, prefix, tailKept };
}

/**
 * Whether `later` goes on from `earlier` with its history changed on the way: the newest thing said
 * to the model is still there, and enough else that this is no coincidence.
 */
export function continuesRewritten(
  earlier: readonly Item[],
  later: readonly Item[],
): Overlap | null {
  const overlap = overlapOf(earlier, later);
  if (!overlap.tailKept || overlap.shared === overlap.prefix) return null;
  if (overlap.shared < 2 || overlap.sharedBytes < TELLING_BYTES) return null;
  return overlap;
}

/** Shared text below this may be chance ("ok", "continue", an empty result). */
const TELLING_BYTES = 64;
