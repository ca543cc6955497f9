/**
 * Takes secrets out of what is about to be filed: bodies, streams, URLs and headers.
 *
 * Invariants: where nothing was found the very same object comes back; all bytes outside a
 * replaced secret stay as they were, so JSON stays the JSON it was; the replacement
 * (`[redacted:<rule> fp:<tag>]`) needs no escaping in JSON, reads the same at every depth and is
 * the same for the same secret in one tree; redacting twice changes nothing more.
 * `redactPart` is a pure function of the bytes and `key`, so its results may be kept by hash.
 * Nothing in here logs, keeps or returns a secret.
 */
import { createHash } from "node:crypto";
import { LIMITS } from "../limits.ts";
import { Recent } from "../reader/recent.ts";
import {
  type Fingerprint,
  isMasked,
  isWorthHiding,
  maskCredential,
  maskHeader,
  maskUrl,
} from "./credential-headers.ts";
import { isCredentialHeader } from "./credential-names.ts";
import { decodePercents, spansOfMembers } from "./credential-spans.ts";
import { applyEdits, applyToChunks, type Chunk, type Edit, keepLength } from "./edits.ts";
import { findInBody, findInStream } from "./find-in-stream.ts";
import { Deadline } from "./find-secrets.ts";
import { type Found, mergeOverlaps } from "./finds.ts";
import {
  type Identifiers,
  identifiersIn,
  identifiersInStream,
  isIdentifierHeader,
} from "./identifiers.ts";
import { PrefixMemory } from "./prefix-memory.ts";
import {
  BUILT_IN_RULES,
  builtInRuleSet,
  compileRuleSet,
  type RuleSet,
  withLive,
} from "./rule-set.ts";
import { PII_RULES } from "./rules-pii.ts";
import { compileUserRules, type UserRule, withinDeadline } from "./user-rules.ts";
import { foundInWrapped } from "./wrapped-events.ts";

export type { Chunk } from "./edits.ts";

/** How often a rule replaced something in one place; the `redactions` of an exchange are these. */
export interface Hit {
  readonly rule: string;
  readonly where: string;
  readonly count: number;
}

export interface Redacted<T> {
  /** The very object that was passed in where `hits` is empty. */
  readonly value: T;
  readonly hits: readonly Hit[];
}

export interface RedactorOptions {
  /** The configuration's `redact.rules`. */
  readonly rules?: readonly UserRule[];
  /** The configuration's `redact.headers`: further headers to be masked whole. */
  readonly headers?: readonly string[];
  /** Hide e-mail addresses, phone numbers, IBANs and card numbers too. */
  readonly pii?: boolean;
  /** Replace the client's user, device and account identifiers with pseudonyms. */
  readonly identifiers?: boolean;
  /** Keyed and stable within a tree: eight hex digits for a secret. */
  readonly fingerprint: Fingerprint;
  /** Keyed and stable within a tree; `fingerprint` where it is not given. */
  readonly pseudonym?: (identifier: string) => string;
  /** The credentials that the request carried. */
  readonly live?: readonly string[];
  /** Secrets that stay: somebody has looked at them and said that they are none. */
  readonly keep?: (secret: string) => boolean;
  /** For one call. Default `LIMITS.redactionMs`. */
  readonly deadlineMs?: number;
}

/**
 * `frames`: length-prefixed binary (AWS event-stream), where a replacement keeps the length.
 * `form`: `application/x-www-form-urlencoded`, whose members are masked by name too.
 */
export type BodyKind = "bytes" | "frames" | "form";

export interface Redactor {
  /** Names the rule set and live credentials: equal keys give equal results for equal bytes. */
  readonly key: string;
  /** The same rules with other live credentials; costs next to nothing. */
  withLive(live: readonly string[]): Redactor;
  /** A part, a literal or a whole body; no identifiers. */
  redactPart(bytes: Buffer, where?: string): Redacted<Buffer>;
  /** A whole body, with identifiers where these are asked for. */
  redactBody(bytes: Buffer, kind?: BodyKind, where?: string): Redacted<Buffer>;
  /** A stream; as many chunks come back, at the same times. Assemble the message from these. */
  redactChunks(
    chunks: readonly Chunk[],
    where?: string,
    kind?: BodyKind,
  ): Redacted<readonly Chunk[]>;
  redactUrl(url: string, where?: string): Redacted<string>;
  redactText(text: string, where?: string): Redacted<string>;
  /** Masks credential headers that are not masked yet and looks through all others. */
  redactHeaders<T extends readonly (readonly [string, string])[]>(
    headers: T,
    where?: string,
  ): Redacted<T | [string, string][]>;
}

function listed(hits: ReadonlyMap<string, number>, where: string): Hit[] {
  return [...hits].map(([rule, n]) => ({ rule, where, count: n }));
}

const placeOf = (where: string, header: string): string => `${where}.${header.toLowerCase()}`;

