/**
 * Puts a failed connect into plain words and a stable code: what the user reads in the 502.
 *
 * What always holds: the text names the upstream and its host and port, and says what failed; it
 * never carries a header or a key. Pure.
 */
import type { UpstreamConfig } from "../config/types.ts";
import type { UpstreamFailure } from "./upstream.ts";

const DNS_CODES = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME"]);

const PLAIN: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "the connection was reset while it was being made",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  EADDRNOTAVAIL: "no local address or port is free for the connection",
  ENOTFOUND: "the name does not resolve",
  EAI_AGAIN: "the name service does not answer",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate chain ends in an unknown self-signed certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is signed by an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
};

/** `error` is what the socket emitted before it was connected. */
export function explainConnectError(error: Error, config: UpstreamConfig): UpstreamFailure {
  const first = firstCause(error);
  const code = first.code ?? "";
  const { hostname, port } = config.url;
  const where = `upstream ${config.name} (${hostname}:${port})`;
  const why = PLAIN[code] ?? first.message;
  if (code === "CALLNUMBER_PRIVATE") return { code: "upstream-private", message: first.message };
  if (code === "CALLNUMBER_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return { code: "connect-timeout", message: `${where}: ${first.message}` };
  }
  if (code === "EMFILE" || code === "ENFILE") {
    return { code: "over-capacity", message: `${where}: no file handle left for a connection` };
  }
  if (DNS_CODES.has(code)) return { code: "upstream-dns", message: `${where}: ${why}` };
  const tls = /^ERR_(?:TLS|SSL|OSSL)|^EPROTO$|CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code);
  return { code: tls ? "upstream-tls" : "upstream-unreachable", message: `${where}: ${why}` };
}

/** A host with several addresses fails with an AggregateError; its first member tells the cause. */
function firstCause(error: Error): NodeJS.ErrnoException {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0];
  return error;
}
