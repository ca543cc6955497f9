/**
 * Makes the digest of a day: places its exchanges in conversations, finds what stands out, and
 * draws up the rows.
 *
 * Invariants: the result is the same in however many pieces the day was filed and in whatever
 * order; work grows with what is new on the day and with what began after it.
 */

import { factsOf } from "../../record/conversation/facts.ts";
import type { Snapshot } from "../../record/conversation/hot-store.ts";
import type { Placement } from "../../record/conversation/model.ts";
import { canBeFollowed } from "../../record/conversation/view.ts";
import { byStart, ConversationIndex } from "../../record/conversation.ts";
import type { NormalMessage } from "../../record/dialects/normal.ts";
import { turnOf } from "../../record/findings.ts";
import { LIMITS } from "../../record/limits.ts";
import { anchorOf } from "../view/anchors.ts";
import { firstWords } from "../view/clip.ts";
import type { HeldNote } from "../view/held.ts";
import { messageText } from "../view/messages.ts";
import { type Row, rowOf } from "../view/rows.ts";
import type { DayDigest, DayName, DigestStore, PlacedExchange } from "./day-digest.ts";
import type { ExchangeAddress, ExchangeSource } from "./exchange-source.ts";
import { withoutHeld } from "./held-back.ts";
import { type SavedScenes, Scenes } from "./scenes.ts";
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
  /** Whether more of the day is to be expected: then states are kept to go back to. */
  readonly open: boolean;
  /** Exchanges of the day that must not be shown, and why. */
  readonly held: ReadonlyMap<string, readonly HeldNote[]>;
  /** Conversations that must not be shown because of another day. */
  readonly elsewhere: readonly string[];
}

export interface DigestMade {
  readonly digest: DayDigest;
  /** Exchanges before this position are as the known digest had them. */
  readonly from: number;
  /** Of the index after the last exchange. */
  readonly index: string;
}

/** Where a digest begins: behind what it keeps of the known one. */
interface Start {
  readonly position: number;
  readonly nodes: Snapshot | undefined;
  readonly scenes: SavedScenes | undefined;
}

/**
 * The digest as it is now, stored. `onBegin` is told how much of the known digest was kept, then
 * `onFresh` what is new in each exchange behind it.
 */
export function makeDigest(
  inputs: DigestInputs,
  onBegin: (kept: readonly Row[]) => void,
  onFresh: (fresh: FreshText) => void,
): DigestMade {
  const { source, digests, at, known, open: isOpen } = inputs;
  const day = source.day(at.number, at.day);
  const lines = source
    .ids(at.number, at.day)
    .map((id) => ({ id, started: day.started(id) }))
    .sort(byStart);
  const from = commonRows(known?.rows ?? [], lines);
  const start = startOf(inputs, from);
  const index = new ConversationIndex(start.nodes);
  const rows: Row[] = known?.rows.slice(0, start.position) ?? [];
  const placed: PlacedExchange[] = known?.placed.slice(0, start.position) ?? [];
  const kept = new Set(rows.map(({ id }) => id));
  const findings = known?.findings.filter(({ exchange }) => kept.has(exchange)) ?? [];
  const responses = new Map(Object.entries(known?.responses ?? {}));
  const addresses = new AddressBook(digests, at, placed);
  const open = new Map<string, PlacedExchange[]>();
  const scenes = new Scenes(start.scenes, (there) => {
    const turns = there.day === at.day ? placed : (digests.get(there)?.placed ?? []);
    const turn = turns.find((entry) => entry.placed.exchange === there.id);
    return turnOf(source.view(there), turn?.placed ?? alone(there.id));
  });
  const wanted = checkpointsOf(isOpen, lines.length);
  digests.dropCheckpoints(at, (position) => position <= start.position && wanted(position));
  onBegin(rows);

  for (const { id } of lines.slice(start.position)) {
    const here = { ...at, id };
    const view = source.view(here);
    if (view.responseId !== null && canBeFollowed(view.line)) {
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
      parent && followed
        ? { at: parent, view: source.view(parent), placement: followed.placed }
        : null;
    const where = { exchange: id, conversation, page, turn: turns.length };
    for (const { rule, severity, text, evidence } of scenes.findings(
      here,
      view,
      placement,
      before,
    )) {
      const anchor = anchorOf(id, evidence);
      findings.push({ rule, severity, text, ...where, anchor, at: started, number: at.number });
    }
    onFresh({ row, text: [...fresh, ...view.answer].map(messageText).join("\n") });
    if (rows.length < lines.length && wanted(rows.length)) save();
  }
  const made = { ...at, rows, placed, findings, responses: Object.fromEntries(responses) };
  const digest = withoutHeld(made, inputs.held, inputs.elsewhere);
  digests.put(digest);
  return { digest, from, index: save() };

  function save(): string {
    const nodes = index.snapshot();
    return digests.putCheckpoint(at, { position: rows.length, nodes, scenes: scenes.save() });
  }
}

/** How many rows stand as they stood: an exchange that was filed late moves all that began after. */
function commonRows(rows: readonly Row[], lines: readonly { readonly id: string }[]): number {
  const end = Math.min(rows.length, lines.length);
  let from = 0;
  while (from < end && rows[from]!.id === lines[from]!.id) from += 1;
  return from;
}

function startOf({ digests, at, before, known }: DigestInputs, from: number): Start {
  const found = known === null ? null : digests.checkpoint(at, from);
  if (found !== null) return found;
  return { position: 0, nodes: before ? digests.index(before) : undefined, scenes: undefined };
}

/**
 * States to go back to when a call is filed that began before others: dense near the end, where most
 * such calls belong. The one at the end is kept of every day.
 */
function checkpointsOf(isOpen: boolean, total: number): (position: number) => boolean {
  return (position) =>
    position === total ||
    (isOpen && GRIDS.some((step) => position % step === 0 && position > total - 2 * step));
}

const GRIDS: readonly number[] = [32, 256, 1024];

const alone = (exchange: string): Placement => ({
  exchange,
  conversation: null,
  parent: null,
  relation: "alone",
  by: "none",
});

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
    for (const { number, day } of this.#earlier(conversation)) {
      const digest = this.#digests.get({ number, day });
      if (digest?.rows.some((row) => row.id === id)) return { number, day, id };
    }
    return null;
  }

  /** What is known of a conversation before the day's new exchanges, in order of time. */
  turns(conversation: string): PlacedExchange[] {
    const earlier = this.#earlier(conversation).flatMap(
      (at) => this.#digests.get(at)?.placed ?? [],
    );
    return [...earlier, ...this.#turns]
      .filter((entry) => entry.conversation === conversation)
      .sort((a, b) => byStart(stamped(a), stamped(b)));
  }

  /** Earlier days of the stream: of others, and of later days, it would depend on the order of builds. */
  #earlier(conversation: string): DayName[] {
    const { number, day } = this.#at;
    const days = this.#digests.daysOf(conversation);
    return days.filter((other) => other.number === number && other.day < day);
  }
}

const stamped = ({ placed: { started, exchange: id } }: PlacedExchange) => ({ started, id });

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