/** The masks that stand in `after` and did not in `before`. */
function maskedHits(rule: string, where: string, before: string, after: string): Hit[] {
  if (before === after) return [];
  const marks = (text: string): number => text.split("[redacted").length;
  return [{ rule, where, count: marks(after) - marks(before) }];
}

class RuleRedactor implements Redactor {
  readonly key: string;
  readonly #options: RedactorOptions;
  readonly #set: RuleSet;
  readonly #headers: ReadonlySet<string>;
  /** Rules that we did not write can take exponential time; they run where they can be stopped. */
  readonly #untrusted: boolean;

  readonly #memory: PrefixMemory;
  /** Lists of headers in which nothing was found: clients send the same again and again. */
  readonly #clean: Recent<true>;

  constructor(options: RedactorOptions, set: RuleSet, memory: PrefixMemory, clean: Recent<true>) {
    this.#options = options;
    this.#set = set;
    this.#memory = memory;
    this.#clean = clean;
    this.#headers = new Set(options.headers?.map((h) => h.toLowerCase()));
    this.#untrusted = (options.rules?.length ?? 0) > 0;
    this.key = keyOf(options, set.live);
  }

  withLive(live: readonly string[]): Redactor {
    const set = withLive(this.#set, live.filter(isWorthHiding));
    return new RuleRedactor(this.#options, set, this.#memory, this.#clean);
  }

  redactPart(bytes: Buffer, where = "body"): Redacted<Buffer> {
    return this.#redact(bytes, where, "bytes", null);
  }

  redactBody(bytes: Buffer, kind: BodyKind = "bytes", where = "body"): Redacted<Buffer> {
    const identifiers = this.#options.identifiers ? identifiersIn(bytes) : null;
    return this.#redact(bytes, where, kind, identifiers);
  }

  redactChunks(
    chunks: readonly Chunk[],
    where = "body",
    kind: BodyKind = "bytes",
  ): Redacted<readonly Chunk[]> {
    const bytes = Buffer.concat(chunks.map(([, b]) => b));
    const { edits, hits } = this.#guarded(bytes, (deadline) => {
      const find = (part: Buffer): Found[] => findInStream(part, this.#set, deadline);
      const sorted = (part: Buffer): Found[] => mergeOverlaps(find(part));
      const wrapped =
        kind === "frames" ? foundInWrapped(bytes, sorted, (f) => this.#marker(f)) : null;
      const found = wrapped === null ? find(bytes) : [...wrapped.found, ...find(wrapped.outside)];
      const text = this.#options.identifiers ? bytes.toString("latin1") : "";
      found.push(...this.#pseudonymised(identifiersInStream(text)));
      return mergeOverlaps(found);
    });
    if (edits.length === 0) return { value: chunks, hits: [] };
    const fitted = kind === "frames" ? edits.map(keepLength) : edits;
    return { value: applyToChunks(chunks, bytes, fitted), hits: listed(hits, where) };
  }

  redactText(text: string, where = "text"): Redacted<string> {
    const { value, hits } = this.redactPart(Buffer.from(text, "utf8"), where);
    return hits.length === 0 ? { value: text, hits } : { value: value.toString("utf8"), hits };
  }

  redactUrl(url: string, where = "url"): Redacted<string> {
    const masked = maskUrl(url, this.#options.fingerprint);
    const rest = this.redactText(masked, where);
    const hits = [...maskedHits("credential-parameter", where, url, masked), ...rest.hits];
    return { value: hits.length === 0 ? url : rest.value.replaceAll(" ", "%20"), hits };
  }

  redactHeaders<T extends readonly (readonly [string, string])[]>(
    headers: T,
    where = "headers",
  ): Redacted<T | [string, string][]> {
    const known = [this.key, ...headers.flat()].join("\0");
    if (this.#clean.get(known)) return { value: headers, hits: [] };
    const hits: Hit[] = [];
    const clean = headers.map(([name, value]): [string, string] => {
      return [name, this.#maskWhole(name, value, where, hits)];
    });
    // Nearly always there is nothing else in them, and one look at all tells.
    const hasMore = this.redactText(clean.flat().join("\n")).hits.length > 0;
    for (const header of clean) {
      if (hasMore) {
        // Who forgets the colon's place sends a key as a name.
        const name = this.redactText(header[0], where);
        const value = this.redactText(header[1], `${where}.${name.value.toLowerCase()}`);
        hits.push(...name.hits, ...value.hits);
        header[0] = name.value;
        header[1] = value.value;
      }
      // After what is known literally: by its letters a key may hold a member of such a name.
      const [name, value] = header;
      const masked = maskHeader(name, value, this.#options.fingerprint);
      if (masked === value) continue;
      header[1] = masked;
      hits.push(...maskedHits("credential-parameter", placeOf(where, name), value, masked));
    }
    if (hits.length > 0) return { value: clean, hits };
    this.#clean.set(known, true, known.length);
    return { value: headers, hits };
  }

  /** A value that is to be masked as a whole, by the header's name. */
  #maskWhole(name: string, value: string, where: string, hits: Hit[]): string {
    if (isCredentialHeader(name) || this.#isListed(name)) {
      const masked = maskCredential(name, value, this.#options.fingerprint);
      if (masked === value) return value;
      hits.push(...maskedHits("credential-header", placeOf(where, name), value, masked));
      return masked;
    }
    if (!this.#options.identifiers || !isIdentifierHeader(name)) return value;
    if (value === "" || value.startsWith("[pseudonym:")) return value;
    hits.push({ rule: "identifier", where: placeOf(where, name), count: 1 });
    return this.#pseudonym(value);
  }

  /** Under `redact.headers`. */
  #isListed(name: string): boolean {
    return this.#headers.size > 0 && this.#headers.has(name.toLowerCase());
  }

  #pseudonym(identifier: string): string {
    const make = this.#options.pseudonym ?? this.#options.fingerprint;
    return `[pseudonym:${make(identifier)}]`;
  }

  #pseudonymised(identifiers: Identifiers): Found[] {
    return identifiers.map(({ start, end, value }) => ({
      start,
      end,
      rule: "identifier",
      secret: value,
      rank: Number.MAX_SAFE_INTEGER,
      text: () => this.#pseudonym(value),
    }));
  }

  #marker(found: Found): string {
    return `[redacted:${found.rule} fp:${this.#options.fingerprint(found.secret)}]`;
  }

  #redact(
    bytes: Buffer,
    where: string,
    kind: BodyKind,
    identifiers: Identifiers | null,
  ): Redacted<Buffer> {
    const { edits, hits } = this.#guarded(bytes, (deadline) => {
      const search = (part: Buffer) => findInBody(part, this.#set, deadline);
      const found = this.#memory.find(bytes, this.key, search);
      if (identifiers === null && kind !== "form") return found;
      const members = kind === "form" ? formMembers(bytes) : [];
      return mergeOverlaps([...found, ...members, ...this.#pseudonymised(identifiers ?? [])]);
    });
    if (edits.length === 0) return { value: bytes, hits: [] };
    const fitted = kind === "frames" ? edits.map(keepLength) : edits;
    return { value: applyEdits(bytes, fitted), hits: listed(hits, where) };
  }

  #guarded(
    bytes: Buffer,
    find: (deadline: Deadline) => readonly Found[],
  ): { edits: Edit[]; hits: Map<string, number> } {
    if (bytes.length === 0) return { edits: [], hits: new Map() };
    const ms = this.#options.deadlineMs ?? LIMITS.redactionMs;
    const search = (): readonly Found[] => find(new Deadline(ms));
    const found = this.#untrusted ? withinDeadline(ms, search) : search();
    const { keep } = this.#options;
    const hits = new Map<string, number>();
    let last: Found | null = null;
    let marker = "";
    const edits = (keep ? found.filter(({ secret }) => !keep(secret)) : found).map((f) => {
      // The same one again and again costs one fingerprint.
      if (last?.secret !== f.secret || last.rule !== f.rule) marker = this.#marker(f);
      last = f;
      // A later piece of a split secret goes without a marker and is no hit of its own.
      const text = f.text(marker);
      const n = f.hits ?? (text === "" ? 0 : 1);
      if (n > 0) hits.set(f.rule, (hits.get(f.rule) ?? 0) + n);
      return { start: f.start, end: f.end, text };
    });
    return { edits, hits };
  }
}

function formMembers(bytes: Buffer): Found[] {
  const text = bytes.toString("latin1");
  return spansOfMembers(text).flatMap(({ start, end }) => {
    const secret = decodePercents(text.slice(start, end));
    if (isMasked(secret)) return [];
    const plus = (marker: string): string => marker.replaceAll(" ", "+");
    const rank = Number.MAX_SAFE_INTEGER;
    return [{ start, end, rule: "credential-parameter", secret, rank, text: plus }];
  });
}

function keyOf(options: RedactorOptions, live: readonly string[]): string {
  const { rules = [], headers = [], pii = false, identifiers = false } = options;
  return createHash("sha256")
    .update(JSON.stringify([rules, headers, pii, identifiers, live]))
    .digest("hex")
    .slice(0, 16);
}

/**
 * A redactor for a configuration. Throws `redaction-rule-invalid` for a user rule that cannot be
 * used; the redactor's methods throw `redaction-deadline`. Compile it once (some tens of
 * milliseconds) and take `withLive` for each exchange.
 */
export function createRedactor(options: RedactorOptions): Redactor {
  const more = [...compileUserRules(options.rules ?? []), ...(options.pii ? PII_RULES : [])];
  const set = more.length === 0 ? builtInRuleSet() : compileRuleSet([...BUILT_IN_RULES, ...more]);
  const clean = new Recent<true>(LIMITS.cleanHeadersBytes);
  return new RuleRedactor(options, set, new PrefixMemory(), clean).withLive(options.live ?? []);
}
