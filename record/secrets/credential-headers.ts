/**
 * How the values of credentials look once masked, and which of them are worth looking for in all
 * else that crosses the wire.
 *
 * Invariants: a masked value shows the scheme and the provider's public prefix at most, plus a keyed
 * fingerprint, so that two keys can be told apart and none recovered; masking a masked value changes
 * nothing. No rule engine in here: the proxy calls it for every request.
 */
import { isCredentialHeader, isCredentialMember, mayBeShort } from "./credential-names.ts";
import {
  decodePercents,
  isReadable,
  replaceSpans,
  type Span,
  spansOfHeader,
  spansOfProtocols,
  spansOfUrl,
} from "./credential-spans.ts";

/** Turns a secret into a short stable tag (8 hex); keyed, so that it cannot be guessed back. */
export type Fingerprint = (secret: string) => string;

type Headers = readonly (readonly [name: string, value: string])[];

// Prefixes that say whose key it is and nothing about it; longest first.
const PUBLIC_PREFIX =
  /^(?:sk-ant-(?:api|oat|ort|sid|admin)\d\d-|sk-ant-|sk-or-v\d-|sk-or-|sk-proj-|sk-svcacct-|sk-admin-|sk-lf-|sk-|xai-|gsk_|hf_|AIza|ya29\.|pplx-|r8_|csk-|fw_|nvapi-|tgp_v1_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|ABSK|eyJ)/;

const SCHEME =
  /^\s*(?:bearer|basic|digest|token|api-?key|key|oauth|negotiate|ntlm|ssws|hawk|signature|dpop|mac|bot|jwt|hmac|aws4-hmac-sha256|aws4-ecdsa-p256-sha256|sapisidhash|googlelogin|geniekey|splunk|sharedkey|sharedaccesssignature|accesskey)\s+(?=\S)/i;

const MARK = "(?:[\\w.-]{1,24}…)?\\[redacted(?::[\\w-]+)?(?: |%20)fp:[0-9a-f]+\\]";
const MASKED = new RegExp(`^${MARK}$`);
/** A blank within a mask ends what is read of it. */
const MASK_BEGINS = /^(?:[\w.-]{1,24}…)?\[redacted/;

/** What stands under a credential's name and is a count or a switch (`x-litellm-key-limit: 1.5`). */
const SWITCH = /^(?:true|false|yes|no|on|off|null|none|undefined|-?\d{1,3}|\d{1,9}\.\d{1,12})$/i;

/** What all keys of a provider begin with; empty where that is not known. */
export function publicPrefix(secret: string): string {
  return secret.length >= 16 ? (PUBLIC_PREFIX.exec(secret)?.[0] ?? "") : "";
}

/** True for what has been masked before. */
export const isMasked = (secret: string): boolean => MASK_BEGINS.test(secret);

function maskToken(secret: string, fingerprint: Fingerprint): string {
  if (isMasked(secret)) return secret;
  const prefix = publicPrefix(secret);
  return `${prefix}${prefix === "" ? "" : "…"}[redacted fp:${fingerprint(secret)}]`;
}

function maskCookie(value: string, fingerprint: Fingerprint): string {
  const mask = (pair: string): string => {
    const equals = pair.indexOf("=");
    // What has no name is a flag, or a value that nobody has named.
    if (equals < 0)
      return isReadable(pair) || MASKED.test(pair) ? pair : maskToken(pair, fingerprint);
    const secret = pair.slice(equals + 1).trim();
    if (secret === "" || MASKED.test(secret)) return pair;
    return `${pair.slice(0, equals)}=[redacted fp:${fingerprint(secret)}]`;
  };
  return value.split(/; */).map(mask).join("; ");
}

function maskSetCookie(value: string, fingerprint: Fingerprint): string {
  const semicolon = value.indexOf(";");
  const pair = semicolon < 0 ? value : value.slice(0, semicolon);
  const attributes = semicolon < 0 ? "" : value.slice(semicolon);
  return maskCookie(pair, fingerprint) + attributes;
}

/**
 * The value of a credential header or member as it may be recorded, e.g.
 * `Bearer sk-or-v1-…[redacted fp:1a2b3c4d]`. Empty ones, counts and switches stay as they are.
 */
export function maskCredential(name: string, value: string, fingerprint: Fingerprint): string {
  if (value.trim() === "") return value;
  const lower = name.toLowerCase();
  if (lower === "set-cookie" || lower === "set-cookie2") return maskSetCookie(value, fingerprint);
  if (lower === "cookie" || lower === "cookie2") return maskCookie(value, fingerprint);
  if (SWITCH.test(value.trim()) && !mayBeShort(name)) return value;
  const scheme = SCHEME.exec(value)?.[0] ?? "";
  return scheme + maskToken(value.slice(scheme.length), fingerprint);
}

/** A header's value as it may be recorded; the same string where nothing in it is a credential. */
export function maskHeader(name: string, value: string, fingerprint: Fingerprint): string {
  if (isCredentialHeader(name)) return maskCredential(name, value, fingerprint);
  const spans = spansIn(name, value);
  return replaceSpans(value, spans, (n, v) => maskCredential(n, v, fingerprint));
}

/** A URL or request target as it may be recorded; see `spansOfUrl`. */
export function maskUrl(url: string, fingerprint: Fingerprint, isRefused = false): string {
  return replaceSpans(url, spansOfUrl(url, isRefused), (name, written) => {
    const value = decodePercents(written);
    const masked = maskCredential(name, value, fingerprint);
    return masked === value ? written : masked.replaceAll(" ", "%20").replaceAll("…", "%E2%80%A6");
  });
}

function spansIn(name: string, value: string): Span[] {
  const isProtocol = name.length === 22 && name.toLowerCase() === "sec-websocket-protocol";
  return isProtocol ? spansOfProtocols(value) : spansOfHeader(name, value);
}

// What people put where a local server wants "some key": replacing these words in a body would
// mangle the record and protect nobody.
const PLACEHOLDER =
  /^(?:sk-)?(?:x+|0+|1234(?:5678)?9?0?|none|null|undefined|empty|dummy|test(?:ing)?|ollama|lm-?studio|placeholder|anything|whatever|changeme|not-?needed|no-?key(?:-?required)?|no-?auth|unused|fake|local|api-?key|your[-_]?api[-_]?key|your[-_]?key|key|token|bearer)$/i;

/** False for a credential that is no secret: too short, or a well-known stand-in. */
export function isWorthHiding(secret: string): boolean {
  if (secret.length < 6 || PLACEHOLDER.test(secret) || secret.includes("[redacted")) return false;
  // A plain lower-case word is what a password should not be, and what every text contains.
  return secret.length >= 12 || !/^[a-z]+$|^\d+$/.test(secret);
}

function basicCredentials(encoded: string): string[] {
  const plain = Buffer.from(encoded, "base64").toString("utf8");
  const colon = plain.indexOf(":");
  if (colon < 0) return [];
  const user = plain.slice(0, colon);
  const password = plain.slice(colon + 1);
  // The user name of Basic is a key with some services (`sk_…:`) and a plain name with most.
  const isKey = user.length >= 16 && !user.includes("@") && (password === "" || !isReadable(user));
  return [plain, password, ...(isKey ? [user] : [])];
}

/** Parameters of a scheme that are secrets: `Signature=`, `response="…"`, `oauth_token=`. */
function parameterValues(value: string): string[] {
  return [...value.matchAll(/([\w.-]{1,64})\s?=\s?(?:"([^"]*)"|([^\s",;&]+))/g)]
    .filter(
      ([, name = ""]) => isCredentialMember(name) || /^(?:response|mac|hash|digest)$/i.test(name),
    )
    .map(([, , quoted, plain]) => quoted ?? plain ?? "")
    .filter((secret) => secret.length >= 8);
}

