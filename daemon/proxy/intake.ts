/**
 * Decides what becomes of the head of a request: forwarded to which upstream, answered by the
 * daemon itself, or refused with which code. The one place where the guards stand in order.
 *
 * Invariants: no side effects; upgrades and plain requests pass the same guards; the order
 * is shape, host, origin, token, loop, route, so that a stranger learns nothing of the routes.
 */
import type { Socket } from "node:net";
import { LIMITS } from "../../record/limits.ts";
import { TOKEN_HEADER } from "./credentials.ts";
import { checkHost, checkOrigin, checkToken, hasPassed, type Refusal } from "./guard.ts";
import { HOP_HEADER } from "./headers.ts";
import { canonicalHost, hostOf, isLoopback } from "./host-name.ts";
import { quote } from "./message-reader.ts";
import type { RequestHead } from "./request-parser.ts";
import { readRoute } from "./route.ts";
import type { ProxyRuntime, UpstreamRuntime } from "./runtime.ts";

export interface Intake {
  readonly number: string | null;
  /** Path and query after number and upstream; the whole target where it could not be read. */
  readonly rest: string;
  readonly target: UpstreamRuntime | null;
  /** Path below `/-/` of a route of the daemon's own. */
  readonly own: string | null;
  readonly refusal: Refusal | null;
  /** The caller has shown neither a token nor that he is on this machine. */
  readonly isStranger: boolean;
  /** Hop header to send on, null for none. */
  readonly hop: string | null;
}

/** `ownId` names this daemon in hop headers; `isOwn` knows its own connections by their ports. */
export function takeIn(
  request: RequestHead,
  socket: Socket,
  runtime: ProxyRuntime,
  ownId: string,
  isOwn: (from: number, to: number) => boolean,
): Intake {
  const url = request.target;
  const base = { number: null, rest: url, target: null, own: null, hop: null, isStranger: true };
  const early = checkShape(request) ?? checkCaller(request, socket, runtime);
  if (early !== null) return { ...base, refusal: early };

  const route = readRoute(url, (segment) => runtime.upstreams.has(segment));
  if (route.kind === "refused") {
    return { ...base, refusal: { code: "path-refused", message: route.why } };
  }
  const { token } = runtime.config;
  const noToken = checkToken(token, request.fields[TOKEN_HEADER] ?? route.token);
  if (route.kind === "own") {
    const isKnown = isLocal(request, socket) || (token !== null && noToken === null);
    return { ...base, own: route.path, refusal: null, isStranger: !isKnown };
  }
  const { number, rest } = route;
  if (noToken !== null) return { ...base, number, rest, refusal: noToken };

  const passed = request.fields[HOP_HEADER] ?? null;
  const known = { ...base, number, rest, isStranger: false };
  const loop = checkLoop(socket, passed, ownId, isOwn);
  if (loop !== null) return { ...known, refusal: loop };
  const name = route.upstream ?? runtime.config.defaultUpstream;
  const target = name === null ? undefined : runtime.upstreams.get(name);
  if (target === undefined) return { ...known, refusal: unknown(rest, runtime) };
  return { ...known, target, refusal: null, hop: hopFor(target, passed, ownId) };
}

/** Asked from this machine, and for this machine: not by way of a proxy on it. */
function isLocal({ fields, facts }: RequestHead, socket: Socket): boolean {
  if (Object.keys(fields).some((name) => FORWARDED.test(name))) return false;
  const from = canonicalHost(socket.remoteAddress ?? "");
  const host = hostOf(facts.host ?? "");
  return from !== null && isLoopback(from) && host !== null && isLoopback(host);
}

/** Headers by which proxies and tunnels say for whom they ask. */
const FORWARDED = /^(?:(?:x-)?(?:original-)?forwarded|via$|x-real-ip$)|(?:client|connecting)-ip$/;

function checkShape({ method, http, raw, facts }: RequestHead): Refusal | null {
  if (raw.length > LIMITS.headersCount * 2) {
    return { code: "headers-too-large", message: `${raw.length / 2} headers` };
  }
  // HTTP/1.0 knows no host header; of where a request ends there must be no doubt in any version.
  const forgiven = facts.framed && facts.host === null && http === "1.0";
  if (facts.doubtful !== null && !forgiven) {
    return { code: "request-malformed", message: facts.doubtful };
  }
  if (method === "CONNECT" || method === "TRACE") {
    return { code: "method-refused", message: `the method ${method}` };
  }
  return null;
}

function checkCaller(request: RequestHead, socket: Socket, runtime: ProxyRuntime): Refusal | null {
  const { facts, fields } = request;
  return (
    checkHost(facts.host ?? "", runtime.hosts, socket.localAddress) ??
    checkOrigin(fields, runtime.hosts)
  );
}

/** A request that came over one of our own upstream connections, or says that it passed us. */
function checkLoop(
  socket: Socket,
  passed: string | null,
  ownId: string,
  isOwn: (from: number, to: number) => boolean,
): Refusal | null {
  const { remotePort = -1, localPort = -1 } = socket;
  if (!hasPassed(passed, ownId) && !isOwn(remotePort, localPort)) return null;
  return { code: "loop-detected", message: "this request was sent by this very daemon" };
}

/**
 * A loop over one connection is seen by its port; one over further hosts needs a header. It is sent
 * only to own upstreams, and only once enough is in flight there to be a loop: ordinary requests
 * go out without a byte of ours.
 */
function hopFor(target: UpstreamRuntime, passed: string | null, ownId: string): string | null {
  if (passed !== null) return `${passed}, ${ownId}`;
  const suspicious = target.inFlight >= LIMITS.hopSuspicionCount && !target.config.preset;
  return suspicious ? ownId : null;
}

function unknown(rest: string, runtime: ProxyRuntime): Refusal {
  // What was meant to be the token is not repeated.
  const segment = (rest.split(/[/?]/)[1] ?? "").replace(/^(~|%7e).*/i, "$1…");
  const missing = runtime.config.defaultUpstream;
  const message =
    missing === null
      ? `no upstream is named ${quote(segment)}`
      : `default_upstream ${JSON.stringify(missing)} does not exist`;
  return { code: "unknown-upstream", message };
}
