/**
 * What a rule *is*: a name, the literals without which it cannot match, and a pattern. How rules are
 * run lies in find-secrets.ts.
 *
 * Invariants: a pattern runs on decoded text in which each character stands for one byte
 * (latin1), it begins with a left boundary or a fixed literal and every repetition in it is bounded,
 * so that no input makes it quadratic; what is to be hidden is group 1, or the whole match.
 * A secret never holds a quote, a backslash or a control character other than line breaks in a key
 * block, so replacing it never breaks the JSON around it.
 */

/** Where a secret stands in a text. */
export interface Occurrence {
  readonly start: number;
  readonly end: number;
  /** The whole secret, where it stands in several places; default: the text from start to end. */
  readonly secret?: string;
  /** A later place of the same secret: emptied, not marked. */
  readonly continued?: boolean;
}

export interface Rule {
  /** Kebab-case; what stands in the replacement text and in `redactions`. */
  readonly name: string;
  /**
   * Literals, at least one of which is in every match; without regard to case where `fold` is set
   * (inside base64 only as written here, in lower and in upper case).
   * Empty: the rule is tried on every text (user rules and personal data only: it costs).
   */
  readonly anchors: readonly string[];
  readonly fold?: boolean;
  /** With the flag `g`; also `d` where group 1 may stand anywhere in the match. */
  readonly pattern?: RegExp;
  /** A last look at what matched; false lets it stand. `before` is up to 64 characters of context. */
  readonly accept?: (secret: string, before: string) => boolean;
  /** In place of `pattern`, where one expression cannot say it. */
  readonly find?: (text: string) => readonly Occurrence[];
  /** Longest match in characters behind its anchor; windows overlap by as much. Default 640. */
  readonly reach?: number;
  /** Characters of a match in front of its anchor, where these are more than 300. */
  readonly before?: number;
}

/**
 * What may stand in front of a token. `word`: anything but a letter or a digit. `name`: nor a hyphen
 * or underscore that goes on a name (`cache-key-…`), while a diff's `-` may. `any`: anything, for
 * prefixes that no word ends in, which are found behind a letter that was left over from something.
 */
export type Left = "word" | "name" | "any";

/** Letters that belong to an escape, not to the token behind it, however the escape is written. */
const ESCAPE = [
  String.raw`\[[\d;:]{0,16}[mK]`, // a terminal's colour code, with or without what precedes it
  String.raw`\\(?:[abefnrtv0]|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|u[0-9A-Fa-f]{4})`, // source code
  "[=%][0-9A-F]{2}", // quoted-printable, percent-encoding
].join("|");

const LEFT: Readonly<Record<Left, string>> = {
  word: `^|[^A-Za-z0-9]|${ESCAPE}`,
  name: `^|[^A-Za-z0-9_-]|(?:^|[^A-Za-z0-9_-])[_-]{1,3}|${ESCAPE}`,
  any: "",
};

/** Regex source for `first` behind `left`: looked at backwards, where `first` has been found. */
export const behind = (first: string, left: Exclude<Left, "any"> = "word"): string =>
  `${first}(?<=(?:${LEFT[left]})${first})`;

/** Regex source for "what ends here is `whole`, behind `left`"; where the end is the rarest part. */
export const followsOn = (whole: string, left: Exclude<Left, "any"> = "word"): string =>
  `(?<=(?:${LEFT[left]})${whole})`;

/** Not followed by more of the same word. */
export const ENDS = "(?![A-Za-z0-9])";

export interface TokenOptions {
  /** Default `word`. */
  readonly left?: Left;
  /** Looks at what follows the prefix too; default `isVaried` there. */
  readonly accept?: (secret: string) => boolean;
  readonly reach?: number;
}

/**
 * A rule for a token with a fixed prefix; `body` is the regex source of all that follows it. The
 * boundary is looked at behind the prefix, so that a text is searched for the prefix alone.
 */
export function token(
  name: string,
  prefix: string | readonly string[],
  body: string,
  { left = "word", accept, reach }: TokenOptions = {},
): Rule {
  const anchors = typeof prefix === "string" ? [prefix] : prefix;
  const starts = anchors.map((a) => a.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  const start = left === "any" ? `(?:${starts})` : behind(`(?:${starts})`, left);
  const bodyOf = (secret: string): string =>
    secret.slice(anchors.find((a) => secret.startsWith(a))?.length ?? 0);
  return {
    name,
    anchors,
    pattern: new RegExp(`${start}${body}`, "g"),
    accept: accept ?? ((secret) => isVaried(bodyOf(secret))),
    ...(reach === undefined ? {} : { reach }),
  };
}

const STAND_IN =
  /x{6}|\*{4}|\.{4}|0{10}|your[-_]|_here|example|placeholder|redacted|scrubbed|sanitized|dummy|fake[-_]|1234567890abcdef1234567890abcdef|abcdefghijklmnop/i;

/** The last text in which a character was seen; texts are counted. */
const seenIn = new Uint32Array(256);
let texts = 0;

/** Whether at least `count` different characters stand in the text (latin1). */
export function hasDistinct(text: string, count: number): boolean {
  texts += 1;
  let distinct = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i) & 0xff;
    if (seenIn[c] === texts) continue;
    seenIn[c] = texts;
    distinct += 1;
    if (distinct >= count) return true;
  }
  return false;
}

/**
 * False for `sk-xxxxxxxx`, `YOUR_KEY_HERE` and the like: stand-ins that people write in examples.
 * What a greedy body took along (`…-example`, `________`) says nothing of the key in front of it.
 */
export function isVaried(secret: string): boolean {
  const standIn = STAND_IN.exec(secret)?.index ?? -1;
  if (standIn >= 0 && standIn < 20) return false;
  const key = standIn < 0 ? secret : secret.slice(0, standIn);
  return hasDistinct(key.slice(0, 32), 6) || hasDistinct(key.slice(-24), 6);
}

/** Shannon entropy in bits per character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  let bits = 0;
  for (const n of counts.values()) bits -= (n / text.length) * Math.log2(n / text.length);
  return bits;
}
