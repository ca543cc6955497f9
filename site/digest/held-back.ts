/**
 * Takes conversations out of a day's digest in which something looks like a credential: what was
 * captured goes, figures stay.
 */
import type { HeldNote } from "../view/held.ts";
import type { Row } from "../view/rows.ts";
import type { DayDigest } from "./day-digest.ts";

/**
 * @param held by exchange, what was found in what it shows
 * @param elsewhere conversations that are held back because of another day
 */
export function withoutHeld(
  digest: Omit<DayDigest, "held">,
  held: ReadonlyMap<string, readonly HeldNote[]>,
  elsewhere: readonly string[],
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
  const hidden = new Set([...Object.keys(notes), ...elsewhere]);
  if (hidden.size === 0) return { ...digest, held: {} };
  return {
    ...digest,
    rows: digest.rows.map((row) => (hidden.has(row.conversation) ? blank(row) : row)),
    findings: digest.findings.filter(({ conversation }) => !hidden.has(conversation)),
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
