/** A day's line in the index, summed up from its digest. Pure. */
import type { DayDigest } from "../digest/day-digest.ts";
import { dayParts, digestOfPart } from "../view/day-parts.ts";
import { addRow, emptyTotals, type Totals } from "../view/totals.ts";
import type { DirtyDay } from "./dirty-days.ts";
import type { DayEntry } from "./manifest.ts";

/** What of it follows from its digest and files. */
export function dayEntry(
  onDisk: DirtyDay,
  digest: DayDigest,
): Omit<DayEntry, "elsewhere" | "indexBefore" | "indexAfter" | "segment"> {
  const totals = emptyTotals();
  const models: Record<string, Totals> = {};
  for (const row of digest.rows) {
    addRow(totals, row);
    if (row.model === null && row.operation === null) continue;
    const key = `${row.model ?? ""}\n${row.upstream ?? ""}`;
    models[key] ??= emptyTotals();
    addRow(models[key], row);
  }
  const findings: Record<string, number> = {};
  for (const { rule } of digest.findings) findings[rule] = (findings[rule] ?? 0) + 1;
  const seen = new Set(digest.placed.map(({ conversation }) => conversation));
  const began = digest.placed.filter(
    ({ placed }) => placed.parent === null && placed.relation !== "side",
  );
  const conversations = Math.min(seen.size, new Set(began.map((entry) => entry.conversation)).size);
  return {
    number: onDisk.number,
    day: onDisk.day,
    signature: onDisk.signature,
    files: onDisk.marks,
    bytes: onDisk.bytes,
    hits: onDisk.hits,
    allowed: onDisk.allowed,
    held: Object.entries(digest.held).flatMap(([conversation, notes]) =>
      notes.map((note) => ({ conversation, ...note })),
    ),
    parts: dayParts(digest.rows).map(digestOfPart),
    totals,
    models,
    findings,
    conversations,
  };
}
