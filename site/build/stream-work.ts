/**
 * Which days a build has to look at: those whose files changed, those that an earlier build had begun
 * and not ended, those of which something else is held back now, and of their streams every later
 * day, for it may begin with another index of conversations. Pure but for looking into dirty files.
 */
import type { AllowList } from "../../record/secrets/allow-list.ts";
import { type DayName, keyOfDay } from "../digest/day-digest.ts";
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
          isLast: first + index === days.length - 1,
        };
      }),
    }),
  };
}

/** A day whose files are as they were: only what it goes on from may differ. */
function asItWas(day: DayOnDisk, { files, hits, allowed }: DayEntry) {
  return { ...day, marks: files, kept: false, hits, allowed };
}
