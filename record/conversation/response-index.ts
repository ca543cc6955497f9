/**
 * Which exchange of a day was answered with a response id, as far as a later request needs it.
 *
 * What always holds: of several exchanges with one response id the last above the request that names
 * it is meant. An exchange is filed when it ends, so whatever it follows stands above it in its file;
 * only a day of several files (another writer's) is gone through whole, for one that began before.
 * What was read on the way in file order is not read again. The result follows from the files alone,
 * not from what was asked before.
 */
import type { ExchangeLine } from "../format/schema.ts";
import type { DayReader, ExchangeName } from "../reader/day-reader.ts";

/** The response id that a request may name later; null where this exchange gave none. */
export type ResponseIdOf = (line: ExchangeLine) => string | null;

export class ResponseIndex {
  readonly #day: DayReader;
  readonly #idOf: ResponseIdOf;
  /** Response ids by exchange, of those that were read anyway and are not in order yet. */
  readonly #noted = new Map<string, string | null>();
  /** Exchanges by response id, each with its position among those of the day, ascending. */
  readonly #found = new Map<string, { readonly at: number; readonly id: string }[]>();
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
    const above = this.#found.get(responseId)?.findLast(({ at }) => at < end);
    const all = end === Number.POSITIVE_INFINITY || this.#day.files.length === 1;
    if (above !== undefined || all) return above?.id ?? null;
    this.#goOn(Number.POSITIVE_INFINITY);
    // ULIDs rise with the time of the start.
    const before = this.#found.get(responseId)?.filter(({ id }) => id < follower) ?? [];
    return before.reduce<string | null>((a, { id }) => (a === null || id > a ? id : a), null);
  }

  #goOn(end: number): void {
    while (this.#upTo < end) {
      const id = this.#day.idAt(this.#upTo);
      const noted = id === null ? undefined : this.#noted.get(id);
      if (noted === undefined) break;
      this.#noted.delete(id!);
      this.#take(id!, noted);
    }
    if (this.#upTo >= end) return;
    for (const line of this.#day.exchanges(this.#upTo)) {
      this.#take(line.id, this.#noted.get(line.id) ?? this.#idOf(line));
      this.#noted.delete(line.id);
      if (this.#upTo >= end) return;
    }
  }

  #take(id: string, responseId: string | null): void {
    const at = this.#upTo++;
    if (responseId === null) return;
    const known = this.#found.get(responseId);
    if (known === undefined) this.#found.set(responseId, [{ at, id }]);
    else known.push({ at, id });
  }
}
