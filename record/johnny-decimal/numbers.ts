/**
 * Johnny.Decimal numbers: areas `10-19`, categories `11`, IDs `11.11`, and the one patterned
 * sub-level inside an ID, `11.11+name`. Parsing, order and the reserved ones.
 *
 * Invariants: a number is identity and is compared as text; a category belongs to the area
 * of its first digit and an ID to the category before its dot, so parents are computed, never
 * looked up. Never in here: titles, folders, file access.
 */

export type NumberLevel = "area" | "category" | "id" | "sub";

/** A parsed number with all its parents; what lies below its level is null. */
export interface JdNumber {
  readonly level: NumberLevel;
  /** The whole number as it is written: `10-19`, `11`, `11.11`, `11.11+name`. */
  readonly text: string;
  readonly area: string;
  readonly category: string | null;
  readonly id: string | null;
  /** The name after the plus, without the plus. */
  readonly sub: string | null;
}

/** Longest name after the plus, in bytes. */
export const SUB_NAME_BYTES = 60;

const SUB_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._-]*[\p{L}\p{M}\p{N}_-])?$/u;

/** Reserved IDs of every category, by what follows the dot. */
export const RESERVED = { jdex: "00", inbox: "01", archive: "09" } as const;

/** The area that the system keeps for itself. */
export const SYSTEM_AREA = "00-09";
/** The ID that holds index, plan and journal. */
export const SYSTEM_JDEX = "00.00";
/** The ID for exchanges that no rule placed. */
export const SYSTEM_INBOX = "00.01";
/** The first number that is given to a new ID of a category. */
export const FIRST_ID = 11;
export const LAST_ID = 99;

/** Parses exactly what is a number and nothing else; null for all other text. */
export function parseNumber(text: string): JdNumber | null {
  const area = /^([0-9])0-([0-9])9$/.exec(text);
  if (area !== null) {
    return area[1] === area[2]
      ? { level: "area", text, area: text, category: null, id: null, sub: null }
      : null;
  }
  const match = /^([0-9][0-9])(?:\.([0-9][0-9])(?:\+(.*))?)?$/su.exec(text);
  if (match === null) return null;
  const category = match[1]!;
  const parents = { area: areaOf(category), category };
  if (match[2] === undefined) return { level: "category", text, ...parents, id: null, sub: null };
  const id = `${category}.${match[2]}`;
  const sub = match[3];
  if (sub === undefined) return { level: "id", text, ...parents, id, sub: null };
  return isSubName(sub) ? { level: "sub", text, ...parents, id, sub } : null;
}

/** True for a name that may follow the plus: letters, digits, `.`, `_`, `-`; no dot at an end. */
export function isSubName(name: string): boolean {
  return (
    SUB_NAME.test(name) &&
    Buffer.byteLength(name) <= SUB_NAME_BYTES &&
    name === name.normalize("NFC")
  );
}

/**
 * Parses a number as people write it in tables: full-width digits and points, any dash or wave
 * between the ends of an area, spaces around. Null where that still is no number.
 */
export function parseLooseNumber(text: string): JdNumber | null {
  const plain = text
    .normalize("NFKC")
    .replace(/[\u200b-\u200f\u2060\ufeff]/g, "")
    .trim();
  const area = /^([0-9])0\s*[-\u2010-\u2015\u2212~\u301c]\s*([0-9])9$/.exec(plain);
  return parseNumber(area === null ? plain : `${area[1]}0-${area[2]}9`);
}

/** `11` → `10-19`. */
export function areaOf(category: string): string {
  const decade = category.slice(0, 1);
  return `${decade}0-${decade}9`;
}

/** `11`, 12 → `11.12`. */
export function idOf(category: string, value: number): string {
  return `${category}.${String(value).padStart(2, "0")}`;
}

/** `11.12` → 12. */
export function idValue(id: string): number {
  return Number(id.slice(3, 5));
}

/** Which reserved ID of its category this is, or null for an ordinary one. */
export function reservedRole(id: string): keyof typeof RESERVED | null {
  const value = id.slice(3, 5);
  if (value === RESERVED.jdex) return "jdex";
  if (value === RESERVED.inbox) return "inbox";
  return value === RESERVED.archive ? "archive" : null;
}

/** Order of an index: each area before its categories, each category before its IDs. */
export function compareNumbers(a: string, b: string): number {
  const left = sortKey(a);
  const right = sortKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function sortKey(text: string): string {
  // An area sorts by its first digit alone, so that it stands before `10` and after `09`.
  return /^[0-9]0-[0-9]9$/.test(text) ? text.slice(0, 1) : text;
}

/** Whether a number is `wanted` or lies in it: an area, a category, an ID or `11.11+name`. */
export function isWithin(number: string, wanted: string): boolean {
  const level = parseNumber(wanted)?.level;
  const own = parseNumber(number);
  if (level === undefined || own === null) return false;
  return level === "sub" ? number === wanted : own[level] === wanted;
}

/** The inbox of a category, `11` → `11.01`; null → that of the system. */
export function inboxOf(category: string | null): string {
  return category === null ? SYSTEM_INBOX : `${category}.${RESERVED.inbox}`;
}

/**
 * The next ID of a category: highest used + 1, from .11; gaps are not filled. `used` are all IDs
 * that are or ever were used, archived and journaled ones included. Null when .99 is used.
 */
export function nextId(category: string, used: Iterable<string>): string | null {
  let highest = FIRST_ID - 1;
  for (const id of used) {
    if (id.startsWith(`${category}.`)) highest = Math.max(highest, idValue(id));
  }
  return highest >= LAST_ID ? null : idOf(category, highest + 1);
}
