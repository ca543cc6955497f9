/**
 * What the rules of record/findings get to see of a turn: the turn it follows, the line of turns
 * before that as far as it is at hand, and its repeats.
 *
 * What always holds: only the latest turns of a line and the latest lines are kept, so memory does
 * not grow with the length of a session; a rule then sees less of the past, never something else.
 */
import type { Placement } from "../../record/conversation/model.ts";
import type { ExchangeView } from "../../record/conversation/view.ts";
import type { Finding, TurnView } from "../../record/findings/model.ts";
import { findingsOf, turnOf } from "../../record/findings.ts";
import { diffOf } from "./diff-of.ts";

const PAST_TURNS = 24;
const KEPT_LINES = 48;
const KEPT_BODIES = 256;

export class Scenes {
  /** By exchange: the line of turns that ends with it. */
  readonly #lines = new Map<string, readonly TurnView[]>();
  readonly #bodies = new Map<string, readonly TurnView[]>();

  /** What stands out in an exchange; `parent` is the exchange it follows, where it is known. */
  findings(
    view: ExchangeView,
    placement: Placement,
    parent: { readonly view: ExchangeView; readonly placement: Placement } | null,
  ): Finding[] {
    const turn = turnOf(view, placement);
    const past = parent ? this.#line(parent.view, parent.placement) : [];
    const before = past.at(-1) ?? null;
    const body = view.line.request.body?.sha256;
    const key = body && placement.conversation ? `${placement.conversation} ${body}` : null;
    const repeats = key === null ? [] : (this.#bodies.get(key) ?? []);
    keep(this.#lines, turn.id, [...past, turn].slice(-PAST_TURNS), KEPT_LINES);
    if (key !== null) keep(this.#bodies, key, [...repeats, turn].slice(-PAST_TURNS), KEPT_BODIES);
    const diff = before === null ? null : diffOf(before, turn);
    return findingsOf({ turn, before, past, repeats, diff });
  }

  #line(view: ExchangeView, placement: Placement): readonly TurnView[] {
    return this.#lines.get(placement.exchange) ?? [turnOf(view, placement)];
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
