/**
 * Group fdatasync: many appends share one sync, and appending never waits for it.
 *
 * What always holds: at most one fdatasync runs at a time; what was marked dirty while it ran is
 * covered by the next one. `batch` starts it LIMITS.spoolSyncDelayMs after the first dirty byte,
 * `strict`, where somebody waits for it, at once; `os` never. A failed sync is reported and does not
 * hold up those who wait: traffic goes on, the health is what turns red. Why `batch` does not sync
 * without a pause: docs/decisions/0015-syncs-in-batches.md.
 */
import { LIMITS } from "../../record/limits.ts";

export type Durability = "os" | "batch" | "strict";

/** Starts one fdatasync of all that is written; calls back when it has ended. */
export type SyncCall = (done: (error: Error | null) => void) => void;

export class GroupSync {
  readonly #durability: Durability;
  readonly #sync: SyncCall;
  readonly #onResult: (error: Error | null) => void;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #dirty = false;
  /** When the first byte was written that no sync covers yet. */
  #dirtySince = 0;
  /** Waiting for the sync that runs now; and for the one after it. */
  #covered: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(durability: Durability, sync: SyncCall, onResult: (error: Error | null) => void) {
    this.#durability = durability;
    this.#sync = sync;
    this.#onResult = onResult;
  }

  /** Bytes were written. Cheap: called for every append. */
  mark(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#dirtySince = performance.now();
    if (!this.#running) this.#next();
  }

  /** Resolves when all that was marked before the call is synced (or its sync has failed). */
  flush(): Promise<void> {
    if (!this.#dirty && !this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      (this.#dirty ? this.#waiting : this.#covered).push(resolve);
      if (!this.#running) this.#start();
    });
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#running || !this.#dirty) return;
    this.#dirty = false;
    this.#running = true;
    this.#covered = this.#waiting;
    this.#waiting = [];
    this.#sync((error) => {
      this.#running = false;
      const done = this.#covered;
      this.#covered = [];
      this.#onResult(error);
      for (const resolve of done) resolve();
      if (this.#waiting.length > 0) this.#start();
      else if (this.#dirty) this.#next();
    });
  }

  /** Something is dirty, and no sync runs. */
  #next(): void {
    if (this.#durability === "strict") this.#start();
    if (this.#durability !== "batch") return;
    const ms = LIMITS.spoolSyncDelayMs - (performance.now() - this.#dirtySince);
    if (ms <= 0) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), ms);
  }
}
