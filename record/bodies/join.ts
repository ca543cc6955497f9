/**
 * Joining: the way back from a flat list to the very bytes. The counterpart of carving.
 *
 * Invariants: nothing is decoded or re-encoded but literals and insertions, which were text
 * when they were carved.
 */
import type { PartRef } from "../format/schema.ts";
import type { Insert } from "./carve.ts";
import { type Atom, flatten, isLink } from "./part-list.ts";

const COMMA = Buffer.from(",");

/** Where join() gets what a list only names. */
export interface PartSource {
  /** Bytes of part `n`; throws where there is none. */
  part(n: number): Uint8Array;
  /** Flat list of the request body of an earlier exchange of the same file; throws where none. */
  list?(exchange: string): readonly Atom[];
  /** Highest part number there is. */
  readonly partCount: number;
}

/** The body that a stored list stands for. Throws RangeError on a list that cannot be read. */
export function join(refs: readonly PartRef[], source: PartSource): Buffer {
  const head = refs[0];
  if (!isLink(head)) return joinAtoms(flatten(refs, source.partCount), source);
  if (!source.list) throw new RangeError(`no earlier list of ${head.as}`);
  const atoms = source.list(head.as).slice(0, head.take);
  if (atoms.length !== head.take) throw new RangeError(`list of ${head.as} is too short`);
  return joinAtoms(flatten(refs.slice(1), source.partCount, atoms), source);
}

/**
 * The body that a flat list stands for. Throws RangeError where it is longer than `bytesMax`; who
 * gives that pays for no second copy.
 */
export function joinAtoms(
  atoms: readonly Atom[],
  source: Pick<PartSource, "part">,
  bytesMax?: number,
): Buffer {
  if (bytesMax === undefined) return Buffer.concat(atoms.map((atom) => atomBytes(atom, source)));
  const body = Buffer.allocUnsafe(bytesMax);
  let length = 0;
  for (const atom of atoms) {
    const piece = atomBytes(atom, source);
    if (length + piece.length > bytesMax) {
      throw new RangeError(`it is longer than ${bytesMax} bytes`);
    }
    body.set(piece, length);
    length += piece.length;
  }
  return body.subarray(0, length);
}

function atomBytes(atom: Atom, source: Pick<PartSource, "part">): Uint8Array {
  if (atom === ",") return COMMA;
  if (typeof atom === "string") return Buffer.from(atom);
  if (typeof atom === "number") return source.part(atom);
  return withInserts(source.part(atom.part), atom.insert);
}

/** Puts each text in at its byte offset of `stored`; offsets ascend. */
export function withInserts(stored: Uint8Array, inserts: readonly Insert[]): Buffer {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const [offset, text] of inserts) {
    if (!(offset >= from && offset <= stored.length)) {
      throw new RangeError(`insertion at ${offset} is outside of a part of ${stored.length} bytes`);
    }
    pieces.push(stored.subarray(from, offset), Buffer.from(text));
    from = offset;
  }
  pieces.push(stored.subarray(from));
  return Buffer.concat(pieces);
}
