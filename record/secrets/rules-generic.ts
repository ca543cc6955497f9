/**
 * Secrets that are known by their shape or by the name in front of them, whoever issued them: key
 * blocks, JWTs, passwords in URLs, authorization headers inside text, assignments.
 *
 * These look at every kind of text, so each has an `accept` that lets code, placeholders and plain
 * words stand: an assignment is hidden only if what is assigned looks random.
 */
import { entropy, hasDistinct, isVaried, type Rule } from "./rule.ts";

// What documentation writes where a password would stand.
const DOC_PASSWORD =
  /^(?:pass(?:word|wd)?|pwd|secret|user(?:name)?|root|admin|guest|postgres|mysql|redis|test|example|changeme|xxx+|\*+|\.+|mypassword|your.*|my-?secret.*|p4ssw0rd|placeholder|null|none|true|false)\d{0,3}$/i;

/** Template expressions, code and other things that a value is taken from rather than given as. */
const TAKEN_FROM_ELSEWHERE =
  /^[$%<{[(@&*!]|\$\{|\{\{|^(?:process|os|env|config|self|this|req|request|ctx|context|settings|options|args|kwargs|params|data|state|props|secrets?|vault|ssm|import\.meta)[.[]|[([{]$|=>|::|\(\)/i;

/**
 * A name in any case with up to four digits behind it, or a number. Each letter can be taken in one
 * way only, so that a word which is none is read once: a capital stands before small letters or
 * belongs to a whole run of capitals.
 */
const WORD = /^(?:(?:[a-z]|[A-Z](?=[a-z]{2})|(?<![A-Z])[A-Z]{2,}(?![A-Z]))*\d{0,4}|\d+)$/;

function isPasswordLike(secret: string): boolean {
  // Cheapest first: a text may hold this shape at every few characters.
  if (!hasDistinct(secret, 3) || secret.includes("redacted")) return false;
  return !DOC_PASSWORD.test(secret) && !TAKEN_FROM_ELSEWHERE.test(secret);
}

/** Letters and digits mixed in a way that names, paths, versions, dates and prose are not. */
function isRandomLooking(secret: string): boolean {
  // Cheapest first: most of what is assigned in a text is a word.
  if (!/\d/.test(secret) || !/[A-Za-z]/.test(secret)) return false;
  if (TAKEN_FROM_ELSEWHERE.test(secret) || DOC_PASSWORD.test(secret) || !isVaried(secret)) {
    return false;
  }
  if (/^[a-z]+:\/\/|^[./~]|^\d{4}-\d\d-\d\d|^v?\d+\.\d+/i.test(secret)) return false;
  // Identifiers and dotted or slashed names with a number in them: `token_v2`, `a/b/c1`, `x.y2`.
  return !secret.split(/[_./:-]+/).every((word) => WORD.test(word));
}

function acceptAssignment(secret: string, before: string): boolean {
  if (!isRandomLooking(secret)) return false;
  const isPassword = /pass|pwd/i.test(before.slice(-32));
  if (isPassword) return secret.length >= 7 && new Set(secret).size >= 5;
  return secret.length >= 16 && entropy(secret) >= 3.2;
}

function holdsUserAndPassword(base64: string): boolean {
  if (!hasDistinct(base64, 6)) return false;
  const plain = Buffer.from(base64, "base64").toString("latin1");
  return /^[\x20-\x7e]{1,128}:[\x20-\x7e]{1,}$/.test(plain);
}

export const GENERIC_RULES: readonly Rule[] = [
  {
    name: "private-key",
    anchors: ["PRIVATE KEY"],
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,.()]|-(?!-)){32,9000}(?:-----END [A-Z0-9 ]{1,48}-----)?/g,
    accept: (secret) => new Set(secret.slice(36, 120)).size >= 12,
    reach: 9200,
  },
  {
    name: "putty-private-key",
    anchors: ["PuTTY-User-Key-File-"],
    pattern:
      /PuTTY-User-Key-File-\d: (?:(?!PuTTY-User)[\s\S]){1,1200}?Private-Lines: \d{1,3}\s{1,2}([A-Za-z0-9+/=\s]{40,8000})/g,
    reach: 9200,
  },
  {
    name: "jwt",
    anchors: ["eyJ"],
    pattern:
      /(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{16,1024}/g,
    reach: 7200,
  },
  {
    name: "url-password",
    anchors: ["://"],
    pattern:
      /(?<![A-Za-z0-9.+-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'\\<>]{0,128}:([^\s/@"'\\<>]{3,256})@[A-Za-z0-9.[_-]/g,
    accept: isPasswordLike,
  },
  {
    name: "bearer-token",
    anchors: ["Bearer"],
    fold: true,
    pattern: /(?<![A-Za-z])bearer\s{1,4}([A-Za-z0-9._~+/-]{20,2048}={0,2})/gi,
    accept: isRandomLooking,
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
    name: "command-password",
    anchors: [" -u", "--user"],
    pattern: /\s(?:-u|--user)[ =]{0,2}["']?[A-Za-z0-9_.@+-]{1,64}:([^\s"'\\]{6,128})/g,
    accept: (s) => isPasswordLike(s) && /[\d\W]/.test(s) && !/^\d+$/.test(s),
  },
  {
    name: "netrc-password",
    anchors: ["login "],
    pattern: /login\s{1,4}[^\s"'\\]{1,64}\s{1,8}password\s{1,4}([^\s"'\\]{4,128})/g,
    accept: isPasswordLike,
  },
  {
    name: "assigned-secret",
    anchors: [
      "Passw",
      "Pwd",
      "Secret",
      "Token",
      "api_key",
      "ApiKey",
      "api-key",
      "access_key",
      "AccessKey",
      "auth_key",
      "private_key",
      "encryption_key",
      "signing_key",
      "credential",
      "passphrase",
    ],
    fold: true,
    // A digit is asked for in the first 64 characters: of random keys, one in 60,000 has none there,
    // and a text that repeats the name makes each of them be read once for every name.
    pattern:
      /(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access_?key|auth_key|private_key|encryption_key|signing_key|credentials?|passphrase)[A-Za-z0-9_]{0,16}["'\]]{0,2}\s{0,4}(?::=|=>|=|:)\s{0,4}["'`]?(?=[^\s"'\\,;<>(){}[\]`|&=\d]{0,64}?\d)([^\s"'\\,;<>(){}[\]`|&=]{7,512}={0,2})/gi,
    accept: acceptAssignment,
  },
];
