/**
 * Reads the host out of a `Host` or `Origin` header, so that hosts are compared as parsed addresses
 * or exact names and never by how their text begins.
 *
 * Invariants: every spelling of one address (`127.1`, `0x7f000001`, `::ffff:7f00:1`) reads as the
 * same text; a name is lower case and has no trailing dot; what no URL could hold is null.
 */
import { isIP } from "node:net";

const HOST = /^(\[[0-9a-f.]*:[0-9a-f:.]*\]|[0-9a-z._-]+)(?::(\d{1,5}))?$/i;
const PORT_MAX = 65_535;
const ORIGIN = /^https?:\/\/(.+)$/i;
/** How the URL standard writes an IPv4 address inside IPv6. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Host of a `Host` header, with or without a port; null where it is none. */
export function hostOf(value: string): string | null {
  const [, host, port = "0"] = HOST.exec(value) ?? [];
  return host === undefined || Number(port) > PORT_MAX ? null : canonicalHost(host);
}

/** Host of a page's origin; null for `null`, and for schemes that are not the web's. */
export function originHost(value: string): string | null {
  const rest = ORIGIN.exec(value)?.[1];
  return rest === undefined ? null : hostOf(rest);
}

/** A name or an address (IPv6 with or without brackets or zone) in its one spelling. */
export function canonicalHost(host: string): string | null {
  const bare = host.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const parsed = parsedHost(bare.includes(":") ? `[${bare}]` : bare);
  if (parsed === null) return null;
  const name = parsed.replace(/^\[|\]$/g, "");
  const mapped = MAPPED.exec(name);
  if (mapped !== null) return dotted(mapped[1] as string, mapped[2] as string);
  const exact = name.endsWith(".") ? name.slice(0, -1) : name;
  return exact.split(".").includes("") ? null : exact;
}

/** True for `localhost`, names below it, 127.0.0.0/8 and ::1. `host` is canonical. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host === "localhost" || host.endsWith(".localhost");
}

/** The URL standard knows every way to write an address, as browsers do. */
function parsedHost(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return null;
  }
}

function dotted(high: string, low: string): string {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}
