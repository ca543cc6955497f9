/**
 * Captured text made safe to *look at*: characters that hide, reorder or control are shown as their
 * code point instead of being obeyed. Escaping is the template's business, not this module's.
 *
 * What always holds: nothing printable is changed or dropped; emoji sequences and the joiners that
 * Arabic, Persian and Indic spelling need stay as they are. Never in here: markup.
 * https://www.unicode.org/reports/tr36/ (bidi spoofing), CVE-2021-42574 (hidden reordering).
 */

/** A run of ordinary text, or one character that is shown by its code point, e.g. `U+202E`. */
export type VisiblePart = string | { readonly code: string };

// C0 but tab, LF, CR; DEL and C1; soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul
// fillers, Mongolian vowel separator, zero width and bidi controls, invisible operators, BOM,
// interlinear annotation, tag characters and lone surrogates.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\u034f|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const JOINER = /[\u200c\u200d]/;
const JOINING_LETTER =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Oriya}\p{M}]/u;
const PICTOGRAPH = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u;

/** The text where nothing in it has to be named, else null: nearly all text may be shown as it is. */
export function plain(text: string): string | null {
  return text.search(HIDDEN) === -1 ? text : null;
}

/** Splits `text` into what may be shown as it is and the characters that must be named. */
export function visibleParts(text: string): VisiblePart[] {
  if (plain(text) !== null) return [text];
  const parts: VisiblePart[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const at = match.index;
    const char = match[0];
    if (JOINER.test(char) && isOrdinaryJoiner(text, at)) continue;
    if (at > from) parts.push(text.slice(from, at));
    parts.push({ code: codeOf(char) });
    from = at + char.length;
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from));
  return parts;
}

/** The same as one string, for titles and attributes: `a[U+202E]b`. */
export function visible(text: string): string {
  return visibleParts(text)
    .map((part) => (typeof part === "string" ? part : `[${part.code}]`))
    .join("");
}

function codeOf(char: string): string {
  return `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

function isOrdinaryJoiner(text: string, at: number): boolean {
  const before = text.codePointAt(at - 2);
  const pair = before !== undefined && before > 0xffff ? String.fromCodePoint(before) : "";
  const left = pair || text.charAt(at - 1);
  const next = text.codePointAt(at + 1);
  if (left === "" || next === undefined) return false;
  const right = String.fromCodePoint(next);
  if (PICTOGRAPH.test(left) && PICTOGRAPH.test(right)) return true;
  return JOINING_LETTER.test(left) && JOINING_LETTER.test(right);
}
