/**
 * Cuts a day into pages so that an older page stays as it is when calls are added: parts of
 * LIMITS.siteDayRows from the day's beginning; the newest page has what is left, and one part more.
 */
import { createHash } from "node:crypto";
import { LIMITS } from "../../record/limits.ts";
import type { Row } from "./rows.ts";

export interface DayPart {
  /** Folder below the day's: "" for the newest page, else `1/` for the day's first calls. */
  readonly folder: string;
  /** Folders of the pages beside it; null where there is none. */
  readonly newer: string | null;
  readonly older: string | null;
  /** Position of its first call in the day, from 0. */
  readonly from: number;
  /** In order of time. */
  readonly rows: readonly Row[];
}

/** The newest page first, then the older ones from the day's beginning. */
export function dayParts(rows: readonly Row[]): DayPart[] {
  const size = LIMITS.siteDayRows;
  const full = Math.max(0, Math.floor(rows.length / size) - 1);
  const older = Array.from({ length: full }, (_, index) => ({
    folder: `${index + 1}/`,
    newer: index + 1 < full ? `${index + 2}/` : "",
    older: index > 0 ? `${index}/` : null,
    from: index * size,
    rows: rows.slice(index * size, (index + 1) * size),
  }));
  const newest: DayPart = {
    folder: "",
    newer: null,
    older: full > 0 ? `${full}/` : null,
    from: full * size,
    rows: rows.slice(full * size),
  };
  return [newest, ...older];
}

/** Equal where the page is the same but for titles. */
export function digestOfPart(part: DayPart): string {
  return createHash("sha256").update(JSON.stringify(part)).digest("hex").slice(0, 16);
}
