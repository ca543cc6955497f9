/**
 * Careful access to JSON that a stranger wrote: parsing with a limit on depth, reading members
 * without prototypes in the way, writing members so that `__proto__` stays a plain key.
 *
 * What always holds: nothing in here throws, whatever the value; integers beyond 2^53 survive a
 * parse and a later JSON.stringify digit by digit (as raw JSON, ECMA-262 "JSON.rawJSON").
 */
import { LIMITS } from "../limits.ts";

export type JsonObject = Record<string, unknown>;

/** The two functions of the JSON source text access proposal, which lib.es does not know yet. */
interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const raw = JSON as unknown as RawJson;

/** A number of 16 digits or more standing where a value stands: only then is the slow way taken. */
const BIG_NUMBER = /[:[,]\s*-?\d{16,}/;
const BIG_DIGITS = 16;

/** How a JSON text may begin; whatever else is refused without the cost of an exception. */
const JSON_START = /^[\t\n\r ]*[-[{"0-9tfn]/;
const OPEN_OBJECT = 123;

export type Parsed = { ok: true; value: unknown } | { ok: false; why: string };

/**
 * Parses JSON text. Fails (with a reason in plain words) on bad JSON, on nesting deeper than
 * LIMITS.jsonDepthCount, which nothing here wants to walk, and on objects of more than
 * LIMITS.jsonMemberCount members.
 */
export function parseJson(text: string): Parsed {
  // One look at a long text is quicker than an expression that goes through its strings as well.
  const long = text.length > LIMITS.jsonDepthCount ? lookAt(text) : null;
  if (long !== null && long.why !== null) return { ok: false, why: long.why };
  if (text.charCodeAt(0) !== OPEN_OBJECT && !JSON_START.test(text))
    return { ok: false, why: "not JSON: no value begins like that" };
  try {
    const big = long?.big ?? hasBigNumber(text);
    return { ok: true, value: big ? JSON.parse(text, keepBigNumber) : JSON.parse(text) };
  } catch (error) {
    return { ok: false, why: `not JSON: ${(error as Error).message}` };
  }
}

/** So many digits in a row cover a position that their number divides: the others need no look. */
function hasBigNumber(text: string): boolean {
  for (let i = BIG_DIGITS - 1; i < text.length; i += BIG_DIGITS) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57 && digitsAround(text, i) >= BIG_DIGITS) return BIG_NUMBER.test(text);
  }
  return false;
}

function digitsAround(text: string, at: number): number {
  let start = at;
  while (isDigit(text.charCodeAt(start - 1))) start--;
  let end = at + 1;
  while (isDigit(text.charCodeAt(end))) end++;
  return end - start;
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;

function keepBigNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || !/^-?\d{16,}$/.test(source))
    return value;
  return Number.isSafeInteger(value) ? value : raw.rawJSON(source);
}

const POINT = 46;
const COLON = 58;
const QUOTE = 34;
const BACKSLASH = 92;

interface Looked {
  /** What would make the value too dear to build or to walk; null where nothing does. */
  readonly why: string | null;
  /** Whether an integer of 16 digits or more stands somewhere. */
  readonly big: boolean;
}

/**
 * Looks for brackets outside strings that nest deeper than the limit, for an object with too many
 * members (a hash table that grows one by one) and for long integers. Linear, without recursion.
 */
function lookAt(text: string): Looked {
  let depth = 0;
  let big = false;
  /** Digits of the number so far; far below zero behind its point. */
  let digits = 0;
  /** Colons seen in the object or array at each depth. */
  const members = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57) {
      if (++digits === BIG_DIGITS) big = true;
      continue;
    }
    digits = c === POINT ? Number.NEGATIVE_INFINITY : 0;
    if (c === QUOTE) {
      i = endOfString(text, i);
      if (i < 0) return { why: null, big };
    } else if (c === COLON) {
      if (++members[depth]! > LIMITS.jsonMemberCount) {
        return { why: `a JSON object with more than ${LIMITS.jsonMemberCount} members`, big };
      }
    } else if (c === 123 || c === 91) {
      if (++depth > LIMITS.jsonDepthCount) {
        return { why: `JSON nested deeper than ${LIMITS.jsonDepthCount} levels`, big };
      }
      members[depth] = 0;
    } else if ((c === 125 || c === 93) && depth > 0) depth--;
  }
  return { why: null, big };
}

/** Index of the quote that closes the string opened at `start`; -1 where none does. */
function endOfString(text: string, start: number): number {
  let i = start;
  for (;;) {
    i = text.indexOf('"', i + 1);
    if (i < 0) return -1;
    let slashes = 0;
    for (let j = i - 1; text.charCodeAt(j) === BACKSLASH; j--) slashes++;
    if (slashes % 2 === 0) return i;
  }
}

/** JSON text of a value; `null` where it cannot be written (too deep for the stack). */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return "null";
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
}

/** Whether it is a raw number: looked for its only member first, since asking is dear. */
function isRaw(value: object): boolean {
  return (value as JsonObject).rawJSON !== undefined && raw.isRawJSON(value);
}

/*
 * Members are read by up to three keys, one behind the other, written out: these functions are
 * called some fifty times for each event of a stream, and a list of keys is an object a call.
 */

/** The own member at the end of up to three keys, or undefined. */
export function get(value: unknown, key: string, then?: string, last?: string): unknown {
  const found = member(value, key);
  if (then === undefined || found === undefined) return found;
  const inner = member(found, then);
  return last === undefined ? inner : member(inner, last);
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const found = (value as JsonObject)[key];
  // Most that is asked for is not there; what is there may be a prototype's, or a raw number's text.
  if (found === undefined || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined;
  if (key === "rawJSON" && raw.isRawJSON(value)) return undefined;
  return found;
}

const at = (value: unknown, key?: string, then?: string, last?: string): unknown =>
  key === undefined ? value : get(value, key, then, last);

/** The string there (the value itself where no key is given), or null. */
export function str(value: unknown, key?: string, then?: string, last?: string): string | null {
  const found = at(value, key, then, last);
  return typeof found === "string" ? found : null;
}

/** The string there where it is not empty, or null. */
export function word(value: unknown, key?: string, then?: string, last?: string): string | null {
  return str(value, key, then, last) || null;
}

/** The finite number there, or null. */
export function num(value: unknown, key?: string, then?: string, last?: string): number | null {
  const found = at(value, key, then, last);
  if (typeof found === "number") return Number.isFinite(found) ? found : null;
  return raw.isRawJSON(found) ? Number(JSON.stringify(found)) : null;
}

/** The array there, or an empty one. */
export function list(value: unknown, key?: string, then?: string, last?: string): unknown[] {
  const found = at(value, key, then, last);
  return Array.isArray(found) ? found : [];
}

/** The object there, or an empty one. */
export function obj(value: unknown, key?: string, then?: string, last?: string): JsonObject {
  const found = at(value, key, then, last);
  return isObject(found) ? found : {};
}

/** Sets a member as JSON.parse would: `__proto__` becomes an own key, never the prototype. */
export function put(target: JsonObject, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else target[key] = value;
}

/** A shallow copy that keeps odd keys odd. */
export function copy(source: JsonObject): JsonObject {
  const target: JsonObject = {};
  for (const key of Object.keys(source)) put(target, key, source[key]);
  return target;
}