function credentialsOfHeader(name: string, value: string): string[] {
  const lower = name.toLowerCase();
  if (lower === "cookie" || lower === "set-cookie") {
    const pairs = lower === "cookie" ? value.split(";") : [value.split(";", 1)[0] ?? ""];
    // Short cookie values are switches (`theme=dark1`), not sessions.
    return pairs.flatMap((pair) => {
      const equals = pair.indexOf("=");
      const least = isCredentialMember(pair.slice(0, Math.max(0, equals)).trim()) ? 8 : 16;
      const secret = pair.slice(equals + 1).trim();
      return secret.length >= least ? [secret] : [];
    });
  }
  const scheme = SCHEME.exec(value)?.[0] ?? "";
  const secret = value.slice(scheme.length).trim();
  const unquoted = secret.replace(/^(["'])(.*)\1$/, "$2");
  const basic = /^\s*basic/i.test(scheme) ? basicCredentials(secret) : [];
  return [secret, unquoted, decodePercents(unquoted), ...basic, ...parameterValues(secret)];
}

// What people configure beside credentials.
const PLAIN_SETTING =
  /^(?:user-agent|accept(?:-.*)?|content-.*|cache-control|connection|host|referer|http-referer|origin|via|from|date|traceparent|tracestate|(?:x-|x-openrouter-)?(?:title|categories)|(?:anthropic|openai)-(?:version|beta|organization|project)|x-goog-(?:api-client|user-project)|x-stainless-.*)$/i;
const DESCRIBING =
  /(?:^|[-_])(?:name|org|organi[sz]ation|project|team|env|environment|region|zone|version|beta|model|app|client|language|locale|priority|tier|feature|flags?|tags?|label|source|type|format|encoding|timeout|id)$/i;

/** A header that the configuration sets is a secret, whatever its name, unless it is plainly none. */
function isPlainSetting(name: string, value: string): boolean {
  if (isCredentialHeader(name)) return false;
  if (PLAIN_SETTING.test(name)) return true;
  return SWITCH.test(value) || (DESCRIBING.test(name) && isReadable(value));
}

/**
 * The live credentials of a request, to be replaced wherever they appear in either direction: from
 * credential headers and members, WebSocket sub-protocols, the URL, and the headers that the
 * configuration puts in (`injected`). `url` may be absolute or a path with a query. Longest first,
 * no duplicates.
 */
export function liveCredentials(headers: Headers, url: string, injected: Headers = []): string[] {
  const found: string[] = [];
  const addSpan = (text: string, { start, end }: Span): void => {
    const value = text.slice(start, end);
    // A plus is a blank in a form and a plus in a key that nobody encoded.
    found.push(decodePercents(value.replaceAll("+", "%2B")), decodePercents(value));
  };
  for (const [name, value] of headers) {
    if (isCredentialHeader(name)) found.push(...credentialsOfHeader(name, value));
    else for (const span of spansIn(name, value)) addSpan(value, span);
  }
  for (const [name, value] of injected) {
    if (!isPlainSetting(name, value)) found.push(...credentialsOfHeader(name, value));
    for (const span of spansIn(name, value)) addSpan(value, span);
  }
  for (const span of spansOfUrl(url)) addSpan(url, span);
  return [...new Set(found)].filter(isWorthHiding).sort((a, b) => b.length - a.length);
}
