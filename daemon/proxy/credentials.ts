/**
 * Keeps keys out of the spool: credential headers and query values are masked before a frame is
 * written, and the live values travel sealed, so that the filer can find them in bodies.
 *
 * What always holds: a value that the rules name never reaches a frame in clear; the masked and
 * sealed forms of a credential are computed once and remembered (a client sends the same key with
 * every request), in a table of bounded size. What counts as a credential is decided in
 * record/secrets and passed in as `CredentialRules`.
 */
import { LIMITS } from "../../record/limits.ts";

export interface CredentialRules {
  isHeader(name: string): boolean;
  isParameter(name: string): boolean;
  /** The masked form of a header's or parameter's value. */
  mask(name: string, value: string): string;
  /** The secrets in these headers and this URL that are worth looking for in bodies. */
  live(headers: readonly (readonly [string, string])[], url: string): string[];
  seal(secrets: string[]): string;
}

export interface Masked {
  readonly headers: [string, string][];
  readonly url: string;
  readonly sealed: string | null;
}

/** The daemon's own header, which is stripped from the record as well. */
export const TOKEN_HEADER = "x-callnumber-token";

const PROTOCOL = "sec-websocket-protocol";

export class CredentialMasker {
  private readonly rules: CredentialRules;
  private readonly extra: ReadonlySet<string>;
  private readonly names = new Map<string, boolean>();
  private readonly parameters = new Map<string, boolean>();
  private readonly values = new Map<string, string>();
  private readonly seals = new Map<string, string | null>();

  /** `extra`: further header names to mask, lower case (`redact.headers`). */
  constructor(rules: CredentialRules, extra: readonly string[]) {
    this.rules = rules;
    this.extra = new Set(extra);
  }

  /**
   * Headers (flat list) of a request and its path and query, as they may be recorded. `injected`
   * (flat list too) are the headers that the configuration puts in: they are not recorded, but
   * their secrets are sealed, since an upstream may quote them.
   */
  request(raw: readonly string[], url: string, injected: readonly string[]): Masked {
    let found = "";
    const headers: [string, string][] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      if (!this.isCredential(name)) {
        headers.push([name, value]);
      } else if (name.toLowerCase() !== TOKEN_HEADER) {
        headers.push([name, this.masked(name, value)]);
        found += `${name}\n${value}\n`;
      }
    }
    const query = url.indexOf("?");
    const maskedUrl = query === -1 ? url : this.url(url, query);
    if (maskedUrl !== url) found += url.slice(query);
    // WebSocket clients in browsers can only put a key there.
    if (namesProtocol(raw)) found += raw.join("\n");
    if (injected.length > 0) found += injected.join("\n");
    if (found === "") return { headers, url: maskedUrl, sealed: null };
    const sealed = this.sealed(found, injected.length > 0 ? [...raw, ...injected] : raw, url);
    return { headers, url: maskedUrl, sealed };
  }

  /** Headers of a response: `set-cookie` and the like. */
  response(raw: readonly string[]): [string, string][] {
    const headers: [string, string][] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      headers.push([name, this.isCredential(name) ? this.masked(name, value) : value]);
    }
    return headers;
  }

  private isCredential(name: string): boolean {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const is = this.extra.has(name.toLowerCase()) || this.rules.isHeader(name);
    remember(this.names, name, is);
    return is;
  }

  private isSecret(parameter: string): boolean {
    const known = this.parameters.get(parameter);
    if (known !== undefined) return known;
    const is = this.rules.isParameter(parameter);
    remember(this.parameters, parameter, is);
    return is;
  }

  private masked(name: string, value: string): string {
    const key = `${name}\n${value}`;
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const masked = this.rules.mask(name, value);
    remember(this.values, key, masked);
    return masked;
  }

  private sealed(found: string, raw: readonly string[], url: string): string | null {
    const known = this.seals.get(found);
    if (known !== undefined) return known;
    const pairs: [string, string][] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      if (name.toLowerCase() === TOKEN_HEADER) continue;
      // A header that only the configuration calls secret is passed under a name that the rules know.
      const known = this.rules.isHeader(name) || !this.extra.has(name.toLowerCase());
      pairs.push([known ? name : "authorization", raw[i + 1] as string]);
    }
    const secrets = this.rules.live(pairs, url);
    const sealed = secrets.length === 0 ? null : this.rules.seal(secrets);
    remember(this.seals, found, sealed);
    return sealed;
  }

  /** Masks values in place; everything else of the query keeps its spelling. */
  private url(url: string, query: number): string {
    const fields = url.slice(query + 1).split("&");
    const masked = fields.map((field) => {
      const equals = field.indexOf("=");
      const name = equals === -1 ? "" : decoded(field.slice(0, equals));
      if (name === "" || !this.isSecret(name)) return field;
      const value = this.masked(name, decoded(field.slice(equals + 1)));
      return `${field.slice(0, equals)}=${encodeURIComponent(value)}`;
    });
    return `${url.slice(0, query)}?${masked.join("&")}`;
  }
}

function namesProtocol(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length === PROTOCOL.length && name.toLowerCase() === PROTOCOL) return true;
  }
  return false;
}

function decoded(text: string): string {
  // Few are encoded at all, and decoding costs more than all else that is done to a short query.
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

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
