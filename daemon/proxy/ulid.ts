/**
 * Exchange ids: ULIDs (26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random).
 *
 * What always holds: each id of a generator sorts behind the one before, also within a millisecond
 * and when the clock steps back: then the random part is counted up instead.
 */
import { randomFillSync } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_CHARS = 16;
/** Random bytes are fetched for so many ids at a time: the call costs more than the bytes. */
const POOL_BYTES = RANDOM_CHARS * 256;

/** `now` gives milliseconds since 1970. */
export function ulidGenerator(now: () => number = Date.now): () => string {
  let last = -1;
  let prefix = "";
  // One base-32 digit per entry, so that counting up is a carry over small integers.
  const digits = new Uint8Array(RANDOM_CHARS);
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    const time = now();
    if (time > last) {
      last = time;
      prefix = encodeTime(time);
      if (used === POOL_BYTES) {
        randomFillSync(pool);
        used = 0;
      }
      for (let i = 0; i < RANDOM_CHARS; i++) digits[i] = (pool[used++] as number) & 31;
      // Room to count up in: the first digit stays in the lower half.
      digits[0] = (digits[0] as number) & 15;
    } else {
      countUp(digits);
    }
    let id = prefix;
    for (let i = 0; i < RANDOM_CHARS; i++) id += ALPHABET[digits[i] as number];
    return id;
  };
}

function encodeTime(ms: number): string {
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = ALPHABET[ms % 32] + text;
    ms = Math.floor(ms / 32);
  }
  return text;
}

function countUp(digits: Uint8Array): void {
  for (let i = digits.length - 1; i >= 0; i--) {
    const next = (digits[i] as number) + 1;
    digits[i] = next & 31;
    if (next < 32) return;
  }
}
