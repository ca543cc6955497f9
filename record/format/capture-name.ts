/**
 * Names of capture files inside an ID folder.
 *
 *   2026-11-23.jsonl         the UTC day on which the exchanges started
 *   2026-11-23+1.jsonl       the same day, after the first file had passed its size
 *   2026-11-23.nas.jsonl     written by the machine that calls itself `nas` in its configuration
 *   2026-11-23.nas+1.jsonl
 *
 * What always holds: name order is day order, and parse and write are each other's inverse.
 */

export interface CaptureName {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly writer: string | null;
  /** 0 for the first file of the day, then 1, 2 … */
  readonly part: number;
}

const NAME = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([A-Za-z0-9_-]+))?(?:\+([1-9][0-9]*))?\.jsonl$/;

/** Null for a name that is no capture file's; so is one of a day that no calendar has. */
export function parseCaptureName(name: string): CaptureName | null {
  const match = NAME.exec(name);
  const day = match?.[1];
  if (!match || day === undefined || !isCalendarDay(day)) return null;
  return { day, writer: match[2] ?? null, part: Number(match[3] ?? 0) };
}

export function captureName({ day, writer, part }: CaptureName): string {
  return `${day}${writer === null ? "" : `.${writer}`}${part === 0 ? "" : `+${part}`}.jsonl`;
}

function isCalendarDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
