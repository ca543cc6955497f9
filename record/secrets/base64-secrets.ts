/**
 * Secrets inside base64: a key encoded by itself, a whole file in a tool's output, basic
 * credentials. Entered only where the base64 form of an anchor was seen; decodes no more than the
 * rule there can reach.
 *
 * Invariants: after the replacement a long run still decodes, with the marker where the
 * secret was; a short run gives way to the readable marker as a whole.
 */
import { standsInText } from "./base64-context.ts";
import type { Occurrence } from "./rule.ts";

/** `secret` is the decoded text; the bytes from `start` to `end` are to give way for `text(marker)`. */
export interface EncodedSecret {
  readonly start: number;
  readonly end: number;
  readonly secret: string;
  readonly text: (marker: string) => string;
}

/** Runs up to this many characters are replaced whole. */
const SHORT_RUN = 512;
/** Groups of four characters decoded in front of the anchor: boundaries and what precedes it. */
const GROUPS_BEFORE = 24;

const IS_BASE64 = new Uint8Array(256);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_") {
  IS_BASE64[c.charCodeAt(0)] = 1;
}

function runStart(bytes: Uint8Array, at: number, limit: number): number {
  let start = at;
  while (start > limit && IS_BASE64[bytes[start - 1]!] === 1) start -= 1;
  // The letter of an escape (`\n`) in front is no part of the run.
  if (start > 0 && bytes[start - 1] === 0x5c) start += bytes[start] === 0x75 ? 5 : 1;
  return start;
}

function runEnd(bytes: Uint8Array, at: number, limit: number): number {
  let end = at;
  while (end < limit && IS_BASE64[bytes[end]!] === 1) end += 1;
  return end;
}

/** True where no other character lies between the two offsets. */
export function isBase64Between(bytes: Uint8Array, from: number, to: number): boolean {
  return runEnd(bytes, from, to) >= to;
}

/** Offset within a group of four at which the fixed characters of a form begin, by phase. */
export const FORM_OFFSET = [0, 2, 3] as const;

/** Where the rule (or live credential) stands in decoded text. */
export type FindIn = (text: string) => readonly Occurrence[];

/** The places of one secret, and what lies between them, as one: no JSON can break in here. */
function joined(places: readonly Occurrence[]): Occurrence[] {
  const whole: Occurrence[] = [];
  for (const place of places) {
    const last = whole.at(-1);
    if (place.continued !== true || last === undefined) whole.push(place);
    else whole[whole.length - 1] = { ...last, end: place.end };
  }
  return whole;
}

export interface Base64Place {
  /** Where the base64 forms of anchors begin: the first, and the last in the same run. */
  readonly first: number;
  readonly last: number;
  readonly phase: 0 | 1 | 2;
  /** Characters (decoded) that may belong to it behind an anchor, and in front of one. */
  readonly reach: number;
  readonly before: number;
  /** A live credential, which chance does not make; what is none counts in text only. */
  readonly isLive: boolean;
}

/** Secrets of one rule around the base64 forms of its anchors. */
export function secretsInBase64(bytes: Buffer, place: Base64Place, find: FindIn): EncodedSecret[] {
  const { first: hit, phase } = place;
  const group = hit - FORM_OFFSET[phase];
  const groups = GROUPS_BEFORE + Math.ceil(place.before / 3);
  const from = runStart(bytes, hit, Math.max(0, hit - Math.max(SHORT_RUN, 4 * groups)));
  if (group < from) return [];
  const first = group - 4 * Math.min(groups, Math.floor((group - from) / 4));
  const limit = Math.min(bytes.length, place.last + base64Reach(place.reach));
  let end = runEnd(bytes, hit, limit);
  const cut = end === limit && end < bytes.length;
  if (cut) end -= (end - first) % 4;
  const padded = !cut && bytes[end] === 0x3d ? end + (bytes[end + 1] === 0x3d ? 2 : 1) : end;
  const decoded = Buffer.from(bytes.toString("latin1", first, end), "base64").toString("latin1");
  const isShort = !cut && padded - from <= SHORT_RUN;
  const found = joined(find(decoded)).filter(
    ({ start, end: stop }) => place.isLive || standsInText(decoded, start, stop),
  );
  return found.map(({ start, end: stop, secret = decoded.slice(start, stop) }) => {
    if (isShort) return { start: from, end: padded, secret, text: (marker) => marker };
    const a = start - (start % 3);
    const b = Math.min(decoded.length, Math.ceil(stop / 3) * 3);
    const atEnd = b === decoded.length;
    return {
      start: first + (a / 3) * 4,
      end: atEnd ? padded : first + (b / 3) * 4,
      secret,
      text: (marker) => encode(decoded.slice(a, start), marker, decoded.slice(stop, b), atEnd),
    };
  });
}

/** How far a rule looks behind its anchor, in characters of base64. */
export function base64Reach(reach: number): number {
  return Math.ceil((reach * 4) / 3);
}

function encode(before: string, marker: string, after: string, atEnd: boolean): string {
  const length = before.length + marker.length + after.length;
  const fill = atEnd ? "" : " ".repeat((3 - (length % 3)) % 3);
  return Buffer.from(before + marker + fill + after, "latin1").toString("base64");
}
