/**
 * The readers of a few days, kept open for who goes through conversations one after the other: to
 * open a file is to go through all of it.
 *
 * Invariants: only `readerOpenDays` of LIMITS are open; a reader holds until so many others
 * were asked for.
 */
import { LIMITS } from "../limits.ts";
import { DayReader } from "./day-reader.ts";

export class OpenDays {
  readonly #open = new Map<string, DayReader>();

  /** The reader of these files. Throws what the file system throws. */
  reader(paths: readonly string[]): DayReader {
    const key = paths.join("\0");
    const known = this.#open.get(key);
    const reader = known ?? DayReader.open(paths);
    this.#open.delete(key);
    this.#open.set(key, reader);
    for (const [oldest, other] of this.#open) {
      if (this.#open.size <= LIMITS.readerOpenDays) break;
      other.close();
      this.#open.delete(oldest);
    }
    return reader;
  }

  close(): void {
    for (const reader of this.#open.values()) reader.close();
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
