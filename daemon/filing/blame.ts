/**
 * Which exchange is to blame when filers die. Pure.
 *
 * Invariants:
 * - An exchange is convicted only of deaths that a filer died by itself (an abort, a crash, its own
 *   heap limit, a hang) while it filed that exchange alone, as the first thing it did.
 * - A kill from outside (the kernel's OOM killer, a person) proves nothing. The filer's heap is
 *   bounded, so that one that takes too much dies by itself. Only where an exchange is at hand at
 *   each of `filerAloneKills` kills in a row, alone, it is given up: else nothing would end it.
 * - Until then it is only put last.
 */
import { LIMITS } from "../../record/limits.ts";

/** Signals by which a process ends itself, or the kernel ends it for what it did. */
const OWN_SIGNALS = new Set([
  "SIGABRT",
  "SIGSEGV",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
  "SIGTRAP",
  "SIGSYS",
]);

export interface Death {
  /** Key of the exchange that was being worked on; null where it was none. */
  readonly key: string | null;
  readonly code: number | null;
  readonly signal: string | null;
  /** True where the supervisor killed it because it hung. */
  readonly hung: boolean;
}

export class Blame {
  /** Deaths with an exchange at hand, among others. */
  readonly #deaths = new Map<string, number>();
  readonly #suspects = new Set<string>();
  readonly #convicted = new Set<string>();
  #alone: string | null = null;
  #aloneKills = 0;

  get convicted(): string[] {
    return [...this.#convicted];
  }

  get suspects(): string[] {
    return [...this.#suspects].filter((key) => key !== this.#alone);
  }

  /** Key of the exchange that the next filer is to try first. */
  get alone(): string | null {
    return this.#alone;
  }

  /** All else is filed: the next filer tries this one. */
  tryAlone(key: string): void {
    this.#alone = key;
    this.#aloneKills = 0;
  }

  /** The exchange that was tried alone is innocent. */
  survived(key: string): void {
    this.#suspects.delete(key);
    this.#deaths.delete(key);
    if (this.#alone === key) this.#alone = null;
  }

  died({ key, code, signal, hung }: Death): void {
    if (key === null) return;
    const own = hung || (code !== null && code !== 0) || OWN_SIGNALS.has(signal ?? "");
    if (key === this.#alone) {
      if (!own) this.#aloneKills++;
      if (own || this.#aloneKills >= LIMITS.filerAloneKills) this.#convict(key);
      return;
    }
    const deaths = (this.#deaths.get(key) ?? 0) + 1;
    this.#deaths.set(key, deaths);
    if (own || deaths >= LIMITS.filerSuspectDeaths) this.#suspects.add(key);
  }

  #convict(key: string): void {
    this.survived(key);
    this.#convicted.add(key);
  }
}
