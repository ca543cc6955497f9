/**
 * Carving: a body cut by byte range into literals and parts, so that what a client repeats in every
 * request is stored once.
 *
 *   {"model":"m","messages":[{…},{…}],"stream":true}
 *   └──── literal ─────────┘└1─┘,└2─┘└── literal ──┘
 *
 * What always holds: the pieces put end to end are the body, byte for byte; literals and parts
 * alternate, and the first and last piece is a literal (which is itself stored as a part where it
 * is long or not UTF-8). A body that is no JSON object is one part. Nothing is ever re-serialised,
 * and no input makes it throw. What would break stored files: nothing here; a reader joins whatever
 * was carved. What would cost space: a change of these rules, for the day in which it happens.
 */
import { isUtf8 } from "node:buffer";
import { LIMITS } from "../limits.ts";
import { layoutOf, type Member, type Memo, type Span } from "./layout.ts";

/** A range of the body that is stored as a part. */
export interface CarvedPart {
  readonly start: number;
  readonly end: number;
  /** Ranges inside it to leave out and to put back at joining: start, end, start, end …; or null. */
  readonly markers: readonly number[] | null;
  /** Whether the range is one valid JSON value that nests no deeper than a reader can be asked to. */
  readonly json: boolean;
  /** Absent where the range is no value of the layout. */
  readonly memo?: Memo;
}

/** A string is literal text. */
export type Piece = string | CarvedPart;

/** `[offset, text]`: text to put into a stored part at a byte offset of the stored bytes. */
export type Insert = [number, string];

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const COMMA = 0x2c;

/**
 * Cuts a body into pieces. An empty body has none. `members` is its layout, where the caller has it
 * already (layout-memory.ts).
 */
export function carve(bytes: Buffer, members: readonly Member[] | null = layoutOf(bytes)): Piece[] {
  if (bytes.length === 0) return [];
  if (members === null) return [{ start: 0, end: bytes.length, markers: null, json: false }];
  const pieces: Piece[] = [];
  let literalStart = 0;
  let room: number = LIMITS.bodyPartCount;
  const take = (span: Span) => {
    if (room-- <= 0) return;
    pieces.push(literal(bytes, literalStart, span.start));
    pieces.push(partOf(bytes, span));
    literalStart = span.end;
  };
  for (const { value, elements } of members) {
    if (elements === null) {
      if (isLongValue(bytes, value)) take(value);
      continue;
    }
    for (const element of elements) if (isWorthAPart(bytes, element)) take(element);
  }
  pieces.push(literal(bytes, literalStart, bytes.length));
  return pieces;
}

/** Top-level strings and objects from a size on; numbers and words stay where they are. */
function isLongValue(bytes: Buffer, { start, end }: Span): boolean {
  if (end - start < LIMITS.partMinBytes) return false;
  return bytes[start] === QUOTE || bytes[start] === OPEN_OBJECT;
}

/**
 * Array elements, but not numbers, words and short strings (`"stop":["\n"]`, token arrays): a part
 * line costs over a hundred bytes, and no reader asks which of them are new.
 */
function isWorthAPart(bytes: Buffer, { start, end }: Span): boolean {
  const first = bytes[start];
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return true;
  return first === QUOTE && end - start >= LIMITS.elementMinBytes;
}

function partOf(bytes: Buffer, span: Span): CarvedPart {
  let { markers } = span;
  if (markers !== null) {
    const tooMany = markers.length / 2 > LIMITS.markerCount;
    if (tooMany || !markersAreText(bytes, markers)) markers = null;
  }
  return {
    start: span.start,
    end: span.end,
    markers,
    json: span.depth < LIMITS.jsonDepthCount,
    memo: span.memo,
  };
}

function markersAreText(bytes: Buffer, markers: readonly number[]): boolean {
  for (let k = 0; k < markers.length; k += 2) {
    if (!isUtf8(bytes.subarray(markers[k], markers[k + 1]))) return false;
  }
  return true;
}

function literal(bytes: Buffer, start: number, end: number): Piece {
  if (end - start === 1 && bytes[start] === COMMA) return ",";
  const isText = end - start < LIMITS.literalBytes && isUtf8(bytes.subarray(start, end));
  return isText ? bytes.toString("utf8", start, end) : { start, end, markers: null, json: false };
}

/** The bytes that a part is stored as: the range without its markers. */
export function storedBytes(bytes: Buffer, part: CarvedPart): Buffer {
  const { start, end, markers } = part;
  if (markers === null) return bytes.subarray(start, end);
  const kept: Buffer[] = [];
  let from = start;
  for (let k = 0; k < markers.length; k += 2) {
    kept.push(bytes.subarray(from, markers[k]));
    from = markers[k + 1]!;
  }
  kept.push(bytes.subarray(from, end));
  return Buffer.concat(kept);
}

/** What has to be inserted into the stored bytes to get the range back; null where nothing. */
export function insertsOf(bytes: Buffer, part: CarvedPart): Insert[] | null {
  const { start, markers } = part;
  if (markers === null) return null;
  const inserts: Insert[] = [];
  let removed = 0;
  for (let k = 0; k < markers.length; k += 2) {
    const from = markers[k]!;
    const to = markers[k + 1]!;
    inserts.push([from - start - removed, bytes.toString("utf8", from, to)]);
    removed += to - from;
  }
  return inserts;
}
