/**
 * The outline of a body: what stands at its top level, which of it was carved and where it belongs.
 * It is how two requests are compared without joining either, and how a body is read without
 * parsing again what an earlier one had.
 *
 * Invariants: in a carved list literals and carved values alternate, beginning with a
 * literal, so the entries at odd positions are values and those at even ones are text (stored as a
 * part where it is long). The keys come from parsing the literals with placeholders for the
 * values: no value is read. Nothing of an outline may be changed: outlines of turns that repeat each
 * other share what they repeat.
 */
import { randomBytes } from "node:crypto";
import type { Atom } from "../bodies/part-list.ts";
import { LIMITS } from "../limits.ts";
import { Beginnings } from "./beginnings.ts";

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
  readonly parts: readonly OutlinePart[];
}

export interface Outline {
  readonly entries: readonly OutlineEntry[];
  /** The body's own members, with null in the place of each carved value. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** The same for two bodies that differ in nothing but carved values. */
  readonly skeleton: string;
}

export interface OutlineSource {
  /** Bytes of a part that is a long literal. */
  part(n: number): Uint8Array;
  /** Digest of a part. */
  digest(n: number): string;
  /** Bytes of the body: what is literal in it cannot be more. */
  readonly bytesMax: number;
}

/** Values that follow one another with nothing but commas between: from position to position. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** A skeleton parsed. */
interface Template {
  /** The members, with null for those that hold carved values. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly carved: readonly {
    readonly key: string;
    readonly list: boolean;
    /** Values that were not carved, and in their places the runs of those that were. */
    readonly values: readonly unknown[];
  }[];
}

/** A longer skeleton is that of a body of which hardly anything was carved, and not remembered. */
const SKELETON_CHARS_MAX = 64 * 1024;

/** Outlines of the requests of one file, in which a part's number always means the same part. */
export class Outlines {
  readonly #latest = new Beginnings<Atom, Outline>(LIMITS.keptPartBytes);
  readonly #templates = new Map<string, Template | null>();

  /** The outline of a flat list; null where the body was not carved. */
  outlineOf(atoms: readonly Atom[], source: OutlineSource): Outline | null {
    if (atoms.length < 3) return null;
    const { skeleton, runs } = framed(atoms, source);
    const template = this.#template(skeleton);
    if (template === null) return null;
    const begun = this.#latest.nearest(atoms);
    const earlier = begun?.made.skeleton === skeleton ? begun.made : null;
    const outline = filled(template, skeleton, { atoms, runs, source, earlier });
    this.#latest.keep(atoms, outline, skeleton.length, begun);
    return outline;
  }

  #template(skeleton: string): Template | null {
    const known = this.#templates.get(skeleton);
    if (known !== undefined) return known;
    const template = templateOf(skeleton);
    if (this.#templates.size >= LIMITS.keptListCount) this.#templates.clear();
    if (skeleton.length <= SKELETON_CHARS_MAX) this.#templates.set(skeleton, template);
    return template;
  }
}

/** The outline of a flat list; null where the body was not carved. */
export function outlineOf(atoms: readonly Atom[], source: OutlineSource): Outline | null {
  return new Outlines().outlineOf(atoms, source);
}

/** The literals with a placeholder for each run of values. */
function framed(atoms: readonly Atom[], source: OutlineSource) {
  let skeleton = "";
  const runs: Run[] = [];
  for (let i = 0; i < atoms.length; i++) {
    if (i % 2 === 0) {
      skeleton += literalText(atoms[i]!, source);
      const own = skeleton.length - runs.length * (PLACEHOLDER.length + RUN_CHARS_MAX);
      if (own > source.bytesMax) throw new RangeError("its literals are longer than the body");
    } else {
      const end = endOfRun(atoms, i);
      skeleton += `"${PLACEHOLDER}${runs.length}"`;
      runs.push({ start: i, end });
      i = end;
    }
  }
  return { skeleton, runs };
}

/** Last of the values that follow one another with nothing but commas between: elements of one array. */
function endOfRun(atoms: readonly Atom[], start: number): number {
  let end = start;
  while (atoms[end + 1] === "," && end + 2 < atoms.length) end += 2;
  return end;
}

/** Characters of a run's number and its quotes. */
const RUN_CHARS_MAX = 12;

/** What no body can hold by chance, and none on purpose: it is made anew by every process. */
const PLACEHOLDER = `${randomBytes(9).toString("base64")} `;

/** Which run a string stands for, by number. */
class RunNumber {
  readonly number: number;
  constructor(text: string) {
    this.number = Number(text.slice(PLACEHOLDER.length));
  }
}

const markRun = (value: unknown): unknown =>
  typeof value === "string" && value.startsWith(PLACEHOLDER) ? new RunNumber(value) : value;

function templateOf(skeleton: string): Template | null {
  const members = parsedObject(skeleton);
  if (members === null) return null;
  const carved: { key: string; list: boolean; values: unknown[] }[] = [];
  for (const key of Object.keys(members)) {
    const list = Array.isArray(members[key]);
    const values = (list ? (members[key] as unknown[]) : [members[key]]).map(markRun);
    if (!values.some((value) => value instanceof RunNumber)) continue;
    carved.push({ key, list, values });
    put(members, key, null);
  }
  return { members, carved };
}

interface Filling {
  readonly atoms: readonly Atom[];
  readonly runs: readonly Run[];
  readonly source: OutlineSource;
  /** An outline of the same skeleton: parts that are the same are taken from it. */
  readonly earlier: Outline | null;
}

function filled({ members, carved }: Template, skeleton: string, filling: Filling): Outline {
  const rest: Record<string, unknown> = { ...members };
  const entries = carved.map(({ key, list, values }, entry): OutlineEntry => {
    const before = filling.earlier?.entries[entry]?.parts ?? [];
    const parts: OutlinePart[] = [];
    const own: unknown[] = [];
    for (const value of values) {
      if (value instanceof RunNumber) addRun(parts, own, before, value.number, filling);
      else own.push(value);
    }
    if (list) put(rest, key, own);
    return { key, list, parts };
  });
  return { entries, rest, skeleton };
}

/** Adds the values of a run to the parts of their list, and null for each to its elements. */
function addRun(
  parts: OutlinePart[],
  own: unknown[],
  before: readonly OutlinePart[],
  number: number,
  { atoms, runs, source }: Filling,
): void {
  const { start, end } = runs[number]!;
  for (let i = start; i <= end; i += 2) {
    const atom = atoms[i]!;
    const known = before[parts.length];
    const same = known !== undefined && isPart(atom, known) && known.at === own.length;
    parts.push(same ? known : carvedValue(atom, own.length, source));
    own.push(null);
  }
}

/** Whether the carved value is this part, with markers taken out or without. */
function isPart(atom: Atom, { n, marked }: OutlinePart): boolean {
  return typeof atom === "object" ? marked && atom.part === n : !marked && atom === n;
}

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
  if (key !== "__proto__") target[key] = value;
  else {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}
