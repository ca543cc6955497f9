/**
 * The two forms of a body's list of pieces: the flat list (`Atom[]`) that is reasoned about, and the
 * short form (`PartRef[]`) that is written into an exchange line.
 *
 *   flat   ["{\"messages\":[", 1, ",", 2, ",", 3, "]}"]
 *   short  ["{\"messages\":[", [1,3], "]}"]
 *   short  [{"as":"01K…","take":4}, ",", 3, "]}"]      the first four atoms are an earlier list's
 *
 * Invariants: flatten(shorten(atoms)) equals atoms, atom by atom, because `take` counts atoms
 * of the flat list and every implementation has to count alike.
 */
import type { PartRef } from "../format/schema.ts";
import { LIMITS } from "../limits.ts";
import type { Insert } from "./carve.ts";

/** Part `part` with texts put back in. */
export interface Inserted {
  readonly part: number;
  readonly insert: Insert[];
}

/** Literal text, a part's number, or a part with insertions. */
export type Atom = string | number | Inserted;

/** The link at the head of a short list. */
export interface Link {
  readonly as: string;
  readonly take: number;
}

const SEPARATOR = /^[ \t\r\n]*,[ \t\r\n]*$/;

export function isLink(ref: PartRef | undefined): ref is PartRef & Link {
  return typeof ref === "object" && ref !== null && !Array.isArray(ref) && "as" in ref;
}

/** Writes runs of neighbouring parts as `[a,b]` or `[a,b,separator]`, beginning at atom `from`. */
export function shorten(atoms: readonly Atom[], from = 0): PartRef[] {
  const refs: PartRef[] = [];
  let i = from;
  while (i < atoms.length) {
    const first = atoms[i]!;
    const separator = atoms[i + 1];
    let last = i;
    if (typeof first === "number" && typeof separator === "string" && SEPARATOR.test(separator)) {
      while (atoms[last + 1] === separator && atoms[last + 2] === first + (last - i) / 2 + 1) {
        last += 2;
      }
    }
    if (last === i) refs.push(first as PartRef);
    else {
      const b = atoms[last] as number;
      refs.push(
        separator === "," ? [first as number, b] : [first as number, b, separator as string],
      );
    }
    i = last + 1;
  }
  return refs;
}

/**
 * The flat list of refs that hold no link, appended to `into`. `partCount` is the highest part
 * number that may occur: a range beyond it is refused before it is expanded, and so is a list that
 * would come to more than `listAtomCount` of LIMITS. The refs need not be what they claim.
 *
 * Throws RangeError on a list that this version cannot read.
 */
export function flatten(refs: readonly PartRef[], partCount: number, into: Atom[] = []): Atom[] {
  for (const ref of refs) {
    if (typeof ref === "string" || isCount(ref)) into.push(ref);
    else if (Array.isArray(ref)) flattenRange(ref, partCount, into);
    else if (isInserted(ref)) into.push(ref);
    else throw new RangeError("a link that is not at the head of its list, or an unknown entry");
    if (into.length > LIMITS.listAtomCount) throw tooLong();
  }
  return into;
}

function flattenRange(ref: readonly unknown[], partCount: number, into: Atom[]): void {
  const [a, b, separator = ","] = ref;
  if (!(isCount(a) && isCount(b) && 1 <= a && a <= b && b <= partCount && ref.length <= 3)) {
    throw new RangeError(`no parts ${String(a).slice(0, 20)} to ${String(b).slice(0, 20)}`);
  }
  if (typeof separator !== "string") throw new RangeError("a separator that is no text");
  if (into.length + 2 * (b - a) + 1 > LIMITS.listAtomCount) throw tooLong();
  into.push(a);
  for (let n = a + 1; n <= b; n++) into.push(separator, n);
}

const tooLong = () => new RangeError(`a list of more than ${LIMITS.listAtomCount} entries`);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function isInserted(ref: unknown): ref is Inserted {
  if (typeof ref !== "object" || ref === null) return false;
  const { part, insert } = ref as { part?: unknown; insert?: unknown };
  if (!isCount(part) || !Array.isArray(insert)) return false;
  return insert.every((each) => {
    return Array.isArray(each) && isCount(each[0]) && typeof each[1] === "string";
  });
}
