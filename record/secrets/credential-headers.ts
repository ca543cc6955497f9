/**
 * Which headers and query parameters carry credentials, and how their values look once masked.
 *
 * What always holds: a masked value shows the scheme and the provider's public prefix at most, plus
 * a keyed fingerprint, so that two keys can be told apart and none recovered; masking a masked value
 * changes nothing. This module has no rule engine behind it: the proxy calls it for every request.
 */

/** Turns a secret into a short stable tag (8 hex); keyed, so that it cannot be guessed back. */
export type Fingerprint = (secret: string) => string;

const EXACT = new Set([
  "authorization",
  "proxy-authorization",
  "x-forwarded-authorization",
  "cookie",
  "set-cookie",
  "cookie2",
  "x-goog-iam-authorization-token",
  "x-amz-security-token",
  "x-amzn-oidc-data",
  "x-auth-key",
  "x-access-key",
  "x-functions-key",
  "ocp-apim-subscription-key",
  "x-callnumber-token",
  "cf-access-client-secret",
  "x-vault-token",
  "x-ms-token-aad-access-token",
]);

// `x-api-key`, `api-key`, `x-goog-api-key`, `x-auth-token`, `cf-access-token`, `x-client-secret` …
// but not `x-ratelimit-remaining-tokens`, `idempotency-key`, `sec-websocket-key`.
const BY_FORM =
  /(?:^|[-_])(?:api[-_]?key|apikey|(?:access|auth|secret|private|subscription|license)[-_]key|token|secret|password|passwd|credentials?|authorization|jwt|session[-_]cookie)$/;

// Names that end like a credential and are none: counts, hints and protocol nonces.
const NOT_CREDENTIAL = /ratelimit|rate-limit|max-?token|num-?token|next-?token|page-?token|trace/;

/** True for a header whose whole value is to be masked; the name's case does not matter. */
export function isCredentialHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return EXACT.has(lower) || (BY_FORM.test(lower) && !NOT_CREDENTIAL.test(lower));
}

const QUERY_NAMES = new Set([
  "key",
  "sig",
  "signature",
  "code",
  "auth",
  "jwt",
  "pwd",
  "x-amz-signature",
  "x-amz-credential",
  "x-goog-signature",
  "x-goog-credential",
  "awsaccesskeyid",
]);

/** True for a query parameter whose value is a credential (`?key=`, `?access_token=` …). */
export function isCredentialParameter(name: string): boolean {
  return QUERY_NAMES.has(name.toLowerCase()) || isCredentialHeader(name.replaceAll("_", "-"));
}

// Prefixes that say whose key it is and nothing about it; longest first.
const PUBLIC_PREFIX =
  /^(?:sk-ant-(?:api|oat|ort|sid|admin)\d\d-|sk-ant-|sk-or-v\d-|sk-or-|sk-proj-|sk-svcacct-|sk-admin-|sk-lf-|sk-|xai-|gsk_|hf_|AIza|ya29\.|pplx-|r8_|csk-|fw_|nvapi-|tgp_v1_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|ABSK|eyJ)/;

const MASKED = /\[redacted(?::[\w-]+)? fp:[0-9a-f]+\]/;

function maskToken(secret: string, fingerprint: Fingerprint): string {
  const prefix = secret.length >= 16 ? (PUBLIC_PREFIX.exec(secret)?.[0] ?? "") : "";
  return `${prefix}${prefix === "" ? "" : "…"}[redacted fp:${fingerprint(secret)}]`;
}

