/**
 * Puts rows right that were drawn up before all turns of their conversation were known: those of a
 * conversation that two streams share (each stream is read by itself), that lost turns, or that is
 * held back.
 *
 * Invariants: afterwards the page that a row, a finding or a hit of the search names is the
 * page on which the conversation shows the turn.
 */
import { type DayDigest, type DayName, type DigestStore, keyOfDay } from "../digest/day-digest.ts";
import { talkOf } from "../digest/talk.ts";
import { writeFound } from "./search-index.ts";

interface Place {
  readonly page: number;
  readonly turn: number;
}

/**
 * Fixes digests and search; returns the days among them, after `onDays` was told.
 * @param unsettled conversations that lost turns, and those that are held back or were
 */
export function repage(
  out: string,
  digests: DigestStore,
  talks: { readonly changed: readonly string[]; readonly unsettled: ReadonlySet<string> },
  onDays: (days: readonly DayName[]) => void,
): DayName[] {
  const places = new Map<string, Place>();
  const touched = new Map<string, DayName>();
  for (const conversation of talks.changed) {
    const numbers = new Set(digests.daysOf(conversation).map(({ number }) => number));
    if (numbers.size < 2 && !talks.unsettled.has(conversation)) continue;
    const talk = talkOf(digests, conversation);
    talk?.turns.forEach(({ number, day, step, row, findings, page }, index) => {
      const turn = index + 1;
      if (row.page === page && findings.every((found) => found.turn === turn)) return;
      places.set(step.exchange, { page, turn });
      touched.set(keyOfDay({ number, day }), { number, day });
    });
  }
  const days = [...touched.values()];
  if (days.length > 0) onDays(days);
  for (const name of days) {
    const digest = placedAnew(digests.get(name)!, places);
    digests.put(digest);
    writeFound(out, digest);
  }
  return days;
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
