/**
 * A validating JSON scanner (RFC 8259) over bytes. It finds where values end and builds none, so
 * duplicate keys, big numbers and odd spacing are nothing to it.
 *
 * What always holds: no recursion (a million open brackets cost a million bytes of stack array),
 * no copy of the input, one look at each byte. Bytes above 0x7f inside strings pass unlooked at:
 * whether they are UTF-8 is the caller's question. It must never throw on any input.
 *
 * On its way it notes `cache_control` members, which clients move from message to message.
 */
import { LIMITS } from "../limits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const MARKER = Buffer.from('"cache_control"');

/** 1 for what may follow a backslash, 2 for `u`. */
const ESCAPES = new Uint8Array(256);
for (const c of Buffer.from('"\\/bfnrt')) ESCAPES[c] = 1;
ESCAPES[0x75] = 2;

/** 1 for bytes that stand for themselves inside a string: all but `"`, `\` and control characters. */
const PLAIN = new Uint8Array(256).fill(1);
PLAIN.fill(0, 0, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

const isDigit = (c: number | undefined) => c !== undefined && c >= 0x30 && c <= 0x39;
const isHex = (c: number | undefined) =>
  c !== undefined && (isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66));

export class JsonScanner {
  /** Deepest nesting inside the last `value()`: 0 for a scalar, 1 for `{}`. */
  depth = 0;
  /** Marker members inside the last `value()`: start and end of each, flat, ascending; or null. */
  markers: number[] | null = null;

  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Kind of each open container: its opening byte. */
  #stack = new Uint8Array(64);
  #markerStart = -1;
  #markerDepth = 0;
  #markerIsFirst = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Offset of the first byte at or after `i` that is no white space. */
  space(i: number): number {
    const bytes = this.#bytes;
    while (i < this.#end) {
      const c = bytes[i]!;
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
      i++;
    }
    return i;
  }

  /** `i` at the opening quote; offset after the closing one, or -1. */
  string(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    i++;
    while (i < end) {
      const c = bytes[i]!;
      if (PLAIN[c] === 1) i++;
      else if (c === QUOTE) return i + 1;
      else if (c === BACKSLASH) {
        const kind = i + 1 < end ? ESCAPES[bytes[i + 1]!] : 0;
        if (kind === 1) i += 2;
        else if (kind === 2 && this.#fourHex(i + 2)) i += 6;
        else return -1;
      } else return -1;
    }
    return -1;
  }

  /** Offset after the JSON value that begins at `i` (white space skipped before), or -1. */
  value(i: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let depth = 0;
    this.depth = 0;
    this.markers = null;
    this.#markerStart = -1;
    for (;;) {
      const c = i < end ? bytes[i]! : 0;
      if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
        this.#push(depth++, c);
        i = this.space(i + 1);
        if (i >= end) return -1;
        // `{` + 2 is `}`, and `[` + 2 is `]`.
        if (bytes[i] === c + 2) {
          i++;
          depth--;
        } else {
          if (c === OPEN_OBJECT) i = this.#key(i, -1, depth);
          if (i < 0) return -1;
          continue;
        }
      } else {
        i = c === QUOTE ? this.string(i) : this.#scalar(i);
        if (i < 0) return -1;
      }
      // A value has just ended at `i`: close what closes, up to the next value.
      for (;;) {
        if (this.#markerStart >= 0 && depth === this.#markerDepth) this.#endMarker(i);
        if (depth === 0) return i;
        i = this.space(i);
        if (i >= end) return -1;
        const open = this.#stack[depth - 1]!;
        const next = bytes[i]!;
        if (next === open + 2) {
          depth--;
          i++;
          continue;
        }
        if (next !== COMMA) return -1;
        const comma = i;
        i = this.space(i + 1);
        if (open === OPEN_OBJECT) i = this.#key(i, comma, depth);
        if (i < 0) return -1;
        break;
      }
    }
  }

  #push(depth: number, kind: number): void {
    if (depth === this.#stack.length) {
      const wider = new Uint8Array(depth * 2);
      wider.set(this.#stack);
      this.#stack = wider;
    }
    this.#stack[depth] = kind;
    if (depth >= this.depth) this.depth = depth + 1;
  }

  /** Reads `"key" :` at `i`; offset of the member's value, or -1. */
  #key(i: number, comma: number, depth: number): number {
    const bytes = this.#bytes;
    if (i >= this.#end || bytes[i] !== QUOTE) return -1;
    const keyEnd = this.string(i);
    if (keyEnd < 0) return -1;
    const colon = this.space(keyEnd);
    if (colon >= this.#end || bytes[colon] !== COLON) return -1;
    const value = this.space(colon + 1);
    if (value >= this.#end) return -1;
    if (
      keyEnd - i === MARKER.length &&
      bytes[value] === OPEN_OBJECT &&
      this.#markerStart < 0 &&
      MARKER.compare(bytes, i, keyEnd) === 0
    ) {
      // A comma that an earlier cut has already taken is not there to be taken twice.
      const taken = this.markers?.at(-1) ?? -1;
      this.#markerIsFirst = comma < 0 || comma < taken;
      this.#markerStart = this.#markerIsFirst ? i : comma;
      this.#markerDepth = depth;
    }
    return value;
  }

  /** The marker's value ends at `i`. A first member takes the comma after it along. */
  #endMarker(i: number): void {
    const start = this.#markerStart;
    this.#markerStart = -1;
    if (this.#markerIsFirst) {
      const comma = this.space(i);
      if (comma >= this.#end || this.#bytes[comma] !== COMMA) return;
      i = this.space(comma + 1);
    }
    if (i - start > LIMITS.markerBytes) return;
    this.markers ??= [];
    this.markers.push(start, i);
  }

  #fourHex(i: number): boolean {
    const b = this.#bytes;
    return isHex(b[i]) && isHex(b[i + 1]) && isHex(b[i + 2]) && isHex(b[i + 3]);
  }

  #scalar(i: number): number {
    const bytes = this.#bytes;
    const c = i < this.#end ? bytes[i]! : 0;
    if (c === 0x74) return this.#word(i, "true");
    if (c === 0x66) return this.#word(i, "false");
    if (c === 0x6e) return this.#word(i, "null");
    return this.#number(i);
  }

  #word(i: number, word: string): number {
    for (let k = 1; k < word.length; k++) {
      if (this.#bytes[i + k] !== word.charCodeAt(k)) return -1;
    }
    return i + word.length;
  }

  #number(i: number): number {
    const bytes = this.#bytes;
    if (bytes[i] === 0x2d) i++;
    i = bytes[i] === 0x30 ? i + 1 : this.#digits(i);
    if (i >= 0 && bytes[i] === 0x2e) i = this.#digits(i + 1);
    if (i >= 0 && (bytes[i] === 0x65 || bytes[i] === 0x45)) {
      const sign = bytes[i + 1];
      i = this.#digits(sign === 0x2b || sign === 0x2d ? i + 2 : i + 1);
    }
    return i;
  }

  /** Offset after one or more digits at `i`, or -1. */
  #digits(i: number): number {
    const start = i;
    while (isDigit(this.#bytes[i])) i++;
    return i === start ? -1 : i;
  }
}

/** Whether bytes are one valid JSON value that nests no deeper than a reader can be asked to. */
export function isShallowJson(bytes: Uint8Array): boolean {
  const scanner = new JsonScanner(bytes);
  const end = scanner.value(scanner.space(0));
  return end >= 0 && scanner.space(end) === bytes.length && scanner.depth < LIMITS.jsonDepthCount;
}
