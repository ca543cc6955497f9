/**
 * The comparison of a turn with the one before it, which its findings and its page both need.
 *
 * What always holds: the same as diffRequests gives; remembered for as long as the later request is
 * at hand.
 */
import type { NormalRequest } from "../../record/dialects/normal.ts";
import type { DiffSide, RequestDiff } from "../../record/diff/model.ts";
import { diffRequests } from "../../record/diff.ts";

const known = new WeakMap<NormalRequest, RequestDiff>();

/** What differs from `before` to `after`. */
export function diffOf(before: DiffSide, after: DiffSide): RequestDiff {
  const seen = known.get(after.request);
  // One that could not be read shares an empty request with others.
  if (seen?.before.id === before.id && seen.after.id === after.id) return seen;
  const diff = diffRequests(before, after);
  known.set(after.request, diff);
  return diff;
}
