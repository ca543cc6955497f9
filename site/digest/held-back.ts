/**
 * Takes conversations out of a day's digest in which something looks like a credential: what was
 * captured goes, figures stay.
 */
import type { HeldNote } from "../view/held.ts";
import type { Row } from "../view/rows.ts";
import type { DayDigest } from "./day-digest.ts";

/** @param held by exchange, what was found in what it shows */
export function withoutHeld(
  digest: Omit<DayDigest, "held">,
  held: ReadonlyMap<string, readonly HeldNote[]>,
): DayDigest {
  const notes: Record<string, HeldNote[]> = {};
  digest.rows.forEach(({ id }, index) => {
    const found = held.get(id);
    if (found === undefined) return;
    const { conversation } = digest.placed[index]!;
    const known = notes[conversation] ?? [];
    notes[conversation] = known;
    for (const note of found) {
      if (!known.some(({ fingerprint }) => fingerprint === note.fingerprint)) known.push(note);
    }
  });
  if (Object.keys(notes).length === 0) return { ...digest, held: {} };
  return {
    ...digest,
    rows: digest.rows.map((row) => (Object.hasOwn(notes, row.conversation) ? blank(row) : row)),
    findings: digest.findings.filter(({ conversation }) => !Object.hasOwn(notes, conversation)),
    held: notes,
  };
}

/** The search and the lists must not say what the page does not. */
function blank(row: Row): Row {
  return {
    ...row,
    client: null,
    model: null,
    served: null,
    servedBy: null,
    words: "",
    tool_calls: [],
    labels: [],
    held: true,
  };
}
