/**
 * Ended exchanges that are not filed yet: those that the disk refused, and those that a filer has
 * died of, which are left to the end and then tried alone. Keeps no bytes, only places.
 *
 * Invariants: as long as one waits, the spool keeps its segments and reading would start
 * again before it.
 */
import { LIMITS } from "../../record/limits.ts";
import type { SpooledExchange } from "./open-exchanges.ts";

/** How long a disk that refused is left alone, milliseconds. */
export const RETRY_MS = 1000;
/** Refusals in a row after which a round of retries ends: the others would most likely fail too. */
const REFUSALS = 4;

export class Waiting {
  #stalled: SpooledExchange[] = [];
  #suspects: SpooledExchange[] = [];
  #retryAt = 0;

  get stalled(): number {
    return this.#stalled.length;
  }

  get suspects(): number {
    return this.#suspects.length;
  }

  get count(): number {
    return this.stalled + this.suspects;
  }

  /** Key of the suspect that ended first; null where there is none. */
  get suspect(): string | null {
    return this.#suspects[0]?.key ?? null;
  }

  get isFull(): boolean {
    return this.#stalled.length >= LIMITS.filerStalledCount;
  }

  /** The disk refused this one, or there was no time for it. */
  stall(x: SpooledExchange, isRefused: boolean): void {
    this.#stalled.push(x);
    if (isRefused) this.#retryAt = performance.now() + RETRY_MS;
  }

  suspend(x: SpooledExchange): void {
    this.#suspects.push(x);
  }

  /** It will be read from the spool again. */
  forget(key: string): void {
    this.#stalled = this.#stalled.filter((x) => x.key !== key);
  }

  /** Gives each of the stalled to `file`, which stalls it again where it has to. */
  async retry(file: (x: SpooledExchange) => Promise<void>): Promise<void> {
    if (this.#stalled.length === 0 || performance.now() < this.#retryAt) return;
    const waiting = this.#stalled;
    this.#stalled = [];
    for (const [i, x] of waiting.entries()) {
      await file(x);
      if (this.#stalled.length > REFUSALS) {
        // First next time: what is refused for ever must not keep them from their turn.
        this.#stalled.unshift(...waiting.slice(i + 1));
        return;
      }
    }
  }

  all(): SpooledExchange[] {
    return [...this.#stalled, ...this.#suspects];
  }

  /** The needed frames of the segments `from` are now in segment `to`. */
  moved(from: ReadonlySet<number>, to: number): void {
    this.#stalled = this.#stalled.map((x) => x.elsewhere(from, to));
    this.#suspects = this.#suspects.map((x) => x.elsewhere(from, to));
  }
}
