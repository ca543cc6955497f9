/**
 * Where the chunks of a body end and when each arrived, in bounded memory. Pure.
 *
 * Invariants: never more than `max` marks; past it neighbours are joined two by two, and a joined
 * chunk has the time of its last byte, so that no byte is said to have come before it did. Count,
 * first and last arrival and the longest gap stay exact.
 */
import { LIMITS } from "../../record/limits.ts";

export class ChunkMarks {
  readonly #max: number;
  #ends = new Float64Array(4);
  #times = new Float64Array(4);
  /** Marks kept. */
  length = 0;
  /** Chunks that arrived. */
  count = 0;
  /** How many of them make one mark, and how many the last one has so far. */
  #stride = 1;
  #inLast = 0;
  #bytes = 0;
  firstMs: number | null = null;
  lastMs: number | null = null;
  gapMaxMs: number | null = null;

  constructor(max: number = LIMITS.streamChunksCount) {
    this.#max = max;
  }

  /** A chunk of so many bytes arrived at `at`, milliseconds since the exchange began. */
  add(bytes: number, at: number): void {
    this.count++;
    this.#bytes += bytes;
    this.firstMs ??= at;
    if (this.lastMs !== null) this.gapMaxMs = Math.max(this.gapMaxMs ?? 0, at - this.lastMs);
    this.lastMs = at;
    if (this.length === 0 || this.#inLast === this.#stride) this.#begin();
    this.#inLast++;
    this.#ends[this.length - 1] = this.#bytes;
    this.#times[this.length - 1] = at;
  }

  /** Offset behind the last byte of a mark. */
  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  at(index: number): number {
    return this.#times[index] ?? 0;
  }

  /** The same body in at most `max` marks. */
  atMost(max: number): ChunkMarks {
    if (this.length <= max) return this;
    const fewer = new ChunkMarks(max);
    for (let i = 0; i < this.length; i++) fewer.add(this.end(i) - this.end(i - 1), this.at(i));
    return fewer;
  }

  /** The ends of all marks up to `limit` bytes; the last one is cut off there. */
  endsWithin(limit: number): number[] {
    const ends: number[] = [];
    let end = 0;
    for (let i = 0; i < this.length && end < limit; i++) {
      end = Math.min(limit, this.end(i));
      ends.push(end);
    }
    return ends;
  }

  #begin(): void {
    if (this.length === this.#max) this.#joinPairs();
    if (this.length === this.#ends.length) {
      this.#ends = grown(this.#ends);
      this.#times = grown(this.#times);
    }
    this.length++;
    this.#inLast = 0;
  }

  #joinPairs(): void {
    const half = this.length >> 1;
    for (let i = 0; i < half; i++) {
      this.#ends[i] = this.end(2 * i + 1);
      this.#times[i] = this.at(2 * i + 1);
    }
    this.length = half;
    this.#stride *= 2;
  }
}

export function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(array.length * 2);
  wider.set(array);
  return wider;
}
