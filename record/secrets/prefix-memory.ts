/**
 * Remembers what was found in the last few bodies, because an agent sends its whole history again
 * with every turn: the part that two bodies have in common need not be looked through twice.
 *
 * Invariants: the result is the same as without it (a test compares); what lies within the
 * reach of a rule of the place where the bodies part is looked at anew. Bounded in number and bytes.
 */
import type { Found } from "./finds.ts";

interface Entry {
  readonly live: string;
  readonly bytes: Buffer;
  readonly found: readonly Found[];
}

const ENTRIES = 8;
const TOTAL_BYTES = 32 * 1024 * 1024;
const BODY_BYTES_MIN = 64 * 1024;
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** More than any rule reaches, written with escapes. */
const MARGIN = 24 * 1024;
/** Context in front of the first place that is looked at anew. */
const LEAD = 1024;
const BLOCK = 16 * 1024;

function commonPrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length) {
    const end = Math.min(at + BLOCK, length);
    if (a.compare(b, at, end, at, end) !== 0) return at;
    at = end;
  }
  return length;
}

export class PrefixMemory {
  #entries: Entry[] = [];

  /**
   * What `find` finds in `bytes`; `find` is called for the part that is new. `live` names the
   * credentials that it looks for.
   */
  find(bytes: Buffer, live: string, find: (bytes: Buffer) => readonly Found[]): readonly Found[] {
    if (bytes.length < BODY_BYTES_MIN || bytes.length > BODY_BYTES_MAX) return find(bytes);
    const { entry, common } = this.#nearest(bytes, live);
    const found =
      entry === undefined || common < 2 * MARGIN ? find(bytes) : extend(bytes, entry, common, find);
    // The longer body takes the place of the one that it continues.
    const kept = this.#entries.filter((e) => e !== entry || common < entry.bytes.length / 2);
    // One that reaches so far may reach beyond what the next body has in common with this one.
    if (found.some(({ start, end }) => end - start > MARGIN - LEAD)) return found;
    // A copy: the caller may use its buffer again.
    this.#entries = within(TOTAL_BYTES, [{ live, bytes: Buffer.from(bytes), found }, ...kept]);
    return found;
  }

  #nearest(bytes: Buffer, live: string): { entry: Entry | undefined; common: number } {
    let entry: Entry | undefined;
    let common = 0;
    for (const candidate of this.#entries) {
      if (candidate.live !== live) continue;
      const n = commonPrefix(candidate.bytes, bytes);
      if (n > common) {
        entry = candidate;
        common = n;
      }
    }
    return { entry, common };
  }
}

function within(limit: number, entries: readonly Entry[]): Entry[] {
  let total = 0;
  return entries.slice(0, ENTRIES).filter(({ bytes }) => {
    total += bytes.length;
    return total <= limit;
  });
}

function extend(
  bytes: Buffer,
  known: Entry,
  common: number,
  find: (bytes: Buffer) => readonly Found[],
): Found[] {
  let from = common - MARGIN;
  while (from > 0 && bytes[from - 1] === 0x5c) from -= 1;
  const border = from + LEAD;
  const fresh = find(bytes.subarray(from))
    .map((f) => ({ ...f, start: f.start + from, end: f.end + from }))
    .filter((f) => f.start >= border);
  const old = known.found.filter((f) => f.start < border);
  const end = old.at(-1)?.end ?? 0;
  return [...old, ...fresh.filter((f) => f.start >= end)];
}
