/**
 * What the *name* of a header or of a member of a query or form means: does its value open a door?
 *
 * Names are read as words, split at signs and at changes of case: `x-rapidapi-key`,
 * `ddApplicationKey` and `client_secret` are credentials; `monkey`, `author` and `keyword` are not.
 * Invariants: pure; a name with a credential's word in it counts as one unless it is known to be
 * harmless, because a fingerprint still tells two values apart, and a leak cannot be undone.
 */
import { LIMITS } from "../limits.ts";

/** Words that say credential wherever they stand in a name; singular. */
const CREDENTIAL_WORDS = new Set(
  (
    "authorization authorisation authentication auth authn authz oauth token secret password " +
    "passwd passphrase passcode passwort pwd pass pw credential cred cookie key apikey jwt jws " +
    "bearer signature sig hmac vk vkey otp totp mfa tfa pin session sess sessid sid sso saml " +
    "samlresponse assertion ticket csrf xsrf license licence pat psk ssws sas sapisid sign signing " +
    "dsn appcheck"
  ).split(" "),
);

/** Two words written as one: `clientsecret`, `rapidapikey`, `accesstoken`. */
const CREDENTIAL_COMPOUND =
  /(?:token|secret|passwo?r?d|passphrase|passcode|credential|apikey|signature|authorization|cookie|jwt|sess(?:ion)?id|oauth|basicauth|(?:proxy|http|user|x)auth)$|(?:api|app|application|auth|access|secret|private|license|licence|master|admin|user|client|account|service|session|virtual|subscription|functions?|encryption|signing|bot|team|org|ai|host|web|server|shared|deploy|write|read|ingest|project|litellm|anthropic)key(?:id)?$|^[a-z]{1,6}vk$|^connectionstring$|^(?:secret|token|password|apikey|accesskey|authkey)(?:id|key|value|hash|data)$/;

const COUNT_WORDS =
  "max|min|num|number|count|total|next|prev|page|pagination|continuation|cursor|sync|skip|limit|" +
  "remaining|reset|usage|used|input|output|prompt|completion|cached?|reasoning|thinking|per|budget|" +
  "cost|stop|eos|bos|pad|trace|first|estimated|query";
/** In front of `token`: of a model or a list; counted or asked for by page, never a secret. */
const COUNTED = new RegExp(`^(?:${COUNT_WORDS})$`);
const COUNTED_COMPOUND = new RegExp(`^(?:${COUNT_WORDS})+tokens?$`);
/** In front of `tokens`, which are counted otherwise. */
const OPENING = /^(?:access|refresh|auth|id|api|bearer|session|security|service|secret)$/;

/** In front of `key`: by which something is found again, not opened. */
const LOOKED_UP =
  /^(?:idempotency|idempotence|cache|surrogate|partition|sort|dedup|dedupe|deduplication|routing|range|row|primary|foreign|websocket|shard|sharding|correlation|trace|kms)$/;

/** At the end: the value tells *of* a credential, how long it lives or what it has cost. */
const ABOUT =
  /^(?:type|method|mode|scheme|kind|version|status|expires?|expiry|expiration|ttl|age|counts?|limits?|remaining|reset|spend|budget|alias|usage|cost|duration|latency|required|enabled|supported|length|size|format|algorithm|alg|realm|scopes?|policy|rpm|tpm|level|name|path|affinity|endpoint|url|uri|through|region|retries|attempts)$/;

const HARMLESS =
  /^(?:access-control-.*|content-.*|sec-(?:ch|fetch|websocket)-.*|accept-.*|if-.*|vary|trailer|www-authenticate|proxy-authenticate|azureml-model-session|x-opencode-session)$/;

/** Credentials without a telling word. */
const ALSO_HEADERS =
  /^(?:x-amzn-oidc-data|x-ms-client-principal|set-cookie2|cookie2|(?:x-)?k|x-honeycomb-team|(?:x-)?(?:db|database|redis|conn(?:ection)?)[-_](?:ur[il]|string))$/;
const ALSO_MEMBERS = /^(?:code|code_verifier|k|ak|sk|awsaccesskeyid|googleaccessid|nonce)$/;

/** The name as words: once split at changes of case too, once not (`aUTHORIZATION`). */
function readings(name: string): string[][] {
  const cased = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  const split = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return cased === name ? [split(name)] : [split(cased), split(name)];
}

const singular = (word: string): string =>
  word.replace(/\d+$/, "").replace(/(?<=[a-rt-z])s$/, "") || word;

function isCredentialWord(word: string): boolean {
  const one = singular(word);
  if (CREDENTIAL_WORDS.has(one)) return true;
  return CREDENTIAL_COMPOUND.test(one) && !COUNTED_COMPOUND.test(word);
}

function isHarmlessAt(words: readonly string[], at: number): boolean {
  const word = words[at] as string;
  const before = words[at - 1] ?? "";
  if (word === "tokens") return !OPENING.test(before);
  if (word === "token") return COUNTED.test(before);
  return /^keys?$/.test(word) && LOOKED_UP.test(before);
}

const isSessionWord = (word: string): boolean => word === "session" || word === "sessionid";

function saysCredential(words: readonly string[], sessionIds: boolean): boolean {
  const places = words.flatMap((word, at) => (isCredentialWord(word) ? [at] : []));
  if (places.length === 0) return false;
  const id = words.includes("id") || words.includes("sessionid");
  if (id && places.every((at) => isSessionWord(words[at] as string))) return sessionIds;
  const last = words.length - 1;
  if (last > 0 && ABOUT.test(words[last] as string)) return false;
  const rate = words.indexOf("rate");
  if (words.includes("ratelimit") || (rate >= 0 && words[rate + 1] === "limit")) return false;
  return !places.every((at) => isHarmlessAt(words, at));
}

/** A client sends the same names with every request. */
function remembered(decide: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const is = decide(name);
    if (known.size >= LIMITS.credentialCacheCount) known.clear();
    known.set(name, is);
    return is;
  };
}

/**
 * True for a header whose whole value is to be masked; the name's case does not matter. An id of a
 * session is none: clients thread their turns with it, and it opens nothing.
 */
export const isCredentialHeader = remembered((name) => {
  const lower = name.toLowerCase();
  if (ALSO_HEADERS.test(lower)) return true;
  if (HARMLESS.test(lower)) return false;
  return readings(name).some((words) => saysCredential(words, false));
});

/**
 * True for a member of a query or form whose value is a credential (`?key=`, `access_token=` …).
 * Here a session's id is one too: who has the address has the session.
 */
export const isCredentialMember = remembered((name) => {
  const lower = name.toLowerCase();
  if (ALSO_MEMBERS.test(lower) || ALSO_HEADERS.test(lower)) return true;
  return readings(name).some((words) => saysCredential(words, true));
});

/** True where a value may be short or a plain number and a secret all the same: PINs, passwords. */
export function mayBeShort(name: string): boolean {
  return /pass|pwd|pin|otp|secret|mfa|authorization|cookie/i.test(name);
}
