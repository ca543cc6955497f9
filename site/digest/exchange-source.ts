/**
 * Exchanges in their normal form, read from the captures when they are asked for: the one way by
 * which the site gets at what was sent and answered.
 *
 * Invariants: a request that names an earlier response is shown with all that the model was
 * given, as far as the stream's days of one rest have it; only a few days are open and only about
 * LIMITS.siteKeptBytes of normal forms are kept, however much is asked for; a body that cannot be read gives an empty form and a line in `damage`, never a failed
 * build.
 */
import type { FoundTurn } from "../../record/conversation/earlier-turns.ts";
import { type ExchangeView, ViewReader } from "../../record/conversation/view.ts";
import type { NormalMessage } from "../../record/dialects/normal.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { LIMITS } from "../../record/limits.ts";
import type { DayReader } from "../../record/reader/day-reader.ts";
import type { OutlineEntry, OutlinePart } from "../../record/reader/outline.ts";
import { Recent } from "../../record/reader/recent.ts";
import type { Tree } from "../../record/reader/tree.ts";
import { asMoved } from "../build/known-files.ts";
import type { DigestStore } from "./day-digest.ts";

/** Where an exchange stands. */
export interface ExchangeAddress {
  readonly number: string;
  readonly day: string;
  readonly id: string;
}

/** About what the objects of a view take that are not new text. */
const VIEW_BYTES = 4096;

interface OpenDay {
  readonly reader: DayReader;
  readonly views: ViewReader;
}

export class ExchangeSource {
  damage: string[] = [];
  /** Exchanges read so far, again where they were dropped in between. */
  seen = 0;
  readonly #tree: Tree;
  readonly #digests: DigestStore;
  readonly #open = new Map<string, OpenDay>();
  #views = new Recent<ExchangeView>(LIMITS.siteKeptBytes);
  /** Digests of the parts of requests, by exchange. */
  readonly #parts = new Map<string, ReadonlyMap<string, readonly string[]>>();
  /** Of the day that an exchange was shown of last: a chain over many days must not close it. */
  #shown: ViewReader | null = null;
  /** Days of the turns of other days that were found lately. */
  readonly #homes = new Map<string, string>();
  readonly #ends: Readonly<Record<string, number>>;

  /**
   * @param digests say on which earlier day a response was given
   * @param ends by path, how far a file was scanned: what was appended since is not there yet
   */
  constructor(tree: Tree, digests: DigestStore, ends: Readonly<Record<string, number>> = {}) {
    this.#ends = ends;
    this.#tree = tree;
    this.#digests = digests;
  }

  /** What was read and found damaged since this was asked for last. */
  take(): { seen: number; damage: string[] } {
    const { seen, damage } = this;
    this.seen = 0;
    this.damage = [];
    return { seen, damage };
  }

  /** Ids of a day's exchanges, each once: a move that was cut short leaves one in two files. */
  ids(number: string, day: string): string[] {
    return [...new Set(this.day(number, day).files.flatMap((file) => [...file.ids]))].sort();
  }

  /** The reader of a day; it stays open until `close` or until some others were asked for. */
  day(number: string, day: string): DayReader {
    return this.#day(number, day).reader;
  }

  /** An exchange in its normal form. */
  view(at: ExchangeAddress): ExchangeView {
    const known = this.#views.get(at.id);
    if (known) return known;
    const { reader, views } = this.#day(at.number, at.day);
    this.#shown = views;
    const made = this.#read(at, reader, views);
    this.seen += 1;
    this.#views.set(at.id, made, VIEW_BYTES + reader.newBytes(at));
    return made;
  }

