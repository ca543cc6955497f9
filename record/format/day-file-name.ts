/**
 * Names of capture files: `2026-11-23.jsonl`, `2026-11-23+1.jsonl` (the first one was full),
 * `2026-11-23.nas.jsonl` and `2026-11-23.nas+1.jsonl` (of the machine called `nas`). Pure.
 */

const NAME =
  /^(\d{4}-\d{2}-\d{2})(?:\.([A-Za-z0-9][A-Za-z0-9_-]{0,62}))?(?:\+([1-9]\d{0,5}))?\.jsonl$/;

/** What a capture file's name says. `part` is 0 for the first file of a day. */
export interface DayFileName {
  readonly day: string;
  readonly writer: string | null;
  readonly part: number;
}

export function dayFileName({ day, writer, part }: DayFileName): string {
  return `${day}${writer === null ? "" : `.${writer}`}${part === 0 ? "" : `+${part}`}.jsonl`;
}

/** null for every other name. */
export function parseDayFileName(name: string): DayFileName | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  return { day: match[1] ?? "", writer: match[2] ?? null, part: Number(match[3] ?? 0) };
}
