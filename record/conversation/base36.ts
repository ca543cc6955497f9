/**
 * 32-bit numbers as text in base 36, as Number.toString(36) writes them but several times as fast:
 * the keys of prefixes and of lines are made of two such numbers each.
 */
const DIGITS = [..."0123456789abcdefghijklmnopqrstuvwxyz"];
const PAIR = DIGITS.length ** 2;
const PAIRS = DIGITS.flatMap((high) => DIGITS.map((low) => high + low));

/** Seven digits, the first of them zeros where need be. @param n from 0 to 2^32 - 1 */
export function paddedBase36(n: number): string {
  const upper = Math.floor(n / PAIR);
  const top = Math.floor(upper / PAIR);
  const head = Math.floor(top / PAIR);
  return DIGITS[head]! + PAIRS[top - head * PAIR]! + PAIRS[upper % PAIR]! + PAIRS[n % PAIR]!;
}

/** As many digits as it takes, as toString(36). @param n from 0 to 2^32 - 1 */
export function base36(n: number): string {
  const text = paddedBase36(n);
  let zeros = 0;
  while (zeros < text.length - 1 && text.charCodeAt(zeros) === ZERO) zeros++;
  return zeros === 0 ? text : text.slice(zeros);
}

const ZERO = 48;
