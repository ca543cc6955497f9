/**
 * Groups exchanges into conversations, one exchange at a time, in order of start.
 *
 * What always holds: a placement is final: later exchanges never rename or move an earlier one. The
 * id of a conversation is that of the client's session where it names one, else of its first
 * exchange. What is kept for matching is bounded by LIMITS.conversationRestMs of traffic, so a new
 * day costs the same however many old days there are; the same exchanges in the same order give the
 * same placements whether the index was saved and loaded in between or not.
 * It must never look at a body: facts are all it knows.
 */

import { HotStore, type Snapshot } from "./conversation/hot-store.ts";
import { Matcher } from "./conversation/matcher.ts";
import type { ExchangeFacts, Placement } from "./conversation/model.ts";

export class ConversationIndex {
  readonly #store: HotStore;
  readonly #matcher: Matcher;

  /** @param snapshot what `snapshot()` gave, parsed; omitted: an empty index */
  constructor(snapshot?: Snapshot) {
    this.#store = new HotStore(snapshot);
    this.#matcher = new Matcher(this.#store);
  }

  /** Places one exchange. Call in order of `started`; a late one is placed as well as can be. */
  add(facts: ExchangeFacts): Placement {
    this.#store.forget(Date.parse(facts.started));
    const known = this.#store.node(facts.id);
    if (known) return known.placement;
    return this.#matcher.place(facts);
  }

  /** The index as plain data for JSON, to go on with tomorrow. */
  snapshot(): Snapshot {
    return this.#store.snapshot();
  }
}

/** Places all of them, in order of start; for whole sets that fit in memory. */
export function placeAll(all: readonly ExchangeFacts[]): Placement[] {
  const index = new ConversationIndex();
  return [...all].sort(byStart).map((facts) => index.add(facts));
}

/** Order of start, then of id: the order in which an index wants its exchanges. */
export function byStart(
  a: { readonly started: string; readonly id: string },
  b: { readonly started: string; readonly id: string },
): number {
  if (a.started !== b.started) return a.started < b.started ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
