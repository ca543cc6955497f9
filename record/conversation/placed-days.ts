/**
 * Conversations straight from a captures folder: reads days, places their exchanges, and opens
 * those of one conversation again. For commands; the site keeps digests instead.
 *
 * Invariants: one day is in memory at a time while placing; only what was asked for is
 * opened again. It must never write.
 */
import { byStart, ConversationIndex } from "../conversation.ts";
import { isWithin } from "../johnny-decimal/numbers.ts";
import { LIMITS } from "../limits.ts";
import { DayReader } from "../reader/day-reader.ts";
import type { FoundExchange } from "../reader/find-exchange.ts";
import { OpenDays } from "../reader/open-days.ts";
import type { Day, Tree } from "../reader/tree.ts";
import type { FindTurn, FoundTurn } from "./earlier-turns.ts";
import { factsOf } from "./facts.ts";
import type { ExchangeFacts, Placement } from "./model.ts";
import { type ExchangeView, ViewReader } from "./view.ts";

/** A placement and the file that its exchange stands in. */
export interface PlacedInFile {
  readonly placement: Placement;
  readonly number: string;
  readonly day: string;
  readonly path: string;
}

export interface DayWish {
  /** A category (`11`) or an ID (`11.11`). */
  readonly number?: string;
  /** First and last day, `YYYY-MM-DD`, inclusive. */
  readonly from?: string;
  readonly to?: string;
}

/** Told of what cannot be read and is passed over. */
export type Damaged = (message: string) => void;
const NOBODY: Damaged = () => {};

/** Places every exchange of the days wished for, oldest day first; one that is damaged by its line. */
export function placeDays(tree: Tree, wish: DayWish, damaged: Damaged = NOBODY): PlacedInFile[] {
  const days = new Map<string, { path: string; number: string }[]>();
  for (const { stream, day, path } of tree.files()) {
    if (wish.number !== undefined && !isWithin(stream.number, wish.number)) continue;
    if (day < (wish.from ?? "") || day > (wish.to ?? "9999")) continue;
    days.set(day, [...(days.get(day) ?? []), { path, number: stream.number }]);
  }
  const index = new ConversationIndex();
  const placed: PlacedInFile[] = [];
  for (const [day, files] of [...days].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const facts: { path: string; facts: ExchangeFacts }[] = [];
    for (const { path, number } of files) {
      using reader = DayReader.open(path);
      const views = new ViewReader(reader);
      for (const line of reader.exchanges()) {
        facts.push({ path, facts: factsOf(views.viewOrEmpty(line, damaged), number) });
      }
      for (const { line, message } of reader.damage) damaged(`${path}:${line}: ${message}`);
    }
    facts.sort((a, b) => byStart(a.facts, b.facts));
    for (const { path, facts: known } of facts) {
      placed.push({ placement: index.add(known), number: known.number ?? "", day, path });
    }
  }
  return placed;
}

/**
 * Opens exchanges again, day by day; in the order given. Throws what the file system throws.
 * @param days where their days are open already, or kept open for later
 */
export function viewsOf(
  placed: readonly PlacedInFile[],
  damaged: Damaged = NOBODY,
  days?: OpenDays,
): ExchangeView[] {
  if (days === undefined) {
    using own = new OpenDays();
    return viewsOf(placed, damaged, own);
  }
  const byDay = Map.groupBy(placed, ({ number, day }) => `${number} ${day}`);
  const views = new Map<string, ExchangeView>();
  /** Those that were answered, by stream and response id. */
  const answered = new Map<string, ExchangeView[]>();
  for (const own of byDay.values()) {
    const { number } = own[0]!;
    const elsewhere: FindTurn = (responseId, follower) => {
      const known = answered.get(`${number} ${responseId}`) ?? [];
      const before = known.filter(({ line }) => line.id < follower);
      return before.map(foundTurn).reduce<FoundTurn | null>(later, null);
    };
    const reader = days.reader([...new Set(own.map(({ path }) => path))]);
    const opened = new ViewReader(reader, elsewhere);
    const read = own.map(({ placement }) =>
      opened.viewOrEmpty(reader.exchange(placement.exchange), damaged),
    );
    for (const view of read) {
      views.set(view.line.id, view);
      if (view.responseId === null) continue;
      const name = `${number} ${view.responseId}`;
      const known = answered.get(name);
      if (known === undefined) answered.set(name, [view]);
      else known.push(view);
    }
  }
  return placed.map(({ placement }) => views.get(placement.exchange)!);
}

const foundTurn = (view: ExchangeView): FoundTurn => ({ id: view.line.id, open: () => view });
const later = (a: FoundTurn | null, b: FoundTurn): FoundTurn => (a === null || b.id > a.id ? b : a);

/**
 * Opens one exchange; the turns that it names are looked for in the other days of its stream, back
 * to when a conversation counts as closed. Throws what the reader throws; where `damaged` is given,
 * that is told of a body that cannot be read.
 */
export function viewIn(
  tree: Tree,
  { id, stream, day }: FoundExchange,
  damaged?: Damaged,
): ExchangeView {
  const from = daysBefore(day);
  const days = tree.days(stream.number).filter((other) => other.day <= day && other.day >= from);
  const opened = new Map<string, { reader: DayReader; views: ViewReader }>();
  const within = ({ day: other, files }: Day) => {
    const known = opened.get(other);
    if (known !== undefined) return known;
    const reader = tree.openDay(files);
    const made = { reader, views: new ViewReader(reader, elsewhere) };
    opened.set(other, made);
    return made;
  };
  /** The days of the turns found so far: what they follow is of no later day. */
  const homes = new Map([[id, day]]);
  const elsewhere: FindTurn = (responseId, follower) => {
    const newest = homes.get(follower) ?? day;
    for (const other of days.toReversed()) {
      // The own day was looked through.
      if (other.day > newest || other.day === day) continue;
      const found = within(other).views.byResponse(responseId, follower);
      if (found === null) continue;
      homes.set(found.id, other.day);
      return found;
    }
    return null;
  };
  try {
    const { reader, views } = within(days.find((other) => other.day === day)!);
    const line = reader.exchange(id);
    return damaged === undefined ? views.view(line) : views.viewOrEmpty(line, damaged);
  } finally {
    for (const { reader } of opened.values()) reader.close();
  }
}

/**
 * The conversation of one exchange up to itself, oldest first, the exchange last; it alone where it
 * is no part of one. Its day is read first, the days before it only where it begins there.
 */
export function conversationUpTo(
  tree: Tree,
  { id, stream, day }: FoundExchange,
  damaged: Damaged = NOBODY,
): PlacedInFile[] {
  let placed: PlacedInFile[] = [];
  for (const from of [day, daysBefore(day)]) {
    placed = placeDays(tree, { number: stream.number, from, to: day }, damaged);
    const own = placed.findIndex(({ placement }) => placement.exchange === id);
    if (own === -1) return [];
    const { conversation, parent } = placed[own]!.placement;
    placed = placed
      .slice(0, own + 1)
      .filter(({ placement: { conversation: other, exchange } }) =>
        conversation === null ? exchange === id : other === conversation,
      );
    if (parent !== null || conversation === null) break;
  }
  return placed;
}

const daysBefore = (day: string): string =>
  new Date(Date.parse(day) - LIMITS.conversationRestMs).toISOString().slice(0, 10);
