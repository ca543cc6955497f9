/**
 * The words of a text as the search knows them: the same function makes the index and reads the
 * query. Letters are folded to lower case without accents; names with underscores or dots count
 * whole and in parts; Chinese, Japanese and Korean text counts as pairs of characters.
 */

const RUN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+|[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*/gu;
const CJK = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const TERM_CHARS = 40;

/** Distinct terms of `text`, in order of appearance, at most `most`. */
export function termsOf(text: string, most = 2000): string[] {
  const terms = new Set<string>();
  for (const run of folded(text).match(RUN) ?? []) {
    if (CJK.test(run)) addPairs(run, terms);
    else addNames(run, terms);
    if (terms.size >= most) break;
  }
  return [...terms].slice(0, most);
}

/** Which of `shards` files holds a term (FNV-1a). */
export function shardOf(term: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < term.length; at += 1) {
    hash = Math.imul(hash ^ term.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash % shards;
}

/** What is neither ASCII nor a common Han character, which fold to themselves. */
const ODD = /[^\0-\x7f\u4e00-\u9fff]+/g;

function folded(text: string): string {
  return text.replace(ODD, fold).toLowerCase();
}

const fold = (odd: string): string =>
  odd
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .normalize("NFC");

/** A lone character is a term too: it can be asked for. */
function addPairs(run: string, terms: Set<string>): void {
  const characters = [...run];
  if (characters.length === 1) terms.add(run);
  for (let at = 0; at + 1 < characters.length; at += 1) {
    terms.add(characters[at]! + characters[at + 1]!);
  }
}

function addNames(run: string, terms: Set<string>): void {
  const plain = !/[._-]/.test(run);
  const whole = plain ? run : run.replace(/[._-]+$/, "");
  if (whole.length <= TERM_CHARS) terms.add(whole);
  if (plain) return;
  for (const part of whole.split(/[._-]+/)) {
    if (part.length > 1 && part.length <= TERM_CHARS) terms.add(part);
  }
}
