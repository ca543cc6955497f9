/**
 * Decides when filed bodies leave the spool, and keeps checkpoint and open calls in step with it.
 *
 * Invariants:
 * - To be called only when all that was appended to the tree is confirmed.
 * - Segments in which nothing is needed go at once. Rewriting those that open calls share waits
 *   until no call has ended for a round, or LIMITS.spoolRewriteMs.
 */
import { LIMITS } from "../../record/limits.ts";
import type { Position, SpoolReader } from "../spool/reader.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { LiveSockets } from "./live-sockets.ts";
import {
  comparePositions,
  keyOf,
  type OpenExchanges,
  type SpooledExchange,
} from "./open-exchanges.ts";
import { removeSegments, rewriteMixed, rewriteSegments } from "./retire-segments.ts";
import type { Waiting } from "./waiting.ts";

export class SpoolEraser {
  readonly #spoolDir: string;
  readonly #checkpoint: Checkpoint;
  readonly #open: OpenExchanges;
  readonly #reader: SpoolReader;
  readonly #live: LiveSockets;
  #rewrittenAt = 0;

  constructor(
    spoolDir: string,
    checkpoint: Checkpoint,
    open: OpenExchanges,
    reader: SpoolReader,
    live: LiveSockets,
  ) {
    this.#spoolDir = spoolDir;
    this.#checkpoint = checkpoint;
    this.#open = open;
    this.#reader = reader;
    this.#live = live;
  }

  /** The segment being read, where it also holds bytes that are filed; null where it does not. */
  get waitsFor(): number | null {
    const { segment } = this.#reader.position;
    return this.#open.mixed.has(segment) ? segment : null;
  }

  /** Reading has to start again here: nothing before it is still needed. */
  lowWater(stalled: readonly SpooledExchange[]): Position {
    let low = this.#open.lowWater(this.#reader.position);
    for (const { start } of stalled) if (comparePositions(start, low) < 0) low = start;
    return low;
  }

  /**
   * Removes what is filed; `quiet`: no call has ended in this round. What waits learns the places at
   * which it now is, also where the disk refuses the rest.
   */
  erase(waiting: Waiting, quiet: boolean): void {
    const { segment } = this.#reader.position;
    const needed = [...this.#open.all(), ...waiting.all()];
    const removed = removeSegments(this.#spoolDir, segment, needed);
    this.#checkpoint.retired(removed);
    for (const n of removed) this.#open.mixed.delete(n);
    const now = performance.now();
    if (this.#open.mixed.size === 0) return;
    if (!quiet && now - this.#rewrittenAt < LIMITS.spoolRewriteMs) return;
    this.#rewrittenAt = now;
    const keys = new Set(needed.map(({ key }) => key));
    const { mixed } = this.#open;
    const cleanTo = (key: string, to: number) => this.#live.cleanTo(key, to);
    for (const { from, to } of rewriteMixed(this.#spoolDir, segment, needed, mixed, cleanTo)) {
      this.#open.moved(from, to);
      this.#live.moved(from);
      waiting.moved(from, to);
      this.#checkpoint.moved(from, to, keys, this.lowWater(waiting.all()));
    }
  }

  /**
   * The last thing: leaves of the segment being read what is not filed. Only where nobody writes to
   * it any more.
   */
  eraseLast(stalled: readonly SpooledExchange[]): void {
    const { run, position } = this.#reader;
    if (run === null || this.waitsFor === null) return;
    const keys = new Set([...this.#open.all(), ...stalled].map(({ key }) => key));
    rewriteSegments(this.#spoolDir, [position.segment], run, (frame) => {
      const isNeeded = frame.start >= position.offset || keys.has(keyOf(frame.run, frame.exchange));
      return isNeeded ? frame : null;
    });
  }
}
