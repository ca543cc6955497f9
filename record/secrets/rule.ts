/**
 * What a rule *is*: a name, the literals without which it cannot match, and a pattern. How rules are
 * run lies in find-secrets.ts.
 *
 * What always holds: a pattern runs on decoded text in which each character stands for one byte
 * (latin1), it begins with a left boundary or a fixed literal and every repetition in it is bounded,
 * so that no input makes it quadratic; what is to be hidden is group 1, or the whole match.
 * A secret never holds a quote, a backslash or a control character other than line breaks in a key
 * block, so replacing it never breaks the JSON around it.
 */

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
  readonly pattern: RegExp;
  /** A last look at what matched; false lets it stand. `before` is up to 64 characters of context. */
  readonly accept?: (secret: string, before: string) => boolean;
  /** Longest match in characters; windows overlap by as much. Default 2,048. */
  readonly reach?: number;
}

/** Left boundary for tokens: not in the middle of a word or of another token. */
const LEFT = "(?<![A-Za-z0-9_-])";

/** A rule for a token with a fixed prefix; `body` is the regex source of all that follows it. */
export function prefixed(
  name: string,
  prefix: string | readonly string[],
  body: string,
  accept: Rule["accept"] = (secret) => isVaried(secret),
): Rule {
  const anchors = typeof prefix === "string" ? [prefix] : prefix;
  const starts = anchors.map((a) => a.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  return { name, anchors, accept, pattern: new RegExp(`${LEFT}(?:${starts})${body}`, "g") };
}

const STAND_IN =
  /x{6}|\*{4}|\.{4}|0{10}|your[-_]|_here|example|placeholder|redacted|scrubbed|sanitized|dummy|fake[-_]|1234567890abcdef1234567890abcdef|abcdefghijklmnopqrstuvwxyz/i;

/** Whether at least `count` (up to 32) different characters stand in the text. */
export function hasDistinct(text: string, count: number): boolean {
  let seen = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (seen.includes(c)) continue;
    seen += c;
    if (seen.length >= count) return true;
  }
  return false;
}

/** False for `sk-xxxxxxxx`, `YOUR_KEY_HERE` and the like: stand-ins that people write in examples. */
export function isVaried(secret: string): boolean {
  return hasDistinct(secret.slice(-24), 6) && !STAND_IN.test(secret);
}

/** Shannon entropy in bits per character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  let bits = 0;
  for (const n of counts.values()) bits -= (n / text.length) * Math.log2(n / text.length);
  return bits;
}
