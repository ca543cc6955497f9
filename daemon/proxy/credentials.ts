/**
 * Keeps keys out of the spool: credential headers and query values are masked before a frame is
 * written, and the live values travel sealed, so that the filer can find them in bodies.
 *
 * Invariants: a value that the rules name never reaches a frame in clear; the masked and
 * sealed forms of a credential are computed once and remembered (a client sends the same key with
 * every request), in a table of bounded size. What counts as a credential is decided in
 * record/secrets and passed in as `CredentialRules`.
 */
import { LIMITS } from "../../record/limits.ts";
import { toPairs } from "./headers.ts";

export type HeaderPair = readonly [name: string, value: string];

export interface CredentialRules {
  /** True where the whole value is a credential. */
  isHeader(name: string): boolean;
  /** The masked form of a credential header's value. */
  mask(name: string, value: string): string;
  /** The value of any other header, with what in it is a credential masked. */
  maskWithin(name: string, value: string): string;
  /** A target with its credentials masked; of one that was refused also what may be a token. */
  maskUrl(url: string, isRefused: boolean): string;
  /** The secrets in these that are worth looking for in bodies. */
  live(headers: readonly HeaderPair[], url: string, injected: readonly HeaderPair[]): string[];
  seal(secrets: string[]): string;
}

export interface Masked {
  readonly headers: [string, string][];
  readonly url: string;
  readonly sealed: string | null;
}

/** The daemon's own header, which is stripped from the record as well. */
export const TOKEN_HEADER = "x-callnumber-token";

/**
 * Headers that are in nearly every exchange and have no room for a credential. (What they hold all
 * the same the filer finds.)
 */
const PLAIN =
  /^(?:accept(?:-(?:encoding|language))?|access-control-.*|age|alt-svc|cache-control|cf-(?:cache-status|ray)|connection|content-(?:encoding|length|type)|date|etag|expires|host|keep-alive|last-modified|nel|report-to|retry-after|sec-(?:ch|fetch)-.*|server|server-timing|strict-transport-security|traceparent|transfer-encoding|user-agent|vary|via|.*(?:ratelimit|version).*|(?:x-)?request-id|x-(?:content-type-options|frame-options|stainless-.*))$/i;

type Kind = "credential" | "plain" | "other";

export class CredentialMasker {
  private readonly rules: CredentialRules;
  private readonly extra: ReadonlySet<string>;
  private readonly token: string | null;
  private readonly kinds = new Map<string, Kind>();
  private readonly values = new Map<string, string>();
  private readonly urls = new Map<string, string>();
  private readonly seals = new Map<string, string | null>();

  /**
   * `extra`: further header names to mask, lower case (`redact.headers`). `token`: the daemon's own,
   * which a client may repeat anywhere.
   */
  constructor(rules: CredentialRules, extra: readonly string[], token: string | null = null) {
    this.rules = rules;
    this.extra = new Set(extra);
    this.token = token;
  }

  /**
   * Headers (flat list) of a request and its path and query, as they may be recorded. `injected`
   * (flat list too) are the headers that the configuration puts in: they are not recorded, but
   * their secrets are sealed, since an upstream may quote them. `isRefused`: by the daemon.
   */
  request(
    raw: readonly string[],
    url: string,
    injected: readonly string[],
    isRefused = false,
  ): Masked {
    let found = "";
    const headers: [string, string][] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      const kind = this.kindOf(name);
      if (kind === "plain") headers.push([name, value]);
      else if (kind === "other") {
        const masked = this.rules.maskWithin(name, value);
        headers.push([name, masked]);
        if (masked !== value) found += `${name}\n${value}\n`;
      } else if (name.toLowerCase() !== TOKEN_HEADER) {
        headers.push([name, this.masked(name, value)]);
        found += `${name}\n${value}\n`;
      }
    }
    // Most paths have nothing to mask, and looking costs more than all else that is done to them.
    const maskedUrl = isRefused || MASKABLE.test(url) ? this.url(url, isRefused) : url;
    if (maskedUrl !== url) found += url;
    if (injected.length > 0) found += injected.join("\n");
    if (found === "" && this.token === null) return { headers, url: maskedUrl, sealed: null };
    return { headers, url: maskedUrl, sealed: this.sealed(found, raw, url, injected) };
  }

  /** Headers of a response, or trailers: `set-cookie` and the like. */
  response(raw: readonly string[]): [string, string][] {
    const headers: [string, string][] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      const kind = this.kindOf(name);
      if (kind === "plain") headers.push([name, value]);
      else if (kind === "other") headers.push([name, this.rules.maskWithin(name, value)]);
      else headers.push([name, this.masked(name, value)]);
    }
    return headers;
  }

  private kindOf(name: string): Kind {
    const known = this.kinds.get(name);
    if (known !== undefined) return known;
    const is = this.extra.has(name.toLowerCase()) || this.rules.isHeader(name);
    const kind = is ? "credential" : PLAIN.test(name) ? "plain" : "other";
    remember(this.kinds, name, kind);
    return kind;
  }

  private masked(name: string, value: string): string {
    const key = `${name}\n${value}`;
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const masked = this.rules.mask(name, value);
    remember(this.values, key, masked);
    return masked;
  }

  private url(url: string, isRefused: boolean): string {
    if (isRefused) return this.rules.maskUrl(url, true);
    const known = this.urls.get(url);
    if (known !== undefined) return known;
    const masked = this.rules.maskUrl(url, false);
    remember(this.urls, url, masked);
    return masked;
  }

  private sealed(
    found: string,
    raw: readonly string[],
    url: string,
    injected: readonly string[],
  ): string | null {
    const known = this.seals.get(found);
    if (known !== undefined) return known;
    const pairs = toPairs(raw)
      .filter(([name]) => name.toLowerCase() !== TOKEN_HEADER)
      // A header that only the configuration calls secret is passed under a name that the rules know.
      .map(([name, value]): HeaderPair => {
        return [this.extra.has(name.toLowerCase()) ? "authorization" : name, value];
      });
    const secrets = this.rules.live(pairs, url, toPairs(injected));
    if (this.token !== null) secrets.push(this.token);
    const sealed = secrets.length === 0 ? null : this.rules.seal(secrets);
    remember(this.seals, found, sealed);
    return sealed;
  }
}

/** A target without any of these holds no credential. */
const MASKABLE = /[?#;@:]|%3a|token|key|secret|auth|pass|session|credential|bot/i;

/** Maps keep insertion order: the oldest entry goes when the table is full. */
function remember<V>(table: Map<string, V>, key: string, value: V): void {
  if (table.size >= LIMITS.credentialCacheCount) {
    for (const oldest of table.keys()) {
      table.delete(oldest);
      break;
    }
  }
  table.set(key, value);
}
