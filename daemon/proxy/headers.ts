/**
 * What happens to headers on their way through: as little as HTTP allows.
 *
 * Invariants: order, case, empty values and repetitions stay; only hop-by-hop headers
 * (RFC 9110 §7.6.1, and whatever `Connection` names), `Proxy-Authorization` and the daemon's own
 * `x-callnumber-*` are taken out, `Host` is set in its place. Lists are flat: name, value, name,
 * value. Pure.
 */

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What a request's own headers say about how it has to be handled. */
export interface RequestFacts {
  readonly host: string | null;
  readonly body: "none" | "length" | "chunked";
  /** Of a body counted by length: its bytes. */
  readonly length: number;
  /** False where it is not certain where the request ends; it has no body then. */
  readonly framed: boolean;
  readonly doubtful: string | null;
}

/** Reads the framing and the host; `doubtful` says why the request is open to two readings. */
export function readFacts(raw: readonly string[], http: "1.1" | "1.0" = "1.1"): RequestFacts {
  let host: string | null = null;
  let hostCount = 0;
  let lengths = 0;
  let length = "";
  let encodings = 0;
  let encoding = "";
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const size = name.length;
    if (size !== 4 && size !== 14 && size !== 17) continue;
    const lower = name.toLowerCase();
    if (lower === "host") {
      host = raw[i + 1] as string;
      hostCount++;
    } else if (lower === "content-length") {
      length = raw[i + 1] as string;
      lengths++;
    } else if (lower === "transfer-encoding") {
      encoding = raw[i + 1] as string;
      encodings++;
    }
  }
  const framing = framingFault(lengths, length, encodings, encoding, http);
  const count = hostCount === 0 ? "no host header" : "several host headers";
  const doubtful = framing ?? (hostCount === 1 ? null : count);
  const framed = framing === null;
  const bytes = framed && lengths > 0 ? Number(length) : 0;
  const body = !framed ? "none" : encodings > 0 ? "chunked" : bytes > 0 ? "length" : "none";
  return { host, body, length: bytes, framed, doubtful };
}

function framingFault(
  lengths: number,
  length: string,
  encodings: number,
  encoding: string,
  http: "1.1" | "1.0",
): string | null {
  if (lengths === 0 && encodings === 0) return null;
  if (lengths > 1) return "several content-length headers";
  if (lengths === 1 && encodings > 0) return "both content-length and transfer-encoding";
  if (lengths === 1) return /^\d{1,15}$/.test(length) ? null : "an odd content-length";
  if (encodings > 1 || encoding.toLowerCase() !== "chunked") {
    return "a transfer-encoding other than chunked";
  }
  return http === "1.1" ? null : "transfer-encoding in HTTP/1.0";
}

export interface ForwardOptions {
  /** Value of `Host` for the upstream. */
  readonly host: string;
  /** Set in place of the client's; lower-case names. */
  readonly replace: Readonly<Record<string, string>>;
  /** `chunked` puts the transfer-encoding header where the client had it. */
  readonly body: "none" | "length" | "chunked";
  /** Keep `Upgrade` and the `Connection: upgrade` that goes with it. */
  readonly upgrade: boolean;
  /** Value of the hop header, where one is to be sent. */
  readonly hop: string | null;
}

/** The request's headers for the upstream. */
export function forwardRequestHeaders(raw: readonly string[], options: ForwardOptions): string[] {
  const named = connectionNames(raw);
  const out: string[] = [];
  const replaced = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === "host") out.push(name, options.host);
    else if (Object.hasOwn(options.replace, lower)) {
      if (!replaced.has(lower)) out.push(name, options.replace[lower] as string);
      replaced.add(lower);
    } else if (HOP_BY_HOP.has(lower)) {
      const kept = keptHop(lower, value, options);
      if (kept) out.push(name, value);
    } else if (!isOwnHeader(lower) && !named?.has(lower)) out.push(name, value);
  }
  for (const name of Object.keys(options.replace)) {
    if (!replaced.has(name)) out.push(name, options.replace[name] as string);
  }
  if (options.hop !== null) out.push(HOP_HEADER, options.hop);
  return out;
}

/** Carries the ids of the daemons that a request has passed; see guard.ts. */
export const HOP_HEADER = "x-callnumber-hop";

/**
 * Hop-by-hop headers that are ours to send again, in the client's place and spelling: the framing
 * of a chunked body, an upgrade, and a keep-alive, which is what we want of the upstream too.
 */
function keptHop(lower: string, value: string, options: ForwardOptions): boolean {
  if (lower === "transfer-encoding") return options.body === "chunked";
  if (lower === "connection") return options.upgrade || value.toLowerCase() === "keep-alive";
  return lower === "upgrade" && options.upgrade;
}

/** The response's headers for the client. */
export function forwardResponseHeaders(raw: readonly string[]): string[] {
  const named = connectionNames(raw);
  const out: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) && lower !== "proxy-authenticate") continue;
    if (named?.has(lower) && lower !== "content-length") continue;
    out.push(name, raw[i + 1] as string);
  }
  return out;
}

/** The headers of a 1xx answer for the client. It has no body, whatever they say. */
export function forwardInterimHeaders(raw: readonly string[]): string[] {
  return without("content-length", forwardResponseHeaders(raw));
}

/** The headers of a 101: as above, but for the switch itself, which keeps place and spelling. */
export function forwardSwitchHeaders(raw: readonly string[]): string[] {
  const named = connectionNames(raw);
  const out: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === "connection") out.push(name, named === null ? value : "Upgrade");
    else if (lower === "upgrade") out.push(name, value);
    else if (!HOP_BY_HOP.has(lower) && !named?.has(lower)) out.push(name, value);
  }
  return without("content-length", out);
}

/**
 * Trailers for the other side, without those that decide about borders, routes, access or content
 * (RFC 9110 §6.5.1): a reader that merges trailers into its headers would take them for checked.
 */
export function forwardTrailers(raw: readonly string[]): readonly string[] {
  if (raw.length === 0) return raw;
  const out: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || NO_TRAILER.has(lower) || isOwnHeader(lower)) continue;
    if (!/^(?:content|if)-/.test(lower)) out.push(name, raw[i + 1] as string);
  }
  return out;
}

const NO_TRAILER = new Set([
  ...["host", "trailer", "forwarded", "expect", "max-forwards", "pragma", "range"],
  ...["cache-control", "age", "date", "expires", "location", "retry-after", "vary", "warning"],
  ...["authorization", "www-authenticate", "cookie", "set-cookie", "x-api-key"],
]);

/** The daemon's own headers, `_` for `-` too: some servers do not tell them apart. */
function isOwnHeader(lower: string): boolean {
  return lower.charCodeAt(0) === 120 && /^x[-_]callnumber[-_]/.test(lower);
}

/** A flat list without one name (lower case). */
export function without(lower: string, raw: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() !== lower)
      out.push(raw[i] as string, raw[i + 1] as string);
  }
  return out;
}

/** Names listed in `Connection`; never those that decide about borders or the host. */
function connectionNames(raw: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    for (const item of (raw[i + 1] as string).split(",")) {
      const lower = item.trim().toLowerCase();
      if (lower === "keep-alive" || lower === "close" || lower === "upgrade") continue;
      if (lower === "host" || lower === "content-length" || lower === "") continue;
      names ??= new Set();
      names.add(lower);
    }
  }
  return names;
}

/** A head as text: its first line, the headers (flat list), and the empty line. */
export function headText(first: string, headers: readonly string[]): string {
  let text = `${first}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}

/** Flat list → pairs, as the frames hold them. */
export function toPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] as string, raw[i + 1] as string]);
  return pairs;
}
