/**
 * Which exchange of a day was answered with a response id, as far as a later request needs it.
 *
 * What always holds: of several exchanges with one response id the last that began before the request
 * that names it is meant. What stands above that request is looked at first, and the rest of the day
 * only where nothing fits: an exchange is filed when it ends, but one that had to wait for the disk, or
 * another writer's, may stand anywhere. One that stands in two files counts where the reader finds it.
 * A response that was read for another purpose on the way in file order is not read again.
 */
import type { ExchangeLine } from "../format/schema.ts";
import type { DayReader, ExchangeName } from "../reader/day-reader.ts";

/** The response id that a request may name later; null where this exchange gave none. */
export type ResponseIdOf = (line: ExchangeLine) => string | null;

interface Entry {
  readonly at: number;
  readonly id: string;
}

export class ResponseIndex {
  readonly #day: DayReader;
  readonly #idOf: ResponseIdOf;
  /** Response ids by exchange, of those that were read anyway and are not in order yet. */
  readonly #noted = new Map<string, string | null>();
  /** Exchanges by response id, each with its position among those of the day, in order of start. */
  readonly #found = new Map<string, Entry[]>();
  /** So many exchanges are in `#found`, from the first on. */
  #upTo = 0;

  constructor(day: DayReader, idOf: ResponseIdOf) {
    this.#day = day;
    this.#idOf = idOf;
  }

  /** Takes what somebody has read for another purpose. */
  note({ id }: ExchangeName, responseId: string | null): void {
    this.#noted.set(id, responseId);
  }

  /** The exchange that was answered with `responseId` before `follower`, which may be another day's. */
  find(responseId: string, follower: string): string | null {
    const end = this.#day.positionOf({ id: follower }) ?? Number.POSITIVE_INFINITY;
    this.#goOn(end);
    const above = this.#last(responseId, follower, end);
    if (above !== null || end === Number.POSITIVE_INFINITY) return above;
    this.#goOn(Number.POSITIVE_INFINITY);
    return this.#last(responseId, follower, Number.POSITIVE_INFINITY);
  }

  #last(responseId: string, follower: string, end: number): string | null {
    // ULIDs rise with the time of the start.
    const found = this.#found.get(responseId)?.findLast(({ at, id }) => id < follower && at < end);
    return found?.id ?? null;
  }

  #goOn(end: number): void {
    while (this.#upTo < end) {
      const id = this.#day.idAt(this.#upTo);
      const noted = id === null ? undefined : this.#noted.get(id);
      if (noted === undefined) break;
      this.#take(id!, noted);
    }
    if (this.#upTo >= end) return;
    for (const line of this.#day.exchanges(this.#upTo)) {
      // Its parts would be looked for in the file that has it first.
      const again = this.#day.positionOf(line) !== this.#upTo;
      const noted = again ? null : this.#noted.get(line.id);
      this.#take(line.id, noted === undefined ? this.#idOf(line) : noted);
      if (this.#upTo >= end) return;
    }
  }

  #take(id: string, responseId: string | null): void {
    this.#noted.delete(id);
    const at = this.#upTo++;
    if (responseId === null) return;
    const known = this.#found.get(responseId);
    if (known === undefined) {
      this.#found.set(responseId, [{ at, id }]);
      return;
    }
    // Nearly always the last.
    let place = known.length;
    while (place > 0 && known[place - 1]!.id > id) place--;
    known.splice(place, 0, { at, id });
  }
}
