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
import { readJson, writeWhole } from "../build/files.ts";
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
}

/** A day of a stream. */
export interface DayName {
  readonly number: string;
  readonly day: string;
}

const KEPT_DIGESTS = 12;

/** Digests, indexes and days of conversations in the state folder. */
export class DigestStore {
  readonly #folder: string;
  readonly #kept = new Map<string, DayDigest | null>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get({ number, day }: DayName): DayDigest | null {
    const key = `${number} ${day}`;
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
    return readJson<DayName[]>(this.#talkPath(conversation)) ?? [];
  }

  /** Remembers that a conversation was seen on a day. */
  addDay(conversation: string, { number, day }: DayName): void {
    const days = this.daysOf(conversation);
    if (days.some((known) => known.number === number && known.day === day)) return;
    const more = [...days, { number, day }].sort((a, b) => (a.day < b.day ? -1 : 1));
    writeWhole(this.#talkPath(conversation), JSON.stringify(more));
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
