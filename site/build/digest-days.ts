/**
 * Digests days of a stream, oldest first, and writes what follows from a day alone: its chunks and
 * its segment of the search. Streams do not depend on one another, so each may have its own thread.
 *
 * Invariants: a day is digested when its files changed or when it begins with another index
 * than it did, for what a day says depends on the days before it; lists that span streams (the
 * manifest, the directory of the search, the days of a conversation) are not written here but
 * answered, for one thread must write them.
 */
import { LIMITS } from "../../record/limits.ts";
import { type DayDigest, type DayName, DigestStore } from "../digest/day-digest.ts";
import type { ExchangeSource } from "../digest/exchange-source.ts";
import { makeDigest } from "../digest/make-digest.ts";
import { type BuildName, capturesAtHand } from "./at-hand.ts";
import { ChunkWriter } from "./chunks.ts";
import { dayEntry } from "./day-entry.ts";
import type { DirtyDay } from "./dirty-days.ts";
import { heldExchanges } from "./hold-back.ts";
import type { DayEntry } from "./manifest.ts";
import { DaySegment } from "./search-index.ts";

export interface DayTask {
  /** Where it is `kept`, its digest only has to be continued. */
  readonly day: DirtyDay;
  /** As the manifest has it. */
  readonly was: DayEntry | undefined;
  /** The day before in the stream. */
  readonly before: DayName | null;
  /** Its files changed, or what is held back of it. */
  readonly isDirty: boolean;
  /** Conversations that are held back because of another day. */
  readonly elsewhere: readonly string[];
  /** No later day follows: more is filed on it. */
  readonly isLast: boolean;
}

export interface DaysInputs {
  readonly name: BuildName;
  readonly out: string;
  /** Of the index with which the first of the days begins. */
  readonly index: string;
  readonly days: readonly DayTask[];
}

export interface DaysMade {
  /** Of the days that were digested. */
  readonly entries: readonly DayEntry[];
  /** Conversations, each with the days on which it was newly seen here. */
  readonly talks: readonly (readonly [string, readonly DayName[]])[];
  /** Conversations whose pages change, those that are no longer there too. */
  readonly changed: readonly string[];
  /** Those among them that are held back, or were. */
  readonly held: readonly string[];
  readonly seen: number;
  readonly damage: readonly string[];
  /** Whether it went on with a day that was known. */
  readonly continued: boolean;
}

export function digestDays(inputs: DaysInputs, onDay: () => void): DaysMade {
  const digests = new DigestStore(inputs.name.folder);
  const { source } = capturesAtHand(inputs.name);
  const entries: DayEntry[] = [];
  const changed = new Set<string>();
  const held = new Set<string>();
  let continued = false;
  let { index } = inputs;
  for (const task of inputs.days) {
    const { was } = task;
    if (!task.isDirty && was?.indexBefore === index) index = was.indexAfter;
    else {
      // Pages follow when all days are digested: those of the last day will find it at hand.
      if (entries.length > 0) source.forget();
      const known = task.day.kept && was?.indexBefore === index ? digests.get(task.day) : null;
      continued ||= known !== null;
      const entry = digestDay(inputs, { source, digests, task, known, index }, { changed, held });
      entries.push(entry);
      index = entry.indexAfter;
    }
    onDay();
  }
  const talks = [...digests.added];
  return { entries, talks, changed: [...changed], held: [...held], continued, ...source.take() };
}

interface Work {
  readonly source: ExchangeSource;
  readonly digests: DigestStore;
  readonly task: DayTask;
  readonly known: DayDigest | null;
  readonly index: string;
}

function digestDay(
  { out, name: { folder, captures } }: DaysInputs,
  { source, digests, task, known, index }: Work,
  conversations: { readonly changed: Set<string>; readonly held: Set<string> },
): DayEntry {
  const { day, before, isLast, elsewhere } = task;
  const at = { number: day.number, day: day.day };
  const old = digests.get(at);
  const held = heldExchanges(() => source.day(at.number, at.day), captures, day);
  let segment: DaySegment | undefined;
  let chunks: ChunkWriter | undefined;
  const made = makeDigest(
    { source, digests, at, before, known, open: isLast, held, elsewhere },
    (kept) => {
      segment = new DaySegment(folder, at, kept.length);
      chunks = new ChunkWriter(
        out,
        source,
        at,
        kept.map(({ id }) => id),
      );
    },
    (fresh) => {
      segment!.add(fresh);
      chunks!.add(fresh.row.id);
    },
  );
  const { digest } = made;
  chunks!.end(digest.rows.flatMap((row) => (row.held ? [row.id] : [])));
  // A page names the size of the chunks that hold its turns.
  const from = known === null ? 0 : made.from - (made.from % LIMITS.siteChunkExchanges);
  for (const entry of [...digest.placed.slice(from), ...(old?.placed.slice(from) ?? [])]) {
    conversations.changed.add(entry.conversation);
  }
  const hidden = [digest, old].flatMap((made) => made?.rows.filter((row) => row.held) ?? []);
  for (const id of hidden.map(({ conversation }) => conversation)) {
    conversations.changed.add(id);
    conversations.held.add(id);
  }
  return {
    ...dayEntry(day, digest),
    elsewhere: elsewhere.filter((id) => digest.rows.some((row) => row.conversation === id)),
    indexBefore: index,
    indexAfter: made.index,
    segment: segment!.write(out, digest),
  };
}
