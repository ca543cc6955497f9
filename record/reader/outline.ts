/**
 * The outline of a body: what stands at its top level, which of it was carved and where it belongs.
 * It is how two requests are compared without joining either, and how a body is read without
 * parsing again what an earlier one had.
 *
 * What always holds: in a carved list literals and carved values alternate, beginning with a
 * literal, so the entries at odd positions are values and those at even ones are text (stored as a
 * part where it is long). The keys come from parsing the literals with placeholders for the
 * values: no value is read.
 */
import { randomBytes } from "node:crypto";
import type { Atom } from "../bodies/part-list.ts";

/** One carved value. `sha256` is its identity: of its bytes without `cache_control` markers. */
export interface OutlinePart {
  readonly n: number;
  readonly sha256: string;
  /** True where `cache_control` markers were taken out of it. */
  readonly marked: boolean;
  /** Its position in the array; 0 where it is no element of one. */
  readonly at: number;
}

/** A top-level array, or a top-level string or object that was carved. */
export interface OutlineEntry {
  readonly key: string;
  /** Whether the parts are elements of an array. */
  readonly list: boolean;
  readonly parts: OutlinePart[];
}

export interface Outline {
  readonly entries: readonly OutlineEntry[];
  /** The body's own members, with null in the place of each carved value. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface OutlineSource {
  /** Bytes of a part that is a long literal. */
  part(n: number): Uint8Array;
  /** Digest of a part. */
  digest(n: number): string;
}

/** The outline of a flat list; null where the body was not carved. */
export function outlineOf(atoms: readonly Atom[], source: OutlineSource): Outline | null {
  if (atoms.length < 3) return null;
  let skeleton = "";
  for (let i = 0; i < atoms.length; i++) {
    if (i % 2 === 0) skeleton += literalText(atoms[i]!, source);
    else {
      const end = endOfRun(atoms, i);
      skeleton += `"${PLACEHOLDER}${i} ${end}"`;
      i = end;
    }
  }
  const rest = parsedObject(skeleton);
  if (rest === null) return null;
  const entries: OutlineEntry[] = [];
  for (const key of Object.keys(rest)) {
    const list = Array.isArray(rest[key]);
    const parts: OutlinePart[] = [];
    const values: unknown[] = [];
    for (const value of list ? (rest[key] as unknown[]) : [rest[key]]) {
      const run = typeof value === "string" ? runOf(value) : null;
      if (run === null) values.push(value);
      else {
        for (let i = run.start; i <= run.end; i += 2) {
          parts.push(carvedValue(atoms[i]!, values.length, source));
          values.push(null);
        }
      }
    }
    if (parts.length === 0) continue;
    entries.push({ key, list, parts });
    put(rest, key, list ? values : null);
  }
  return { entries, rest };
}

/** Last of the values that follow one another with nothing but commas between: elements of one array. */
function endOfRun(atoms: readonly Atom[], start: number): number {
  let end = start;
  while (atoms[end + 1] === "," && end + 2 < atoms.length) end += 2;
  return end;
}

/** First and last position of the values that a placeholder stands for; null where it is none. */
function runOf(text: string): { start: number; end: number } | null {
  if (!text.startsWith(PLACEHOLDER)) return null;
  const [start, end] = text.slice(PLACEHOLDER.length).split(" ", 2).map(Number);
  return { start: start!, end: end! };
}

/** What no body can hold by chance, and none on purpose: it is made anew by every process. */
const PLACEHOLDER = `${randomBytes(9).toString("base64")} `;

function literalText(atom: Atom, source: OutlineSource): string {
  if (typeof atom === "string") return atom;
  const { buffer, byteOffset, length } = source.part(typeof atom === "number" ? atom : atom.part);
  return Buffer.from(buffer, byteOffset, length).toString("utf8");
}

function carvedValue(atom: Atom, at: number, source: OutlineSource): OutlinePart {
  if (typeof atom === "string") throw new RangeError("two literals in a row");
  const n = typeof atom === "number" ? atom : atom.part;
  return { n, sha256: source.digest(n), marked: typeof atom === "object", at };
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A member named __proto__ is a member like any other. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
