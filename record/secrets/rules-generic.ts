/**
 * Secrets that are known by their shape or by the name in front of them, whoever issued them: key
 * blocks, JWTs, passwords in URLs, authorization headers inside text, assignments.
 *
 * These look at every kind of text, so each has an `accept` that lets code, placeholders and plain
 * words stand: an assignment is hidden only if what is assigned looks random.
 */
import { findKeyBlocks, findPuttyKeys, KEY_BLOCK_REACH, KEY_STARTS } from "./key-blocks.ts";
import { behind, entropy, hasDistinct, isVaried, type Rule } from "./rule.ts";

// What documentation writes where a password would stand.
const DOC_PASSWORD =
  /^(?:pass(?:word|wd)?|pwd|secret|redacted|abc|xyz|123|user(?:name)?|root|admin|guest|postgres|mysql|redis|test|example|changeme|xxx+|\*+|\.+|mypassword|your.*|my-?secret.*|p4ssw0rd|placeholder|null|none|true|false)\d{0,3}$/i;

/** Template expressions, code and other things that a value is taken from rather than given as. */
const TAKEN_FROM_ELSEWHERE =
  /^[$%<{[(@&*!]|\$\{|\{\{|^(?:process|os|env|config|self|this|req|request|ctx|context|settings|options|args|kwargs|params|data|state|props|secrets?|vault|ssm|import\.meta)[.[]|[([{]$|=>|::|^Uint\d+Array$|\(\)/i;

/**
 * A name in any case with up to four digits behind it, or a number. Each letter can be taken in one
 * way only, so that a word which is none is read once: a capital stands before small letters or
 * belongs to a whole run of capitals.
 */
const WORD = /^(?:(?:[a-z]|[A-Z](?=[a-z]{2})|(?<![A-Z])[A-Z]{2,}(?![A-Z]))*\d{0,4}|\d+)$/;

export function isPasswordLike(secret: string): boolean {
  // Cheapest first: a text may hold this shape at every few characters.
  if (!hasDistinct(secret, 3) || secret.includes("redacted")) return false;
  return !DOC_PASSWORD.test(secret) && !TAKEN_FROM_ELSEWHERE.test(secret);
}

/** Identifiers and dotted or slashed names with a number in them: `token_v2`, `a/b/c1`, `x.y2`. */
const BETWEEN_WORDS = /[_./:-]+/;
/** The same, and types with a number in their midst: `OAuth2Client`. Passwords may look so too. */
const BETWEEN_NAMES = /[_./:$#-]+|(?<=\d)(?=[A-Z][a-z]{2})/;

/** Letters and digits mixed in a way that names, paths, versions, dates and prose are not. */
function isRandomLooking(secret: string, between = BETWEEN_WORDS): boolean {
  // Cheapest first: most of what is assigned in a text is a word.
  if (!/\d/.test(secret) || !/[A-Za-z]/.test(secret)) return false;
  if (TAKEN_FROM_ELSEWHERE.test(secret) || DOC_PASSWORD.test(secret) || !isVaried(secret)) {
    return false;
  }
  if (/^[a-z]+:\/\/|^[./~]|^\d{4}-\d\d-\d\d|^v?\d+\.\d+/i.test(secret)) return false;
  const name =
    between === BETWEEN_NAMES ? secret.replaceAll(/[A-Z](?=\d{1,3}(?!\d))/g, "") : secret;
  return !name.split(between).every((word) => WORD.test(word));
}

function acceptAssignment(secret: string, before: string): boolean {
  const isPassword = /pass|pwd/i.test(before.slice(-32));
  if (!isRandomLooking(secret, isPassword ? BETWEEN_WORDS : BETWEEN_NAMES)) return false;
  if (isPassword) return secret.length >= 7 && new Set(secret).size >= 5;
  return secret.length >= 16 && entropy(secret) >= 3.2;
}

function holdsUserAndPassword(base64: string): boolean {
  if (!hasDistinct(base64, 6)) return false;
  const plain = Buffer.from(base64, "base64").toString("latin1");
  return /^[\x20-\x7e]{1,128}:[\x20-\x7e]{1,}$/.test(plain);
}

/** Names to which secrets are assigned; with the literals that are in each. */
const SECRET_NAMES: readonly { readonly anchors: string[]; readonly source: string }[] = [
  { anchors: ["Passw"], source: "passw(?:or)?d" },
  { anchors: ["Pwd"], source: "pwd" },
  { anchors: ["Secret"], source: "secret" },
  { anchors: ["Token"], source: "token" },
  { anchors: ["credential"], source: "credentials?" },
  { anchors: ["passphrase"], source: "passphrase" },
  ...["api", "access", "app"].map((name) => ({
    anchors: [`${name}_key`, `${name}Key`, `${name}-key`],
    source: `${name}[_-]?key`,
  })),
  ...["auth", "private", "encryption", "signing", "application", "master", "admin"].map((name) => ({
    anchors: [`${name}_key`, `${name}-key`],
    source: `${name}[_-]key`,
  })),
];

/** What a value may hold but digits; letters beyond ASCII as their UTF-8 bytes. */
const OTHER = "!#$%*+./:?@A-Z^_a-z~\\x80-\\xbf\\xc3-\\xdf-";
/** Quotes of every kind in front of a value, and Markdown's marks. */
const OPENING = "(?:[\"'`]|\\xe2\\x80[\\x98-\\x9f]|\\xc2\\xab|\\xe3\\x80[\\x8c\\x8e]|\\*{1,2})?";

export const GENERIC_RULES: readonly Rule[] = [
  {
    name: "private-key",
    anchors: ["PRIVATE KEY", ...KEY_STARTS],
    find: findKeyBlocks,
    reach: KEY_BLOCK_REACH,
    before: KEY_BLOCK_REACH,
  },
  {
    name: "putty-private-key",
    anchors: ["Private-Lines", "Private-MAC", "Private-Hash"],
    find: findPuttyKeys,
    reach: KEY_BLOCK_REACH,
    before: KEY_BLOCK_REACH,
  },
  {
    name: "jwt",
    anchors: ["eyJ"],
    pattern: new RegExp(
      `${behind("eyJ")}[A-Za-z0-9_-]{8,2048}\\.[A-Za-z0-9_-]{8,4096}\\.[A-Za-z0-9_-]{16,1024}`,
      "g",
    ),
    reach: 7200,
  },
  {
    // Without a signature, or with a header that does not begin as JSON does.
    name: "jwt",
    anchors: [".ey"],
    pattern: new RegExp(
      `${behind("ey")}[A-Za-z0-9_-]{17,2048}\\.ey[A-Za-z0-9/_-]{17,4096}(?:\\.[A-Za-z0-9/_-]{10,1024})?`,
      "g",
    ),
    accept: isVaried,
    reach: 7200,
    before: 2200,
  },
  {
    name: "url-password",
    anchors: ["://"],
    pattern:
      /:\/\/(?<=[A-Za-z][A-Za-z0-9+.-]{1,30}:\/\/)[^\s:/@"'\\<>\x00-\x1f]{0,128}:([!#-&(-.0-;=?A-[\]-~\x80-\xbf\xc3-\xdf]{3,256})@[A-Za-z0-9.[_-]/g,
    accept: isPasswordLike,
  },
  {
    name: "bearer-token",
    anchors: ["Bearer"],
    fold: true,
    pattern: /(?<![A-Za-z])bearer\s{1,4}([A-Za-z0-9._~+/-]{20,2048}={0,2})/gi,
    accept: (secret) => isRandomLooking(secret),
    reach: 2200,
  },
  {
    name: "basic-credentials",
    anchors: ["Basic "],
    fold: true,
    pattern: /(?<![A-Za-z])basic\s{1,4}([A-Za-z0-9+/]{12,512}={0,2})/gi,
    accept: holdsUserAndPassword,
  },
  {
    name: "registry-auth",
    anchors: ['auth"', "_auth"],
    pattern: /(?:"auth"\s{0,4}:\s{0,4}"|_auth\s{0,4}=\s{0,4})([A-Za-z0-9+/]{16,512}={0,2})/g,
    accept: holdsUserAndPassword,
  },
  {
    name: "assigned-secret",
    anchors: SECRET_NAMES.flatMap(({ anchors }) => anchors),
    fold: true,
    // A digit is asked for in the first 64 characters: of random keys, one in 60,000 has none there,
    // and a text that repeats the name makes each of them be read once for every name.
    pattern: new RegExp(
      `(?:${SECRET_NAMES.map(({ source }) => source).join("|")})[A-Za-z0-9_]{0,16}["'\\]*\`]{0,3}\\s{0,4}(?::=|=>|=|:)\\*{0,2}\\s{0,4}${OPENING}(?=[${OTHER}]{0,64}?\\d)([${OTHER}0-9]{7,512}={0,2})`,
      "gi",
    ),
    accept: acceptAssignment,
  },
];
