/** What was appended since the last sync and is not confirmed yet. */
import { LIMITS } from "../../record/limits.ts";
import type { Position } from "../spool/reader.ts";
import type { FiledNotice } from "./messages.ts";

export interface Pending {
  readonly key: string;
  readonly start: Position;
  readonly notices: readonly FiledNotice[];
}

export class Batch {
  #pending: Pending[] = [];
  #since = 0;

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  add(pending: Pending): void {
    if (this.isEmpty) this.#since = performance.now();
    this.#pending.push(pending);
  }

  /** True once it is large or old enough to be synced. */
  isDue(now: number): boolean {
    const { length } = this.#pending;
    if (length >= LIMITS.filerBatchCount) return true;
    return length > 0 && now - this.#since > LIMITS.filerBatchMs;
  }

  /** All of it is confirmed: gives what its listeners are to be told. */
  take(): FiledNotice[] {
    const filed = this.#pending.flatMap(({ notices }) => notices);
    this.#pending = [];
    return filed;
  }
}
