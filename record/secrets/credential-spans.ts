/**
 * Where credentials lie *within* a URL, a header's value or a list of WebSocket sub-protocols,
 * told by the names in front of them. What is done with them is decided elsewhere.
 *
 * Invariants: spans are in order and do not overlap; every pattern is linear; nothing throws.
 */
import { isCredentialMember } from "./credential-names.ts";

/** The text from `start` to `end` is the value of `name`, as written there. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Puts `replace(name, value)` in the place of each span. */
export function replaceSpans(
  text: string,
  spans: readonly Span[],
  replace: (name: string, value: string) => string,
): string {
  let out = "";
  let from = 0;
  for (const { start, end, name } of spans) {
    out += text.slice(from, start) + replace(name, text.slice(start, end));
    from = end;
  }
  return out + text.slice(from);
}

export function decodePercents(text: string): string {
  // Few are encoded at all, and decoding costs more than all else that is done to a short query.
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Made of words, short numbers and versions, as names of models, regions and projects are. */
export function isReadable(value: string): boolean {
  return value
    .split(/[^A-Za-z0-9]+/)
    .every((word) =>
      /^(?:[A-Za-z]{0,16}|\d{1,8}|[A-Za-z]{1,10}\d{1,4}|\d{1,4}[A-Za-z]{1,3})$/.test(word),
    );
}

export function looksRandom(value: string): boolean {
  return value.length >= 16 && /^[\w.~+/=%:-]+$/.test(value) && !isReadable(value);
}

// A raw `;` or `?` in a value belongs to it: cut there, its rest would stay.
const MEMBER = /(?:[?&#]|^)([^=&#?/]{1,200})=([^&#]+)/g;
/** Two members with a `;` between them, as old servers part them; `;` alone belongs to a value. */
const INNER_MEMBER = /;([^=&;#?/]{1,200})=([^&;#]+)/g;
const MATRIX_MEMBER = /;([^=;]{1,200})=([^;]+)/g;

/** Members of a query, a fragment or a form, also of a URL that is one's value. */
export function spansOfMembers(text: string, offset = 0, member = MEMBER): Span[] {
  const spans: Span[] = [];
  for (const m of text.matchAll(member)) {
    const value = m[2] as string;
    const name = decodePercents(m[1] as string);
    const end = offset + m.index + m[0].length;
    if (!isCredentialMember(name) && !hidesCredential(name, value)) {
      if (value.includes(";"))
        spans.push(...spansOfMembers(value, end - value.length, INNER_MEMBER));
      continue;
    }
    spans.push({ start: end - value.length, end, name });
  }
  return spans;
}

function hidesCredential(name: string, value: string): boolean {
  if (name.length === 1 && looksRandom(decodePercents(value))) return true;
  // Decoding makes it shorter, so this comes to an end.
  if (/%3d/i.test(value)) return spansOfMembers(decodePercents(value)).length > 0;
  const query = value.indexOf("?");
  return query >= 0 && spansOfMembers(value.slice(query)).length > 0;
}

/** `bot123:opaque`: an id and a secret in one segment. */
const PAIR = /^(?:bot)?\d{2,20}(?::|%3a)(?=[\w-]{5})/i;

/** Segments that a secret follows: addresses that are sent to one person, bots, hooks. */
const OPENS =
  /^(?:tokens|bot|(?:web)?hooks?|invit(?:e|ation)s?|reset(?:[-_]password)?|verify|magic(?:[-_]?links?)?)$/i;

/** `key-opaque`, `token:opaque`: name and secret in one segment. */
const NAMED = /^(?:api[-_]?key|key|token|secret|auth)[-_:=.](?=\S{16})/i;

function* segmentsOf(path: string, isRefused: boolean): Generator<Span> {
  let name = "";
  for (let start = path.indexOf("/") + 1; start > 0; ) {
    const next = path.indexOf("/", start);
    const end = next < 0 ? path.length : next;
    const segment = path.slice(start, end);
    const pair = PAIR.exec(segment)?.[0].length ?? 0;
    const tilde = isRefused ? (/^(?:~|%7e)/i.exec(segment)?.[0].length ?? 0) : 0;
    const named = NAMED.exec(segment)?.[0].length ?? 0;
    const semicolon = segment.indexOf(";");
    if (tilde > 0 && segment.length > tilde) yield { start: start + tilde, end, name: "token" };
    else if (pair > 0) yield { start: start + pair, end, name: "token" };
    else if (name !== "" && looksRandom(segment)) yield { start, end, name };
    else if (named > 0 && looksRandom(segment.slice(named))) {
      yield { start: start + named, end, name: "token" };
    } else if (semicolon >= 0) {
      yield* spansOfMembers(segment.slice(semicolon), start + semicolon, MATRIX_MEMBER);
    }
    name = isCredentialMember(segment) || OPENS.test(segment) ? segment : "";
    start = next + 1;
  }
}

/**
 * Credentials in a URL or in a request target: of its user, in its path (`/bot123:secret/`,
 * `/token/…`), query and fragment. `isRefused`: of a request that the daemon refused, in which any
 * segment may be meant to be its token (`/~TOKEN/`).
 */
export function spansOfUrl(url: string, isRefused = false): Span[] {
  const spans: Span[] = [];
  const cut = url.search(/[?#]/);
  const end = cut < 0 ? url.length : cut;
  const path = url.slice(0, end);
  const scheme = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.exec(path)?.[0].length ?? 0;
  const host = scheme > 0 ? scheme : (/^\/{1,2}/.exec(path)?.[0].length ?? 0);
  const slash = path.indexOf("/", host);
  const authority = slash < 0 ? end : slash;
  const at = path.lastIndexOf("@", authority - 1);
  // In front of a host, or where a target that was refused looks as if there were one.
  const hasHost = scheme > 0 || path.startsWith("//");
  const user = at > host && (hasHost || isRefused) && !path.startsWith("/@");
  if (user) spans.push({ start: host, end: at, name: "authorization" });
  const from = user ? authority : scheme > 0 ? authority : 0;
  for (const span of segmentsOf(path.slice(from), isRefused)) {
    spans.push({ ...span, start: span.start + from, end: span.end + from });
  }
  if (cut >= 0) spans.push(...spansOfMembers(url.slice(cut), cut));
  return spans;
}

const URL_HEADERS =
  /^(?:referer|location|content-location|origin|http-referer|x-(?:original|rewrite|forwarded)-ur[il]|x-forwarded-path|x-forwarded-uri|destination)$/i;
const PAIRS = /(?<![\w.%[\]-])([\w.%[\]-]{1,64})(?:=["']?|"\s?:\s?")/g;
// Not the signs in which base64 ends.
const PAIR_VALUE = /[^\s"&;<>=][^\s"&;<>]*/y;

/** Credentials in the value of a header whose own name says nothing. */
export function spansOfHeader(name: string, value: string): Span[] {
  if (URL_HEADERS.test(name)) return spansOfUrl(value);
  if (!value.includes("=") && !value.includes(":")) return [];
  const spans: Span[] = [];
  let end = 0;
  for (const m of value.matchAll(PAIRS)) {
    if (m.index < end || !isCredentialMember(decodePercents(m[1] as string))) continue;
    const start = m.index + m[0].length;
    PAIR_VALUE.lastIndex = start;
    const length = PAIR_VALUE.exec(value)?.[0].length ?? 0;
    end = start + length;
    if (length > 0) spans.push({ start, end, name: m[1] as string });
  }
  return spans;
}

const PROTOCOL_KEY =
  /^.*?(?:^|[._-])(?:api-?key|token|bearer|auth|authorization|secret|jwt|password|key|credential|session)[._:=~-](?=.{4})/i;

/**
 * Credentials among WebSocket sub-protocols, the one place where a browser can put them:
 * `openai-insecure-api-key.sk-…`, or `bearer, eyJ…`.
 */
export function spansOfProtocols(value: string): Span[] {
  const spans: Span[] = [];
  let before = "";
  for (const m of value.matchAll(/[^\s,]+/g)) {
    const item = m[0];
    const end = m.index + item.length;
    const key = PROTOCOL_KEY.exec(item)?.[0].length ?? 0;
    if (key > 0) spans.push({ start: m.index + key, end, name: "token" });
    else if ((before !== "" && item.length >= 6) || looksRandom(item))
      spans.push({ start: m.index, end, name: "token" });
    before = key === 0 && isCredentialMember(item) ? item : "";
  }
  return spans;
}
