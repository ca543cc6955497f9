/**
 * Puts rows right that were drawn up before all turns of their conversation were known: those of a
 * conversation that two streams share (each stream is read by itself), and those behind a call that
 * began early and was filed late.
 *
 * What always holds: afterwards the page that a row, a finding or a hit of the search names is the
 * page on which the conversation shows the turn.
 */
import { type DayDigest, type DayName, type DigestStore, keyOfDay } from "../digest/day-digest.ts";
import { talkOf } from "../digest/talk.ts";
import type { DaysMade } from "./digest-days.ts";
import type { DirtyDay } from "./dirty-days.ts";
import { writeFound } from "./search-index.ts";

interface Place {
  readonly page: number;
  readonly turn: number;
}

/** Mends digests and search; returns the days among them that the build did not read. */
export function repage(
  out: string,
  digests: DigestStore,
  made: readonly DaysMade[],
  days: readonly DirtyDay[],
): DayName[] {
  const places = new Map<string, Place>();
  const touched = new Map<string, DayName>();
  for (const conversation of candidates(digests, made, days)) {
    const talk = talkOf(digests, conversation);
    talk?.turns.forEach(({ number, day, step, row, findings, page }, index) => {
      const turn = index + 1;
      if (row.page === page && findings.every((finding) => finding.turn === turn)) return;
      places.set(step.exchange, { page, turn });
      touched.set(keyOfDay({ number, day }), { number, day });
    });
  }
  for (const name of touched.values()) {
    const digest = placedAnew(digests.get(name)!, places);
    digests.put(digest);
    writeFound(out, digest);
  }
  const read = new Set(days.map(keyOfDay));
  return [...touched].filter(([key]) => !read.has(key)).map(([, name]) => name);
}

/** Conversations of the build whose turns it cannot have met in their order. */
function candidates(
  digests: DigestStore,
  made: readonly DaysMade[],
  days: readonly DirtyDay[],
): Set<string> {
  const continued = new Set(days.filter(({ kept }) => kept).map(keyOfDay));
  const found = new Set<string>();
  for (const [conversation, seen] of made.flatMap(({ talks }) => talks)) {
    const numbers = new Set(digests.daysOf(conversation).map(({ number }) => number));
    if (numbers.size > 1 || seen.some((day) => continued.has(keyOfDay(day))))
      found.add(conversation);
  }
  return found;
}

function placedAnew(digest: DayDigest, places: ReadonlyMap<string, Place>): DayDigest {
  return {
    ...digest,
    rows: digest.rows.map((row) => ({ ...row, page: places.get(row.id)?.page ?? row.page })),
    findings: digest.findings.map((finding) => ({
      ...finding,
      ...places.get(finding.exchange),
    })),
  };
}
