/**
 * Which days a build has to look at: those whose files changed, those that an earlier build had begun
 * and not ended, those of which something else is held back now, and of their streams every later
 * day, for it may begin with another index of conversations. Pure but for looking into dirty files.
 */
import type { AllowList } from "../../record/secrets/allow-list.ts";
import { type DayName, type DigestStore, keyOfDay } from "../digest/day-digest.ts";
import type { DaysInputs } from "./digest-days.ts";
import { allowedOf, type MarkedDay, markDay, withHits } from "./dirty-days.ts";
import { type DayEntry, type DayOnDisk, dayKey, dirtySet, type Manifest } from "./manifest.ts";
import type { FileHit } from "./scan-slices.ts";

export interface StreamDays {
  readonly days: readonly DayOnDisk[];
  /** What digest-days.ts is asked, once the files are scanned. */
  readonly task: (hits: readonly FileHit[], allow: AllowList) => Pick<DaysInputs, "index" | "days">;
}

export interface StreamWork {
  readonly streams: readonly StreamDays[];
  /** Days to be scanned. */
  readonly dirty: readonly MarkedDay[];
  /** Days that were published, or about to be, and that no longer exist. */
  readonly gone: readonly DayName[];
}

/** Throws site-captures-moved. */
export function workOf(
  onDisk: readonly DayOnDisk[],
  before: Manifest,
  { all, allow, cut }: { all: boolean; allow: AllowList; cut: readonly DayName[] },
): StreamWork {
  const present = new Set(onDisk.map(keyOfDay));
  const changed = dirtySet(before, onDisk, all);
  const cutGone = cut.filter((at) => !present.has(keyOfDay(at)));
  const gone = [...new Map([...changed.gone, ...cutGone].map((at) => [keyOfDay(at), at])).values()];
  const anew = new Set(cut.map(keyOfDay));
  const grown = new Set(changed.dirty.map(keyOfDay));
  const dirty = new Map<string, MarkedDay>();
  for (const day of onDisk) {
    const was = before.days[dayKey(day.number, day.day)];
    const isAnew = anew.has(keyOfDay(day)) || (was !== undefined && isAllowedAnew(was, allow));
    if (!isAnew && !grown.has(keyOfDay(day))) continue;
    const marked = markDay(day, was);
    dirty.set(keyOfDay(day), isAnew ? { ...marked, kept: false } : marked);
  }
  const streams = [...Map.groupBy(onDisk, ({ number }) => number)].flatMap(([number, days]) => {
    const touched = [...dirty.values(), ...gone].filter((at) => at.number === number);
    const first = touched.map(({ day }) => day).sort()[0];
    const index = days.findIndex(({ day }) => first !== undefined && day >= first);
    return index < 0 ? [] : [streamFrom(days, index, before, dirty)];
  });
  return { streams, dirty: [...dirty.values()], gone };
}

function isAllowedAnew({ hits, allowed }: DayEntry, allow: AllowList): boolean {
  return hits.length > 0 && JSON.stringify(allowedOf(hits, allow)) !== JSON.stringify(allowed);
}

/** The days of a stream, oldest first, from the `first`th on. */
function streamFrom(
  days: readonly DayOnDisk[],
  first: number,
  before: Manifest,
  dirty: ReadonlyMap<string, MarkedDay>,
): StreamDays {
  const entryOf = ({ number, day }: DayName) => before.days[dayKey(number, day)];
  const earlier = days[first - 1];
  return {
    days: days.slice(first),
    task: (hits, allow) => ({
      index: (earlier && entryOf(earlier)?.indexAfter) ?? "",
      days: days.slice(first).map((day, index) => {
        const was = entryOf(day);
        const marked = dirty.get(keyOfDay(day));
        const previous = days[first + index - 1];
        return {
          day: marked ? withHits(marked, was, hits, allow) : asItWas(day, was!),
          was,
          before: previous ? { number: previous.number, day: previous.day } : null,
          isDirty: marked !== undefined,
          elsewhere: was?.elsewhere ?? [],
          isLast: first + index === days.length - 1,
        };
      }),
    }),
  };
}

/** Days of conversations that are held back, or no longer, because of another day. */
export function heldElsewhere(
  onDisk: readonly DayOnDisk[],
  manifest: Manifest,
  digests: DigestStore,
): (Pick<DaysInputs, "index" | "days"> & { readonly at: DayOnDisk })[] {
  const entries = Object.values(manifest.days);
  const held = new Set(entries.flatMap((entry) => entry.held.map((note) => note.conversation)));
  if (held.size === 0 && entries.every(({ elsewhere }) => elsewhere.length === 0)) return [];
  const wanted = new Map<string, string[]>();
  for (const id of held) {
    for (const at of digests.daysOf(id)) {
      const entry = manifest.days[dayKey(at.number, at.day)];
      if (!entry || entry.held.some(({ conversation }) => conversation === id)) continue;
      if (!digests.placesOf(at).has(id)) continue;
      wanted.set(keyOfDay(at), [...(wanted.get(keyOfDay(at)) ?? []), id]);
    }
  }
  return onDisk.flatMap((at, n) => {
    const entry = manifest.days[dayKey(at.number, at.day)];
    const elsewhere = (wanted.get(keyOfDay(at)) ?? []).sort();
    if (!entry || elsewhere.join() === [...entry.elsewhere].sort().join()) return [];
    const [previous, next] = [onDisk[n - 1], onDisk[n + 1]];
    const before = previous?.number === at.number ? previous : null;
    const task = {
      day: asItWas(at, entry),
      was: entry,
      before: before && { number: before.number, day: before.day },
      isDirty: true,
      elsewhere,
      isLast: next?.number !== at.number,
    };
    return [{ at, index: entry.indexBefore, days: [task] }];
  });
}

/** A day whose files are as they were: only what it goes on from may differ. */
function asItWas(day: DayOnDisk, { files, hits, allowed }: DayEntry) {
  return { ...day, marks: files, kept: false, hits, allowed };
}