  /** The messages of a request that its parent's request did not have. */
  fresh(at: ExchangeAddress, parent: ExchangeAddress | null): readonly NormalMessage[] {
    const { messages } = this.view(at).request;
    if (parent === null) return messages;
    const before = new Set([...this.#partsOf(parent).values()].flat());
    const after = this.#partsOf(at);
    return messages.filter(({ key, index }) => {
      // Put in from the turns before, which the parent ends.
      if (key === "earlier") return false;
      const part = after.get(key)?.[index ?? 0];
      return part === undefined || !before.has(part);
    });
  }

  /** Drops the exchanges that are at hand; they can be asked for again. */
  forget(): void {
    this.#views = new Recent(LIMITS.siteKeptBytes);
  }

  close(): void {
    for (const { reader } of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #read(at: ExchangeAddress, reader: DayReader, views: ViewReader): ExchangeView {
    const line: ExchangeLine = reader.exchange(at.id);
    try {
      return views.view(line);
    } catch (error) {
      this.damage.push(`${at.number} ${at.day} ${at.id}: ${(error as Error).message}`);
      const request = { model: null, messages: [], tools: [], parameters: {} };
      return { line, request, answer: [], responseId: null };
    }
  }

  /** The turn of a day before `before` that gave a response; null where no day of late has it. */
  #elsewhere(
    number: string,
    before: string,
    responseId: string,
    follower: string,
  ): FoundTurn | null {
    const from = new Date(Date.parse(before) - LIMITS.conversationRestMs);
    const oldest = from.toISOString().slice(0, 10);
    // What a turn follows is of no later day than itself.
    const newest = this.#homes.get(follower) ?? before;
    for (const { day } of this.#tree.days(number).toReversed()) {
      if (day >= before || day > newest) continue;
      if (day < oldest) break;
      const responses = this.#digests.get({ number, day })?.responses ?? {};
      // What stands there is the day's last with this id.
      const id = Object.hasOwn(responses, responseId) ? responses[responseId]! : null;
      if (id === null) continue;
      const { reader, views } = this.#day(number, day);
      const found =
        id < follower
          ? { id, open: () => views.turn(reader.exchange(id)) }
          : views.byResponse(responseId, follower);
      if (found === null) continue;
      keep(this.#homes, found.id, day);
      return found;
    }
    return null;
  }

  /** Digests of the parts of a request by its top-level keys. */
  #partsOf(at: ExchangeAddress): ReadonlyMap<string, readonly string[]> {
    const known = this.#parts.get(at.id);
    if (known) return known;
    const made = new Map(this.#outline(at).map(({ key, parts }) => [key, parts.map(digestOf)]));
    keep(this.#parts, at.id, made);
    return made;
  }

  #outline(at: ExchangeAddress): readonly OutlineEntry[] {
    const { line } = this.view(at);
    try {
      return this.#day(at.number, at.day).reader.outline(line, "request")?.entries ?? [];
    } catch {
      // Reading the body says so in `damage`.
      return [];
    }
  }

  #day(number: string, day: string): OpenDay {
    const key = `${number} ${day}`;
    const known = this.#open.get(key);
    if (known) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    const files = this.#tree.days(number).find((entry) => entry.day === day)?.files ?? [];
    const reader = opened(this.#tree, files, (path) => this.#ends[path]);
    for (const { file, line, message } of reader.damage) {
      this.damage.push(`${file}:${line}: ${message}`);
    }
    const views = new ViewReader(reader, (id, follower) =>
      this.#elsewhere(number, day, id, follower),
    );
    const made = { reader, views };
    this.#open.set(key, made);
    for (const [oldest, { reader: old, views: oldViews }] of this.#open) {
      if (this.#open.size <= LIMITS.siteOpenDays) break;
      if (oldViews === this.#shown) continue;
      old.close();
      this.#open.delete(oldest);
    }
    return made;
  }
}

function opened(
  tree: Tree,
  files: readonly string[],
  until: (path: string) => number | undefined,
): DayReader {
  try {
    return tree.openDay(files, until);
  } catch (error) {
    throw asMoved(error, "a capture file");
  }
}

const digestOf = ({ sha256 }: OutlinePart): string => sha256;

/** Sets, and drops the oldest where there are too many. */
function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= LIMITS.siteKeptExchanges) break;
    map.delete(oldest);
  }
}
