/**
 * Lays bodies out faster where they repeat each other: an agent sends its whole history again with
 * every turn, so most values that a body begins with (its messages) or ends with (its tools) were
 * read in the turn before.
 *
 * What always holds: the layout is the same as `layoutOf` gives (a test compares); a value is only
 * taken over where its bytes and those next to it are the same, counted from the beginning or from
 * the end, and then it brings with it what was found out about it. Bounded in number and bytes.
 */
import { LIMITS } from "../limits.ts";
import { type KnownValue, layoutOf, type Member, type Span } from "./layout.ts";

interface Entry {
  readonly bytes: Buffer;
  /** Values of members that are no arrays, and elements of those that are, by where they begin. */
  readonly values: ReadonlyMap<number, Span>;
}

/** An entry and how many bytes a body has in common with its beginning. */
interface Near {
  readonly entry: Entry;
  readonly prefix: number;
}

/** Bodies remembered, and how large they may be: one by one, and all but the newest together. */
const ENTRIES = 8;
const BODY_BYTES_MIN = 4 * 1024;
const BODY_BYTES_MAX = 8 * 1024 * 1024;
const ALL_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes that are compared at once: ever fewer, down to the one that differs. */
const BLOCKS = [4096, 64, 1];

export class LayoutMemory {
  /** The one used last is first. */
  #entries: Entry[] = [];

  /** As `layoutOf(bytes)`. Keeps `bytes`, which must not change any more. */
  layoutOf(bytes: Buffer): Member[] | null {
    const { length } = bytes;
    if (length < BODY_BYTES_MIN || length > BODY_BYTES_MAX) return layoutOf(bytes);
    const near = this.#nearest(bytes);
    const members = layoutOf(bytes, near === null ? undefined : knownFrom(near, bytes));
    if (members !== null) this.#keep(bytes, members, near);
    return members;
  }

  #nearest(bytes: Buffer): Near | null {
    let nearest: Near | null = null;
    for (const entry of this.#entries) {
      const prefix = commonPrefix(entry.bytes, bytes);
      if (prefix > (nearest?.prefix ?? 0)) nearest = { entry, prefix };
    }
    return nearest;
  }

  #keep(bytes: Buffer, members: Member[], near: Near | null): void {
    // Endless lists of numbers are quicker read than remembered.
    if (members.some((member) => (member.elements?.length ?? 0) > LIMITS.bodyPartCount)) return;
    const values = new Map<number, Span>();
    for (const { value, elements } of members) {
      for (const span of elements ?? [value]) values.set(span.start, span);
    }
    const kept: Entry[] = [{ bytes, values }];
    let total = 0;
    for (const other of this.#entries) {
      // A body takes the place of the one that it goes on from.
      if (other === near?.entry && near.prefix * 2 >= other.bytes.length) continue;
      total += other.bytes.length;
      if (kept.length < ENTRIES && total <= ALL_BYTES_MAX) kept.push(other);
    }
    this.#entries = kept;
  }
}

/** What `bytes` have of the entry: at the same place from the beginning, or from the end. */
function knownFrom({ entry, prefix }: Near, bytes: Buffer): KnownValue {
  const shift = bytes.length - entry.bytes.length;
  const same = bytes.length - commonSuffix(entry.bytes, bytes);
  return (start) => {
    const before = start < prefix ? entry.values.get(start) : undefined;
    if (before !== undefined && before.end < prefix) return before;
    const behind = start >= same ? entry.values.get(start - shift) : undefined;
    return behind === undefined ? null : shifted(behind, shift);
  };
}

function shifted(span: Span, by: number): Span {
  if (by === 0) return span;
  const { start, end, depth, markers, memo } = span;
  return {
    start: start + by,
    end: end + by,
    depth,
    markers: markers?.map((at) => at + by) ?? null,
    memo,
  };
}

/** How many bytes two buffers have in common at their beginning. */
function commonPrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  for (const block of BLOCKS) {
    while (at < length) {
      const end = Math.min(at + block, length);
      if (a.compare(b, at, end, at, end) !== 0) break;
      at = end;
    }
  }
  return at;
}

/** The same at their end. */
function commonSuffix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  for (const block of BLOCKS) {
    while (at < length) {
      const end = Math.min(at + block, length);
      const [inA, inB] = [a.length, b.length];
      if (a.compare(b, inB - end, inB - at, inA - end, inA - at) !== 0) break;
      at = end;
    }
  }
  return at;
}
