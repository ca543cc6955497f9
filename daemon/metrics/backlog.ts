/**
 * What has ended and is not in the tree yet: how many exchanges, and how old the oldest.
 *
 * What always holds: the filer files in the order in which exchanges ended, so the oldest is the
 * first in line; what will never be filed (set aside, lost) is taken off when the filer says that it
 * is done with all there was. Two steps an exchange, none a chunk.
 */
import { LIMITS } from "../../record/limits.ts";

export class Backlog {
  /** When they ended, monotonic milliseconds, oldest first. */
  #ended: number[] = [];
  #first = 0;
  /** Ended while the line was too long to remember when. */
  #uncounted = 0;

  ended(now: number): void {
    if (this.depth < LIMITS.backlogCount) this.#ended.push(now);
    else this.#uncounted += 1;
  }

  filed(): void {
    if (this.#first < this.#ended.length) this.#first += 1;
    else if (this.#uncounted > 0) this.#uncounted -= 1;
    if (this.#first > 1_024 && this.#first * 2 > this.#ended.length) {
      this.#ended = this.#ended.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The filer has dealt with everything that had ended by `now`. */
  idle(now: number): void {
    while (this.#first < this.#ended.length && (this.#ended[this.#first] as number) <= now) {
      this.#first += 1;
    }
    this.#uncounted = 0;
  }

  get depth(): number {
    return this.#ended.length - this.#first + this.#uncounted;
  }

  /** Milliseconds since the oldest ended; 0 where nothing waits. */
  ageMs(now: number): number {
    const oldest = this.#ended[this.#first];
    return oldest === undefined ? 0 : now - oldest;
  }
}
