/**
 * What the rules of record/findings get to see of a turn: the turn it follows, the line of turns
 * before that as far as it is at hand, and its repeats.
 *
 * Invariants: only the latest turns of a line and the latest lines are kept, so memory does
 * not grow with the length of a session; a rule then sees less of the past, never something else.
 * What was saved and loaded again says the same as what was never saved.
 */
import type { Placement } from "../../record/conversation/model.ts";
import type { ExchangeView } from "../../record/conversation/view.ts";
import type { Finding, TurnView } from "../../record/findings/model.ts";
import { findingsOf, turnOf } from "../../record/findings.ts";
import { diffOf } from "./diff-of.ts";
import type { ExchangeAddress } from "./exchange-source.ts";

const PAST_TURNS = 24;
const KEPT_LINES = 48;
const KEPT_BODIES = 256;

/** A turn that is opened when a rule has to see it. */
interface Kept {
  readonly at: ExchangeAddress;
  readonly turn: () => TurnView;
}

/** As plain data: exchanges by their addresses. */
export interface SavedScenes {
  readonly lines: readonly (readonly [string, readonly ExchangeAddress[]])[];
  readonly bodies: readonly (readonly [string, readonly ExchangeAddress[]])[];
}

export class Scenes {
  /** By exchange: the line of turns that ends with it. */
  readonly #lines = new Map<string, readonly Kept[]>();
  readonly #bodies = new Map<string, readonly Kept[]>();

  /** @param open makes the turn of an exchange that was saved */
  constructor(saved?: SavedScenes, open: (at: ExchangeAddress) => TurnView = unknownTurn) {
    const turns = new Map<string, Kept>();
    const kept = (at: ExchangeAddress): Kept => {
      let turn = turns.get(at.id);
      if (turn === undefined) {
        turn = { at, turn: once(() => open(at)) };
        turns.set(at.id, turn);
      }
      return turn;
    };
    for (const [id, line] of saved?.lines ?? []) this.#lines.set(id, line.map(kept));
    for (const [key, turns] of saved?.bodies ?? []) this.#bodies.set(key, turns.map(kept));
  }

  save(): SavedScenes {
    const plain = (map: ReadonlyMap<string, readonly Kept[]>) =>
      [...map].map(([key, turns]) => [key, turns.map(({ at }) => at)] as const);
    return { lines: plain(this.#lines), bodies: plain(this.#bodies) };
  }

  /** What stands out in an exchange; `parent` is the exchange it follows, where it is known. */
  findings(
    at: ExchangeAddress,
    view: ExchangeView,
    placement: Placement,
    parent: {
      readonly at: ExchangeAddress;
      readonly view: ExchangeView;
      readonly placement: Placement;
    } | null,
  ): Finding[] {
    const turn = turnOf(view, placement);
    const own: Kept = { at, turn: () => turn };
    const line = parent ? this.#line(parent.at, parent.view, parent.placement) : [];
    const body = view.line.request.body?.sha256;
    const key = body && placement.conversation ? `${placement.conversation} ${body}` : null;
    const same = key === null ? [] : (this.#bodies.get(key) ?? []);
    keep(this.#lines, turn.id, [...line, own].slice(-PAST_TURNS), KEPT_LINES);
    if (key !== null) keep(this.#bodies, key, [...same, own].slice(-PAST_TURNS), KEPT_BODIES);
    const past = line.map((kept) => kept.turn());
    const repeats = same.map((kept) => kept.turn());
    const before = past.at(-1) ?? null;
    const diff = before === null ? null : diffOf(before, turn);
    return findingsOf({ turn, before, past, repeats, diff });
  }

  #line(at: ExchangeAddress, view: ExchangeView, placement: Placement): readonly Kept[] {
    const known = this.#lines.get(placement.exchange);
    return known ?? [{ at, turn: once(() => turnOf(view, placement)) }];
  }
}

function unknownTurn({ id }: ExchangeAddress): never {
  throw new Error(`nobody opens ${id}`);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
