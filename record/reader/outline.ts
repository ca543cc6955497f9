/**
 * The outline of a body: which parts stand under which top-level key, and their digests. It is how
 * two requests are compared without joining either.
 *
 * What always holds: in a carved list literals and carved values alternate, beginning with a
 * literal, so the entries at odd positions are values and those at even ones are text (stored as a
 * part where it is long). The keys come from laying out the literals with a placeholder for each
 * value: no value is read.
 */
import { layoutOf } from "../bodies/layout.ts";
import type { Atom } from "../bodies/part-list.ts";

/** One carved value. `sha256` is its identity: of its bytes without `cache_control` markers. */
export interface OutlinePart {
  readonly n: number;
  readonly sha256: string;
  /** True where `cache_control` markers were taken out of it. */
  readonly marked: boolean;
}

/** A top-level array, or a top-level string or object that was carved. */
export interface OutlineEntry {
  readonly key: string;
  /** Whether the parts are elements of an array. */
  readonly list: boolean;
  readonly parts: OutlinePart[];
}

export interface OutlineSource {
  /** Bytes of a part that is a long literal. */
  part(n: number): Uint8Array;
  /** Digest of a part. */
  digest(n: number): string;
}

/** The outline of a flat list; empty where the body was not carved. */
export function outlineOf(atoms: readonly Atom[], source: OutlineSource): OutlineEntry[] {
  if (atoms.length < 3) return [];
  const skeleton: Uint8Array[] = [];
  /** Part by the offset of its placeholder. */
  const values = new Map<number, OutlinePart>();
  let length = 0;
  atoms.forEach((atom, i) => {
    const bytes = i % 2 === 1 ? PLACEHOLDER : literalBytes(atom, source);
    if (i % 2 === 1) values.set(length, carvedValue(atom, source));
    skeleton.push(bytes);
    length += bytes.length;
  });
  return entriesOf(Buffer.concat(skeleton), values);
}

const PLACEHOLDER = Buffer.from("0");
const COMMA = Buffer.from(",");

function literalBytes(atom: Atom, source: OutlineSource): Uint8Array {
  // Between any two elements of a list.
  if (atom === ",") return COMMA;
  if (typeof atom === "string") return Buffer.from(atom);
  return source.part(typeof atom === "number" ? atom : atom.part);
}

function carvedValue(atom: Atom, source: OutlineSource): OutlinePart {
  if (typeof atom === "string") throw new RangeError("two literals in a row");
  const n = typeof atom === "number" ? atom : atom.part;
  return { n, sha256: source.digest(n), marked: typeof atom === "object" };
}

function entriesOf(skeleton: Buffer, values: ReadonlyMap<number, OutlinePart>): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  for (const { keyStart, keyEnd, value, elements } of layoutOf(skeleton) ?? []) {
    const parts: OutlinePart[] = [];
    for (const { start } of elements ?? [value]) {
      const part = values.get(start);
      if (part) parts.push(part);
    }
    if (parts.length === 0) continue;
    const key: string = JSON.parse(skeleton.toString("utf8", keyStart, keyEnd));
    entries.push({ key, list: elements !== null, parts });
  }
  return entries;
}
