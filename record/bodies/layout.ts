/**
 * The top level of a JSON object, as byte ranges: which members there are, and where the elements
 * of its arrays lie. Carving cuts along these ranges; the reader's outline finds keys with them.
 *
 * What always holds: a layout is only given for bytes that are one valid JSON object as a whole.
 */
import { JsonScanner } from "./json-scanner.ts";

/** What was found out about a value. Equal bytes in bodies that repeat each other share it. */
export interface Memo {
  /** Its parsed value, and the digest of what it is stored as; absent until somebody asked. */
  value?: unknown;
  digest?: string;
}

/** One JSON value: `[start, end)` in bytes, how deeply it nests, and its `cache_control` members. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly markers: readonly number[] | null;
  readonly memo: Memo;
}

export interface Member {
  /** The key's range, quotes included. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: Span;
  /** The elements where the value is an array, else null. */
  readonly elements: readonly Span[] | null;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The member's value or the element of its array that begins at `start`, where that is known. */
export type KnownValue = (start: number) => Span | null;

const NOTHING_KNOWN: KnownValue = () => null;

/** Members of the object that `bytes` are, in order; null where they are not one valid object. */
export function layoutOf(bytes: Uint8Array, known: KnownValue = NOTHING_KNOWN): Member[] | null {
  const scanner = new JsonScanner(bytes);
  const members: Member[] = [];
  let i = scanner.space(0);
  if (bytes[i] !== OPEN_OBJECT) return null;
  i = scanner.space(i + 1);
  if (bytes[i] === CLOSE_OBJECT) return scanner.space(i + 1) === bytes.length ? members : null;
  for (;;) {
    const member = readMember(bytes, scanner, i, known);
    if (member === null) return null;
    members.push(member);
    i = scanner.space(member.value.end);
    if (bytes[i] === CLOSE_OBJECT) break;
    if (bytes[i] !== COMMA) return null;
    i = scanner.space(i + 1);
  }
  return scanner.space(i + 1) === bytes.length ? members : null;
}

function readMember(
  bytes: Uint8Array,
  scanner: JsonScanner,
  keyStart: number,
  known: KnownValue,
): Member | null {
  if (bytes[keyStart] !== QUOTE) return null;
  const keyEnd = scanner.string(keyStart);
  if (keyEnd < 0) return null;
  const colon = scanner.space(keyEnd);
  if (bytes[colon] !== COLON) return null;
  const start = scanner.space(colon + 1);
  if (bytes[start] === OPEN_ARRAY) {
    const elements: Span[] = [];
    const end = readElements(bytes, scanner, start, elements, known);
    if (end < 0) return null;
    return { keyStart, keyEnd, value: { start, end, depth: 0, markers: null, memo: {} }, elements };
  }
  const value = known(start) ?? readSpan(scanner, start);
  return value && { keyStart, keyEnd, value, elements: null };
}

function readSpan(scanner: JsonScanner, start: number): Span | null {
  const end = scanner.value(start);
  if (end < 0) return null;
  return { start, end, depth: scanner.depth, markers: scanner.markers, memo: {} };
}

/** Fills `elements` from the array at `start`; offset after its bracket, or -1. */
function readElements(
  bytes: Uint8Array,
  scanner: JsonScanner,
  start: number,
  elements: Span[],
  known: KnownValue,
): number {
  let i = scanner.space(start + 1);
  if (bytes[i] === CLOSE_ARRAY) return i + 1;
  for (;;) {
    const element = known(i) ?? readSpan(scanner, i);
    if (element === null) return -1;
    elements.push(element);
    i = scanner.space(element.end);
    if (bytes[i] === CLOSE_ARRAY) return i + 1;
    if (bytes[i] !== COMMA) return -1;
    i = scanner.space(i + 1);
  }
}