function maskCookie(value: string, fingerprint: Fingerprint): string {
  const mask = (pair: string): string => {
    const equals = pair.indexOf("=");
    if (equals < 0) return pair;
    const secret = pair.slice(equals + 1).trim();
    return secret === "" ? pair : `${pair.slice(0, equals)}=[redacted fp:${fingerprint(secret)}]`;
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
 * The value of a credential header as it may be recorded, e.g.
 * `Bearer sk-or-v1-…[redacted fp:1a2b3c4d]`. An empty value stays empty, a masked one as it is.
 */
export function maskCredential(name: string, value: string, fingerprint: Fingerprint): string {
  if (value.trim() === "" || MASKED.test(value)) return value;
  const lower = name.toLowerCase();
  if (lower === "set-cookie") return maskSetCookie(value, fingerprint);
  if (lower === "cookie" || lower === "cookie2") return maskCookie(value, fingerprint);
  const [, scheme = "", secret = ""] = /^(\s*(?:[A-Za-z][\w-]{2,31}\s+)?)([\s\S]*)$/.exec(value)!;
  return scheme + maskToken(secret, fingerprint);
}

// What people put where a local server wants "some key": replacing these words in a body would
// mangle the record and protect nobody.
const PLACEHOLDER =
  /^(?:sk-)?(?:x+|0+|1234(?:5678)?9?0?|none|null|undefined|empty|dummy|test(?:ing)?|ollama|lm-?studio|placeholder|anything|whatever|changeme|not-?needed|no-?key(?:-?required)?|no-?auth|unused|fake|local|api-?key|your[-_]?api[-_]?key|your[-_]?key|key|token|bearer)$/i;

/** False for a credential that is no secret: too short, or a well-known stand-in. */
export function isWorthHiding(secret: string): boolean {
  if (secret.length < 6 || PLACEHOLDER.test(secret) || MASKED.test(secret)) return false;
  // A plain lower-case word is what a password should not be, and what every text contains.
  return secret.length >= 12 || !/^[a-z]+$|^\d+$/.test(secret);
}

function basicCredentials(encoded: string): string[] {
  const plain = Buffer.from(encoded, "base64").toString("utf8");
  const colon = plain.indexOf(":");
  return colon < 0 ? [] : [plain, plain.slice(colon + 1), plain.slice(0, colon)];
}

function credentialsOfHeader(name: string, value: string): string[] {
  const lower = name.toLowerCase();
  if (lower === "cookie" || lower === "set-cookie") {
    const pairs = lower === "cookie" ? value.split(";") : [value.split(";", 1)[0] ?? ""];
    // Short cookie values are switches (`theme=dark1`), not sessions.
    return pairs.map((p) => p.slice(p.indexOf("=") + 1).trim()).filter((v) => v.length >= 16);
  }
  const begun = value.trimStart();
  const [lead = "", scheme = ""] = /^([A-Za-z][\w-]{2,31})\s+/.exec(begun) ?? [];
  const secret = begun.slice(lead.length).trimEnd();
  if (scheme.toLowerCase() === "basic") {
    // The user name of Basic is a key with some services (`sk_…:`) and a plain name with most.
    const [plain = "", password = "", user = ""] = basicCredentials(secret);
    return [secret, plain, password, ...(password === "" && user.length >= 16 ? [user] : [])];
  }
  return [secret];
}

/**
 * The live credentials of a request, to be replaced wherever they appear in either direction:
 * from credential headers, credential query parameters and WebSocket sub-protocols.
 * `url` may be absolute or a path with a query. Most specific (longest) first, no duplicates.
 */
export function liveCredentials(
  headers: readonly (readonly [string, string])[],
  url: string,
): string[] {
  const found = new Set<string>();
  for (const [name, value] of headers) {
    if (isCredentialHeader(name)) for (const s of credentialsOfHeader(name, value)) found.add(s);
    if (name.toLowerCase() === "sec-websocket-protocol") {
      // Browsers cannot set headers on a WebSocket; OpenAI takes the key as a sub-protocol.
      for (const [, s = ""] of value.matchAll(/api-key\.([^\s,]+)/g)) found.add(s);
    }
  }
  const query = url.indexOf("?");
  if (query >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(query + 1))) {
      if (isCredentialParameter(name)) found.add(value);
    }
  }
  return [...found].filter(isWorthHiding).sort((a, b) => b.length - a.length);
}
