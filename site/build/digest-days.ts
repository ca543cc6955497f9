/**
 * Digests days of a stream, oldest first, and writes what follows from a day alone: its chunks and
 * its segment of the search. Streams do not depend on one another, so each may have its own thread.
 *
 * What always holds: lists that span streams (the manifest, the directory of the search, the days of
 * a conversation) are not written here but answered, for one thread must write them.
 */
import { type DayName, DigestStore } from "../digest/day-digest.ts";
import type { ExchangeSource } from "../digest/exchange-source.ts";
import { makeDigest } from "../digest/make-digest.ts";
import { type BuildName, capturesAtHand } from "./at-hand.ts";
import { ChunkWriter } from "./chunks.ts";
import { dayEntry } from "./day-entry.ts";
import type { DirtyDay } from "./dirty-days.ts";
import type { DayEntry } from "./manifest.ts";
import { DaySegment, type Segment } from "./search-index.ts";

export interface DayTask {
  /** Where it is `kept`, its digest only has to be continued. */
  readonly day: DirtyDay;
  /** The day before in the stream. */
  readonly before: DayName | null;
}

export interface DaysInputs {
  readonly name: BuildName;
  readonly out: string;
  readonly days: readonly DayTask[];
}

export interface DaysMade {
  readonly entries: readonly DayEntry[];
  readonly segments: readonly Segment[];
  /** Conversations, each with the days on which it was seen here. */
  readonly talks: readonly (readonly [string, readonly DayName[]])[];
  readonly seen: number;
  readonly damage: readonly string[];
  /** Whether it went on with a day that was known. */
  readonly continued: boolean;
}

export function digestDays(inputs: DaysInputs, onDay: () => void): DaysMade {
  const digests = new DigestStore(inputs.name.folder);
  const { source } = capturesAtHand(inputs.name);
  const entries: DayEntry[] = [];
  const segments: Segment[] = [];
  for (const [index, task] of inputs.days.entries()) {
    // Pages follow when all days are digested: those of the last day will find it at hand.
    if (index > 0) source.forget();
    const { entry, segment } = digestDay(inputs, source, digests, task);
    entries.push(entry);
    segments.push(segment);
    onDay();
  }
  const continued = inputs.days.some(({ day }) => day.kept);
  return { entries, segments, talks: [...digests.added], continued, ...source.take() };
}

function digestDay(
  { out, name: { folder } }: DaysInputs,
  source: ExchangeSource,
  digests: DigestStore,
  { day, before }: DayTask,
): { entry: DayEntry; segment: Segment } {
  const at = { number: day.number, day: day.day };
  const known = day.kept ? digests.get(at) : null;
  const segment = new DaySegment(folder, at, known?.rows.length ?? 0);
  const chunks = new ChunkWriter(out, source, at, known?.rows.map(({ id }) => id) ?? []);
  const made = makeDigest({ source, digests, at, before, known }, (fresh) => {
    segment.add(fresh);
    chunks.add(fresh.row.id);
  });
  chunks.end();
  return { entry: dayEntry(day, made), segment: segment.write(out, made) };
}
