/**
 * Lists met lately, each with what was made of it: a request goes on from one of the newest, and
 * what was made of their common beginning need not be made again.
 *
 * What always holds: entries are compared by identity, so a beginning that is found is the same; a
 * list takes the place of the one that it goes on from. Bounded in number, and in the bytes that
 * the caller says.
 */
interface Kept<E, T> {
  readonly list: readonly E[];
  readonly made: T;
  readonly bytes: number;
}

/** What was made of a list that begins as another one does. */
export interface Begun<E, T> {
  readonly made: T;
  /** How many entries both begin with. */
  readonly same: number;
  readonly list: readonly E[];
}

export class Beginnings<E, T> {
  readonly #bytesMax: number;
  /** The newest first. */
  #kept: Kept<E, T>[] = [];

  /** @param bytesMax of all together; the newest is kept whatever its size */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The list that has most of the beginning of `list`; null where none begins alike. */
  nearest(list: readonly E[]): Begun<E, T> | null {
    let nearest: Kept<E, T> | null = null;
    let most = 0;
    for (const kept of this.#kept) {
      const same = commonLength(kept.list, list, most);
      if (same <= most) continue;
      most = same;
      nearest = kept;
      if (same === list.length) break;
    }
    return nearest && { made: nearest.made, same: most, list: nearest.list };
  }

  /** Keeps what was made of `list`, in the place of `earlier` where it has half of that or more. */
  keep(list: readonly E[], made: T, bytes: number, earlier: Begun<E, T> | null): void {
    const kept: Kept<E, T>[] = [{ list, made, bytes }];
    let total = bytes;
    const goneOnFrom = earlier !== null && earlier.same * 2 >= earlier.list.length;
    for (const other of this.#kept) {
      if (goneOnFrom && other.list === earlier.list) continue;
      total += other.bytes;
      if (kept.length < ENTRIES && total <= this.#bytesMax) kept.push(other);
    }
    this.#kept = kept;
  }
}

/**
 * The first `length` entries and some more, in an array of just that size: what goes on from turn to
 * turn is as long as its history, and room to grow in would be as much again.
 */
export function goneOn<T>(list: readonly T[], length: number, more: readonly T[]): T[] {
  if (more.length === 0) return list.slice(0, length);
  const made = new Array<T>(length + more.length);
  for (let i = 0; i < length; i++) made[i] = list[i]!;
  for (let i = 0; i < more.length; i++) made[length + i] = more[i]!;
  return made;
}

/** As many conversations take turns in one stream. */
const ENTRIES = 8;

/** How many entries both begin with; 0 where these are not more than `atLeast`. */
export function commonLength(a: readonly unknown[], b: readonly unknown[], atLeast = 0): number {
  const length = Math.min(a.length, b.length);
  // Lists that part early are told apart by one look.
  if (length <= atLeast || (atLeast > 0 && a[atLeast] !== b[atLeast])) return 0;
  let same = 0;
  while (same < length && a[same] === b[same]) same++;
  return same;
}
