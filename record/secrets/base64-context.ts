/**
 * What a find in base64 is worth. Pictures, sound and ciphertext hold every combination of letters
 * sooner or later, so a find counts only if its surroundings could not be random data.
 *
 * Invariants: a key in a text, in a text in base64, or in base64 by itself is not taken for
 * random data; of random data about one find in 10^9 bytes is left, for each rule.
 */
import { hasDistinct, type Rule } from "./rule.ts";

/** Random base64 holds an anchor of this length once in 64^6 characters: 69 GB. */
const RARE_ANCHOR = 6;
/** Characters of a run that are enough to tell random ones. */
const SAMPLE = 64;
/** No word, path or identifier is as long as this. */
const LONG_RUN = 256;
const BASE64 = /^[A-Za-z0-9+/_-]+$/;
const BASE64_CHAR = Uint8Array.from({ length: 256 }, (_, c) =>
  BASE64.test(String.fromCharCode(c)) ? 1 : 0,
);

function looksRandom(text: string, from: number, to: number): boolean {
  if (to - from < SAMPLE) return false;
  let capitals = 0;
  let smalls = 0;
  let digits = 0;
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (c >= 97) smalls += 1;
    else if (c >= 65 && c <= 90) capitals += 1;
    else if (c >= 48 && c <= 57) digits += 1;
  }
  // Of 64 random ones 26, 26 and 10; under these bounds lie two in 1,000.
  return capitals >= 12 && smalls >= 12 && digits >= 3;
}

/** Runs of base64 in a text; each is walked once, however many finds lie in it. */
export class Base64Runs {
  readonly #text: string;
  #from = 0;
  #to = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Characters of the run that ends before `start`. */
  before(start: number): number {
    return this.#isIn(start - 1) ? start - this.#from : 0;
  }

  /** Characters of the run that begins at `end`. */
  after(end: number): number {
    return this.#isIn(end) ? this.#to - end : 0;
  }

  #isIn(at: number): boolean {
    if (at >= this.#from && at < this.#to) return true;
    if (BASE64_CHAR[this.#text.charCodeAt(at)] !== 1) return false;
    this.#from = at;
    this.#to = at + 1;
    while (BASE64_CHAR[this.#text.charCodeAt(this.#from - 1)] === 1) this.#from -= 1;
    while (BASE64_CHAR[this.#text.charCodeAt(this.#to)] === 1) this.#to += 1;
    return true;
  }
}

/** Whether what a rule matched from `start` to `end` is a piece of a longer run of base64. */
export function isInsideBase64(
  rule: Rule,
  text: string,
  start: number,
  end: number,
  runs: Base64Runs,
): boolean {
  if (rule.anchors.every((anchor) => anchor.length >= RARE_ANCHOR)) return false;
  const [all, rest] = [runs.before(start), runs.after(end)];
  const before = Math.min(all, SAMPLE);
  const after = Math.min(rest, SAMPLE);
  if (before + after < SAMPLE || !BASE64.test(text.slice(start, end))) return false;
  if (looksRandom(text, start - before, start) || looksRandom(text, end, end + after)) return true;
  if (all + rest < LONG_RUN) return false;
  const nearest =
    before >= after ? text.slice(start - before, start) : text.slice(end, end + after);
  return hasDistinct(nearest, 12);
}

/** Bytes looked at on either side of what was found in decoded base64. */
const SIDE = 24;
const ENOUGH = 8;
const TEXT = /[\t\n\r\x1b -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|\xf0[\x80-\xbf]{3}/g;

function isText(side: string): boolean {
  let length = 0;
  for (const [piece] of side.matchAll(TEXT)) length += piece.length;
  return length >= 0.9 * side.length;
}

/** Whether decoded bytes around a find are text on one side at least, or there are none. */
export function standsInText(decoded: string, start: number, end: number): boolean {
  const before = decoded.slice(Math.max(0, start - SIDE), start);
  const after = decoded.slice(end, end + SIDE);
  if (before.length < ENOUGH && after.length < ENOUGH) return true;
  return [before, after].some((side) => side.length >= ENOUGH && isText(side));
}
