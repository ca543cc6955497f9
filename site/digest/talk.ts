/**
 * A conversation over all days on which it was seen, put together from digests without opening a
 * capture: its turns in order, their pages, its line in lists.
 */
import type { Conversation, Step } from "../../record/conversation/model.ts";
import { conversationOf } from "../../record/conversation/threads.ts";
import { LIMITS } from "../../record/limits.ts";
import type { HeldNote } from "../view/held.ts";
import type { FindingRow, TalkRow } from "../view/pages.ts";
import type { Row } from "../view/rows.ts";
import { pagesOfTurns } from "./conversation-pages.ts";
import type { DigestStore, PlacedExchange } from "./day-digest.ts";

export interface TalkTurn {
  readonly number: string;
  readonly day: string;
  readonly step: Step;
  readonly row: Row;
  readonly findings: readonly FindingRow[];
  readonly page: number;
}

export interface Talk {
  readonly id: string;
  readonly conversation: Conversation;
  readonly turns: readonly TalkTurn[];
  /** Why it is not shown; empty where it is. */
  readonly held: readonly HeldNote[];
}

/** Pages of exchanges in the order of a conversation, from how much each of them brings. */
export function pagesOfPlaced(placed: readonly PlacedExchange[]): number[] {
  return pagesOfTurns(
    placed.map(({ weight }) => weight),
    { turns: LIMITS.sitePageTurns, bytes: LIMITS.sitePageBytes },
  );
}

/** Everything the digests know of a conversation; null where they know nothing. */
export function talkOf(digests: DigestStore, id: string): Talk | null {
  const held: HeldNote[] = [];
  const found = new Map<string, Omit<TalkTurn, "step" | "page"> & { placed: PlacedExchange }>();
  for (const { number, day } of digests.daysOf(id)) {
    const digest = digests.get({ number, day });
    const places = digests.placesOf({ number, day }).get(id) ?? [];
    if (digest === null || places.length === 0) continue;
    held.push(...(digest.held[id] ?? []));
    const findings = digest.findings.filter(({ conversation }) => conversation === id);
    for (const index of places) {
      const row = digest.rows[index]!;
      const own = findings.filter(({ exchange }) => exchange === row.id);
      found.set(row.id, { number, day, row, findings: own, placed: digest.placed[index]! });
    }
  }
  if (found.size === 0) return null;
  const conversation = conversationOf(
    id,
    [...found.values()].map(({ placed }) => placed.placed),
  );
  const inOrder = conversation.steps.map((step) => ({ step, ...found.get(step.exchange)! }));
  // What is held back has one page that says so.
  const pages =
    held.length > 0 ? inOrder.map(() => 1) : pagesOfPlaced(inOrder.map(({ placed }) => placed));
  const turns = inOrder.map(({ placed: _, ...turn }, index) => ({ ...turn, page: pages[index]! }));
  return { id, conversation, turns, held };
}

/** Its line in a list of conversations. */
export function talkRow({ id, conversation, turns }: Talk): TalkRow {
  const first = turns[0]!;
  const priced = turns.filter(({ row }) => row.cost !== null);
  return {
    id,
    number: first.number,
    words: first.row.words || (first.row.operation ?? ""),
    client: first.row.client,
    models: [...new Set(turns.flatMap(({ row }) => row.model ?? []))],
    started: conversation.started,
    ended: conversation.ended,
    turns: turns.length,
    errors: turns.filter(({ row }) => !row.ok).length,
    cost: priced.length === 0 ? null : priced.reduce((sum, { row }) => sum + (row.cost ?? 0), 0),
    findings: turns.reduce((sum, turn) => sum + turn.findings.length, 0),
  };
}
