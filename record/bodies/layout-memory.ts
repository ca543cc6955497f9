/**
 * Lays bodies out faster where they repeat each other: an agent sends its whole history again with
 * every turn, so the elements that a body begins with were read in the turn before.
 *
 * What always holds: the layout is the same as `layoutOf` gives (a test compares); an element is
 * only taken over where its bytes and the one behind it are the same at the same place, and then it
 * is the very same Span object, so what was found out about it can be kept in a WeakMap. Bounded in
 * number and bytes.
 */
import { LIMITS } from "../limits.ts";
import { layoutOf, type Member, type Span } from "./layout.ts";

interface Entry {
  readonly bytes: Buffer;
  /** Elements of top-level arrays by where they begin. */
  readonly elements: ReadonlyMap<number, Span>;
}

/** Bodies remembered, and how large they may be; smaller ones are quickly read. */
const ENTRIES = 4;
const BODY_BYTES_MIN = 32 * 1024;
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes that are compared at once. */
const BLOCK = 4 * 1024;

export class LayoutMemory {
  /** The one used last is first. */
  #entries: Entry[] = [];

  /** As `layoutOf(bytes)`. Keeps `bytes`, which must not change any more. */
  layoutOf(bytes: Buffer): Member[] | null {
    const { length } = bytes;
    if (length < BODY_BYTES_MIN || length > BODY_BYTES_MAX) return layoutOf(bytes);
    const { entry, common } = this.#nearest(bytes);
    const members = layoutOf(bytes, (start) => {
      const span = start < common ? entry?.elements.get(start) : undefined;
      return span !== undefined && span.end < common ? span : null;
    });
    if (members !== null) this.#keep(bytes, members, entry, common);
    return members;
  }

  #nearest(bytes: Buffer): { entry: Entry | undefined; common: number } {
    let nearest: Entry | undefined;
    let common = 0;
    for (const entry of this.#entries) {
      const n = commonPrefix(entry.bytes, bytes);
      if (n > common) [nearest, common] = [entry, n];
    }
    return { entry: nearest, common };
  }

  #keep(bytes: Buffer, members: Member[], entry: Entry | undefined, common: number): void {
    // Endless lists of numbers are quicker read than remembered.
    if (members.some((member) => (member.elements?.length ?? 0) > LIMITS.bodyPartCount)) return;
    const elements = new Map<number, Span>();
    for (const member of members) {
      for (const span of member.elements ?? []) elements.set(span.start, span);
    }
    // A body takes the place of the one that it goes on from.
    const others = this.#entries.filter((e) => e !== entry || common < e.bytes.length / 2);
    this.#entries = [{ bytes, elements }, ...others].slice(0, ENTRIES);
  }
}

/** How many bytes two buffers have in common at their beginning; rounded down to a block. */
function commonPrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += BLOCK) {
    const end = Math.min(at + BLOCK, length);
    if (a.compare(b, at, end, at, end) !== 0) return at;
  }
  return length;
}
