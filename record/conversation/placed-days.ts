/**
 * Conversations straight from a captures folder: reads days, places their exchanges, and opens
 * those of one conversation again. For commands; the site keeps digests instead.
 *
 * What always holds: one day is in memory at a time while placing; only what was asked for is
 * opened again. It must never write.
 */
import { byStart, ConversationIndex } from "../conversation.ts";
import { LIMITS } from "../limits.ts";
import { DayReader } from "../reader/day-reader.ts";
import type { FoundExchange } from "../reader/find-exchange.ts";
import type { Tree } from "../reader/tree.ts";
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

/** Places every exchange of the days wished for, oldest day first. */
export function placeDays(tree: Tree, wish: DayWish): PlacedInFile[] {
  const days = new Map<string, { path: string; number: string }[]>();
  for (const { stream, day, path } of tree.files()) {
    if (wish.number !== undefined && !lies(stream.number, wish.number)) continue;
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
        facts.push({ path, facts: factsOf(views.view(line), number) });
      }
    }
    facts.sort((a, b) => byStart(a.facts, b.facts));
    for (const { path, facts: known } of facts) {
      placed.push({ placement: index.add(known), number: known.number ?? "", day, path });
    }
  }
  return placed;
}

const lies = (number: string, wanted: string): boolean =>
  number === wanted || number.startsWith(`${wanted}.`) || number.startsWith(`${wanted}+`);

/** Opens exchanges again, file by file; in the order given. Throws what the reader throws. */
export function viewsOf(placed: readonly PlacedInFile[]): ExchangeView[] {
  const views = new Map<string, ExchangeView>();
  const byResponse = new Map<string, FoundTurn>();
  for (const path of new Set(placed.map((x) => x.path))) {
    using reader = DayReader.open(path);
    const opened = new ViewReader(reader, (id) => byResponse.get(id) ?? null);
    for (const { placement, path: own } of placed) {
      if (own !== path) continue;
      const view = opened.view(reader.exchange(placement.exchange));
      views.set(placement.exchange, view);
      if (view.responseId !== null) {
        byResponse.set(view.responseId, { id: view.line.id, open: () => view });
      }
    }
  }
  return placed.map(({ placement }) => views.get(placement.exchange)!);
}

/**
 * Opens one exchange; the turns that it names are looked for in the other files of its stream, back
 * to when a conversation counts as closed. Throws what the reader throws.
 */
export function viewIn(tree: Tree, { id, stream, day, path }: FoundExchange): ExchangeView {
  const from = daysBefore(day);
  const others = [...tree.files()]
    .filter((file) => file.stream.number === stream.number && file.path !== path)
    .filter((file) => file.day <= day && file.day >= from)
    .reverse();
  const opened = new Map<string, { reader: DayReader; views: ViewReader }>();
  const within = (file: string): { reader: DayReader; views: ViewReader } => {
    const known = opened.get(file);
    if (known !== undefined) return known;
    const reader = DayReader.open(file);
    const made = { reader, views: new ViewReader(reader, elsewhere) };
    opened.set(file, made);
    return made;
  };
  const elsewhere: FindTurn = (responseId, follower) => {
    for (const file of others) {
      const found = within(file.path).views.byResponse(responseId, follower);
      if (found !== null) return found;
    }
    return null;
  };
  try {
    const { reader, views } = within(path);
    return views.view(reader.exchange(id));
  } finally {
    for (const { reader } of opened.values()) reader.close();
  }
}

/**
 * The conversation of one exchange up to itself, oldest first, the exchange last; it alone where it
 * is no part of one. Its day is read first, the days before it only where it begins there.
 */
export function conversationUpTo(tree: Tree, { id, stream, day }: FoundExchange): PlacedInFile[] {
  let placed: PlacedInFile[] = [];
  for (const from of [day, daysBefore(day)]) {
    placed = placeDays(tree, { number: stream.number, from, to: day });
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
