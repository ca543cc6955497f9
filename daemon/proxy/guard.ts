/**
 * Who may use the daemon: the checks that come before any upstream is chosen.
 *
 * Invariants: pure decisions over the head of a request; a browser page of another origin
 * never gets through (DNS rebinding fails at `Host`, plain cross-site requests at `Origin` and
 * `Sec-Fetch-Site`), and no CORS header is ever sent, so that a page could not read an answer
 * anyway. The token is compared in constant time.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { ErrorCode } from "../../record/errors.ts";
import { canonicalHost, hostOf, isLoopback, originHost } from "./host-name.ts";
import { quote } from "./message-reader.ts";

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** `localAddress` is the address of this machine that the client reached. */
export function checkHost(
  host: string,
  allowed: ReadonlySet<string>,
  localAddress: string | undefined,
): Refusal | null {
  const name = hostOf(host);
  if (name !== null && hostAllowed(name, allowed, localAddress)) return null;
  return { code: "host-refused", message: `the host ${quote(host)} is not this daemon's` };
}

function hostAllowed(
  name: string,
  allowed: ReadonlySet<string>,
  localAddress: string | undefined,
): boolean {
  if (allowed.has(name) || name === "localhost" || name.endsWith(".localhost")) return true;
  // An address in the Host header cannot come from rebinding: no name was resolved.
  return isIP(name) !== 0 && canonicalHost(localAddress ?? "") === name;
}

/** `headers` by lower-case name; what came more than once is joined, and is then no origin. */
export function checkOrigin(
  headers: Readonly<Record<string, string | undefined>>,
  allowed: ReadonlySet<string>,
): Refusal | null {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && !OWN_SITES.has(site)) {
    return { code: "origin-refused", message: `sec-fetch-site is ${quote(site)}` };
  }
  const { origin } = headers;
  if (origin === undefined) return null;
  const name = originHost(origin);
  if (name !== null && (allowed.has(name) || isLoopback(name))) return null;
  return { code: "origin-refused", message: `the origin ${quote(origin)} is foreign` };
}

/** What a browser says of requests that no foreign page has caused. */
const OWN_SITES = new Set(["none", "same-origin", "same-site"]);

/** `given`: from the header or from the path; the digests make the lengths equal. */
export function checkToken(expected: string | null, given: string | null): Refusal | null {
  if (expected === null) return null;
  if (given === null) return { code: "token-refused", message: "the request carries no token" };
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (timingSafeEqual(digest(expected), digest(given))) return null;
  return { code: "token-refused", message: "the token is not the daemon's" };
}

/** True where one of the daemons that the request has passed is this one. */
export function hasPassed(hop: string | null, own: string): boolean {
  return hop?.split(",").some((id) => id.trim() === own) ?? false;
}
