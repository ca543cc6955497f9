/**
 * What the site keeps of a day in the state folder: its rows, where its exchanges stand in their
 * conversations, what stands out, and the index with which the next day's are placed.
 *
 * What always holds: made from the captures alone, so it may be deleted at any time; hashes and
 * first words, never whole messages.
 */
import { join } from "node:path";
import type { Snapshot } from "../../record/conversation/hot-store.ts";
import type { Placed } from "../../record/conversation/threads.ts";
import { readJson, remove, writeWhole } from "../build/files.ts";
import type { FindingRow } from "../view/pages.ts";
import type { Row } from "../view/rows.ts";

/** An exchange's place, and how much text it brings to its page. */
export interface PlacedExchange {
  /** The conversation whose page shows it: its own where it stands alone. */
  readonly conversation: string;
  readonly placed: Placed;
  readonly weight: number;
}

export interface DayDigest {
  readonly number: string;
  readonly day: string;
  /** In order of time, as `placed`. */
  readonly rows: readonly Row[];
  readonly placed: readonly PlacedExchange[];
  readonly findings: readonly FindingRow[];
  /** Exchanges by the id of their response, where later requests may name it. */
  readonly responses: Readonly<Record<string, string>>;
}

/** A day of a stream. */
export interface DayName {
  readonly number: string;
  readonly day: string;
}

/** A day's name as one text. */
export const keyOfDay = ({ number, day }: DayName): string => `${number} ${day}`;

const KEPT_DIGESTS = 12;

/** Digests, indexes and days of conversations in the state folder. */
export class DigestStore {
  readonly #folder: string;
  readonly #kept = new Map<string, DayDigest | null>();
  readonly #added = new Map<string, DayName[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get({ number, day }: DayName): DayDigest | null {
    const key = keyOfDay({ number, day });
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const found = readJson<DayDigest>(this.#path("days", number, day));
    this.#keep(key, found);
    return found;
  }

  put(digest: DayDigest): void {
    const { number, day } = digest;
    writeWhole(this.#path("days", number, day), JSON.stringify(digest));
    this.#keep(`${number} ${day}`, digest);
  }

  /** The index of conversations as it was after the last exchange of a day. */
  index({ number, day }: DayName): Snapshot | undefined {
    return readJson<Snapshot>(this.#path("index", number, day)) ?? undefined;
  }

  putIndex({ number, day }: DayName, snapshot: Snapshot): void {
    writeWhole(this.#path("index", number, day), JSON.stringify(snapshot));
  }

  /** The days on which a conversation was seen, oldest first. */
  daysOf(conversation: string): readonly DayName[] {
    const kept = readJson<DayName[]>(this.#talkPath(conversation)) ?? [];
    const added = this.#added.get(conversation);
    return added === undefined ? kept : withDays(kept, added);
  }

  /** Notes that a conversation was seen on a day; `keepDays` writes it. */
  addDay(conversation: string, { number, day }: DayName): void {
    const added = this.#added.get(conversation) ?? [];
    this.#added.set(conversation, [...added, { number, day }]);
  }

  /** What `addDay` was told, by conversation. */
  get added(): ReadonlyMap<string, readonly DayName[]> {
    return this.#added;
  }

  /** Remembers days of a conversation. One store at a time may do so. */
  keepDays(conversation: string, days: readonly DayName[]): void {
    const path = this.#talkPath(conversation);
    const kept = readJson<DayName[]>(path) ?? [];
    const more = withDays(kept, days);
    if (more.length > kept.length) writeWhole(path, JSON.stringify(more));
  }

  /** Takes days (`number day`) out of a conversation. */
  forgetDays(conversation: string, gone: ReadonlySet<string>): void {
    const path = this.#talkPath(conversation);
    const left = this.daysOf(conversation).filter(
      ({ number, day }) => !gone.has(`${number} ${day}`),
    );
    if (left.length === 0) remove(path);
    else writeWhole(path, JSON.stringify(left));
  }

  /** Removes all that is kept of a day alone. */
  forget({ number, day }: DayName): void {
    for (const kind of ["days", "index", "search"]) remove(this.#path(kind, number, day));
    this.#kept.delete(`${number} ${day}`);
  }

  #path(kind: string, number: string, day: string): string {
    return join(this.#folder, kind, number, `${day}.json`);
  }

  #talkPath(conversation: string): string {
    return join(this.#folder, "talks", conversation.slice(0, 2), `${conversation}.json`);
  }

  #keep(key: string, digest: DayDigest | null): void {
    this.#kept.delete(key);
    this.#kept.set(key, digest);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_DIGESTS) break;
      this.#kept.delete(oldest);
    }
  }
}

function withDays(kept: readonly DayName[], more: readonly DayName[]): DayName[] {
  const fresh = more.filter(
    ({ number, day }) => !kept.some((known) => known.number === number && known.day === day),
  );
  return [...kept, ...fresh].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}
