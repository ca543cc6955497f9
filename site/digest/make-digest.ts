/**
 * Makes the digest of a day: places its exchanges in conversations, finds what stands out, and
 * draws up the rows.
 *
 * What always holds: work grows with what is new on the day; exchanges that the digest already
 * knows are not read again; what an old day said is never changed by a later one.
 */

import { factsOf } from "../../record/conversation/facts.ts";
import { canBeFollowed } from "../../record/conversation/view.ts";
import { byStart, ConversationIndex } from "../../record/conversation.ts";
import type { NormalMessage } from "../../record/dialects/normal.ts";
import { LIMITS } from "../../record/limits.ts";
import { anchorOf } from "../view/anchors.ts";
import { firstWords } from "../view/clip.ts";
import { messageText } from "../view/messages.ts";
import type { FindingRow } from "../view/pages.ts";
import { type Row, rowOf } from "../view/rows.ts";
import type { DayDigest, DayName, DigestStore, PlacedExchange } from "./day-digest.ts";
import type { ExchangeAddress, ExchangeSource } from "./exchange-source.ts";
import { Scenes } from "./scenes.ts";
import { pagesOfPlaced } from "./talk.ts";

const WORDS = 140;

/** What is new in an exchange, for the search. */
export interface FreshText {
  readonly row: Row;
  readonly text: string;
}

export interface DigestInputs {
  readonly source: ExchangeSource;
  readonly digests: DigestStore;
  readonly at: DayName;
  /** The day before in the stream, with its index; null for the first. */
  readonly before: DayName | null;
  /** The digest made earlier of this very day, where its files only grew since. */
  readonly known: DayDigest | null;
}

/** The digest as it is now, stored; `onFresh` is told what is new in each new exchange. */
export function makeDigest(inputs: DigestInputs, onFresh: (fresh: FreshText) => void): DayDigest {
  const { source, digests, at, known } = inputs;
  const day = source.day(at.number, at.day);
  const done = new Set(known?.rows.map(({ id }) => id));
  const lines = source
    .ids(at.number, at.day)
    .filter((id) => !done.has(id))
    .map((id) => ({ id, started: day.started(id) }))
    .sort(byStart);
  const snapshot = known
    ? digests.index(at)
    : inputs.before
      ? digests.index(inputs.before)
      : undefined;
  const index = new ConversationIndex(snapshot);
  const rows: Row[] = [...(known?.rows ?? [])];
  const placed: PlacedExchange[] = [...(known?.placed ?? [])];
  const findings: FindingRow[] = [...(known?.findings ?? [])];
  const responses = new Map(Object.entries(known?.responses ?? {}));
  const addresses = new AddressBook(digests, at, placed);
  const open = new Map<string, PlacedExchange[]>();
  const scenes = new Scenes();

  for (const { id } of lines) {
    const here = { ...at, id };
    const view = source.view(here);
    if (view.responseId !== null && canBeFollowed(view.line)) {
      // One that was filed late may have begun before what is known.
      const known = responses.get(view.responseId);
      if (known === undefined || known < id) responses.set(view.responseId, id);
    }
    const placement = index.add(factsOf(view, at.number));
    const conversation = placement.conversation ?? id.toLowerCase();
    const parent =
      placement.parent === null ? null : addresses.find(placement.parent, conversation);
    const fresh = source.fresh(here, parent);
    const { started } = view.line;
    const entry: PlacedExchange = {
      conversation,
      placed: { ...placement, started, tools: view.request.tools.length > 0 },
      weight: weightOf(fresh) + weightOf(view.answer),
    };
    let turns = open.get(conversation);
    if (!turns) {
      turns = addresses.turns(conversation);
      open.set(conversation, turns);
      digests.addDay(conversation, at);
    }
    turns.push(entry);
    const page = pagesOfPlaced(turns).at(-1)!;
    const row = rowOf(view.line, {
      words: wordsOf(fresh, view.answer),
      conversation,
      page,
      position: rows.length,
    });
    placed.push(entry);
    rows.push(row);
    addresses.add(here);
    const followed = turns.find(({ placed }) => placed.exchange === parent?.id);
    const before =
      parent && followed ? { view: source.view(parent), placement: followed.placed } : null;
    const where = { exchange: id, conversation, page, turn: turns.length };
    for (const { rule, severity, text, evidence } of scenes.findings(view, placement, before)) {
      const anchor = anchorOf(id, evidence);
      findings.push({ rule, severity, text, ...where, anchor, at: started, number: at.number });
    }
    onFresh({ row, text: [...fresh, ...view.answer].map(messageText).join("\n") });
  }
  const digest = { ...at, rows, placed, findings, responses: Object.fromEntries(responses) };
  digests.put(digest);
  digests.putIndex(at, index.snapshot());
  return digest;
}

/** Where exchanges stand: those of the day itself, and those of a conversation's earlier days. */
export class AddressBook {
  readonly #digests: DigestStore;
  readonly #at: DayName;
  readonly #today = new Set<string>();
  readonly #turns: readonly PlacedExchange[];

  constructor(digests: DigestStore, at: DayName, placed: readonly PlacedExchange[]) {
    this.#digests = digests;
    this.#at = at;
    this.#turns = placed;
    for (const entry of placed) this.#today.add(entry.placed.exchange);
  }

  add({ id }: ExchangeAddress): void {
    this.#today.add(id);
  }

  /** Null where no digest knows it any more. */
  find(id: string, conversation: string): ExchangeAddress | null {
    if (this.#today.has(id)) return { ...this.#at, id };
    for (const { number, day } of this.#digests.daysOf(conversation)) {
      const digest = this.#digests.get({ number, day });
      if (digest?.rows.some((row) => row.id === id)) return { number, day, id };
    }
    return null;
  }

  /** What is known of a conversation before the day's new exchanges, in order of time. */
  turns(conversation: string): PlacedExchange[] {
    const earlier = this.#digests.daysOf(conversation).flatMap(({ number, day }) => {
      if (number === this.#at.number && day === this.#at.day) return [];
      return this.#digests.get({ number, day })?.placed ?? [];
    });
    return [...earlier, ...this.#turns]
      .filter((entry) => entry.conversation === conversation)
      .sort((a, b) => (a.placed.started < b.placed.started ? -1 : 1));
  }
}

/** What is new in a few words: what the user or a tool said, else what the model answered. */
function wordsOf(fresh: readonly NormalMessage[], answer: readonly NormalMessage[]): string {
  const user = fresh.findLast(({ role }) => role === "user");
  const said = user ?? fresh.findLast(({ role }) => role === "tool");
  const text = said ? messageText(said) : answer.map(messageText).join(" ");
  return firstWords(text, WORDS);
}

/** What a message costs its page: its text as far as it is shown, and its frame. */
function weightOf(messages: readonly NormalMessage[]): number {
  let bytes = 0;
  for (const { pieces } of messages) {
    for (const piece of pieces) {
      const text = "text" in piece ? piece.text : "arguments" in piece ? piece.arguments : "";
      bytes += 200 + Math.min(text.length, LIMITS.siteTextChars);
    }
  }
  return bytes;
}
