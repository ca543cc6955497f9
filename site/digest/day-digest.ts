/**
 * What the site keeps of a day in the state folder: its rows, where its exchanges stand in their
 * conversations, what stands out, and the index with which the next day's are placed.
 *
 * Invariants: made from the captures alone, so it may be deleted at any time; hashes and
 * first words, never whole messages.
 */
import { join } from "node:path";
import type { Snapshot } from "../../record/conversation/hot-store.ts";
import type { Placed } from "../../record/conversation/threads.ts";
import { digest as digestOf, namesIn, readJson, remove, writeWhole } from "../build/files.ts";
import type { HeldNote } from "../view/held.ts";
import type { FindingRow } from "../view/pages.ts";
import type { Row } from "../view/rows.ts";
import type { SavedScenes } from "./scenes.ts";

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
  /** Conversations that are not shown, and why. */
  readonly held: Readonly<Record<string, readonly HeldNote[]>>;
}

/** What a digest goes on with after so many exchanges of its day. */
export interface Checkpoint {
  readonly position: number;
  readonly nodes: Snapshot;
  readonly scenes: SavedScenes;
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
  readonly #places = new WeakMap<DayDigest, ReadonlyMap<string, readonly number[]>>();

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
  index(at: DayName): Snapshot | undefined {
    const [last] = this.#checkpoints(at);
    return last === undefined ? undefined : this.#checkpoint(at, last)?.nodes;
  }

  /** The latest state of a day with at most so many exchanges; null where none was kept. */
  checkpoint(at: DayName, most: number): Checkpoint | null {
    for (const position of this.#checkpoints(at)) {
      const found = position <= most ? this.#checkpoint(at, position) : null;
      if (found !== null) return found;
    }
    return null;
  }

  /** Keeps a state of a day; returns a digest of its index. */
  putCheckpoint({ number, day }: DayName, { position, nodes, scenes }: Checkpoint): string {
    const json = JSON.stringify(nodes);
    const path = join(this.#folder, "index", number, day, `${position}.json`);
    writeWhole(path, `{"position":${position},"nodes":${json},"scenes":${JSON.stringify(scenes)}}`);
    return digestOf(json);
  }

  /** Removes the states of a day that are not `wanted`, by their positions. */
  dropCheckpoints(at: DayName, wanted: (position: number) => boolean): void {
    for (const position of this.#checkpoints(at)) {
      const path = join(this.#folder, "index", at.number, at.day, `${position}.json`);
      if (!wanted(position)) remove(path);
    }
  }

  /** Positions, the latest first. */
  #checkpoints({ number, day }: DayName): number[] {
    return namesIn(join(this.#folder, "index", number, day))
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }

  #checkpoint({ number, day }: DayName, position: number): Checkpoint | null {
    return readJson<Checkpoint>(join(this.#folder, "index", number, day, `${position}.json`));
  }

  /** The days on which a conversation was seen, oldest first; some may not have it any more. */
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

  /** Takes those days out of a conversation on which it is not seen any more. */
  dropDays(conversation: string): void {
    const path = this.#talkPath(conversation);
    const days = this.daysOf(conversation);
    const left = days.filter((at) => this.placesOf(at).has(conversation));
    if (left.length === 0) remove(path);
    else if (left.length < days.length) writeWhole(path, JSON.stringify(left));
  }

  /** Every conversation that was seen on one of these days, by what earlier builds noted. */
  seenOn(days: readonly DayName[]): string[] {
    const wanted = new Set(days.map(keyOfDay));
    const folder = join(this.#folder, "talks");
    return namesIn(folder)
      .flatMap((part) => namesIn(join(folder, part)))
      .flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -5)] : []))
      .filter((id) => this.daysOf(id).some((at) => wanted.has(keyOfDay(at))));
  }

  /** By conversation, the positions of its exchanges among those of a day. */
  placesOf(at: DayName): ReadonlyMap<string, readonly number[]> {
    const digest = this.get(at);
    if (digest === null) return new Map();
    let places = this.#places.get(digest);
    if (places === undefined) {
      places = Map.groupBy(digest.placed.keys(), (index) => digest.placed[index]!.conversation);
      this.#places.set(digest, places);
    }
    return places;
  }

  /** Reads days again when they are asked for: another thread has written them. */
  reread(days: readonly DayName[]): void {
    for (const at of days) this.#kept.delete(keyOfDay(at));
  }

  /** Removes all that is kept of a day alone. */
  forget({ number, day }: DayName): void {
    for (const kind of ["days", "search"]) remove(this.#path(kind, number, day));
    remove(join(this.#folder, "index", number, day));
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
