/**
 * Gathers the hits of one rule in one run of base64, so that what they all lie in is decoded once:
 * where an anchor stands again and again, a look around each would find every secret at every hit.
 *
 * Invariants: the hits of a window lie in one run, at the same place within its groups of four, none
 * farther from the one before than the rule reaches; at most one window a rule and place is held.
 */
import { FORM_OFFSET, isBase64Between } from "./base64-secrets.ts";

export interface Base64Hits {
  readonly rule: number;
  readonly phase: 0 | 1 | 2;
  /** Offsets of the first and the last. */
  readonly first: number;
  last: number;
}

const WINDOW_CHARS = 256 * 1024;

export class Base64Windows {
  readonly #bytes: Buffer;
  readonly #open = new Map<number, Base64Hits>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes a hit; gives the window that it ends, if it does not belong to it. */
  add(hit: number, rule: number, phase: 0 | 1 | 2, reach: number): Base64Hits | null {
    const key = rule * 4 + ((hit - FORM_OFFSET[phase]) & 3);
    const open = this.#open.get(key);
    if (open !== undefined && this.#continues(open, hit, reach)) {
      open.last = Math.max(open.last, hit);
      return null;
    }
    this.#open.set(key, { rule, phase, first: hit, last: hit });
    return open ?? null;
  }

  /** The windows that nothing has ended. */
  rest(): Base64Hits[] {
    const rest = [...this.#open.values()];
    this.#open.clear();
    return rest;
  }

  #continues({ first, last }: Base64Hits, hit: number, reach: number): boolean {
    return (
      hit >= first &&
      hit - last < reach &&
      hit - first < WINDOW_CHARS &&
      isBase64Between(this.#bytes, last, hit)
    );
  }
}
