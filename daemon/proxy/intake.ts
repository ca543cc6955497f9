/**
 * Decides what becomes of the head of a request: forwarded to which upstream, answered by the
 * daemon itself, or refused with which code. The one place where the guards stand in order.
 *
 * What always holds: no side effects; upgrades and plain requests pass the same guards; the order
 * is shape, host, origin, token, loop, route, so that a stranger learns nothing of the routes.
 */
import type { IncomingMessage } from "node:http";
import { LIMITS } from "../../record/limits.ts";
import { TOKEN_HEADER } from "./credentials.ts";
import { checkHost, checkOrigin, checkToken, hasPassed, type Refusal } from "./guard.ts";
import { HOP_HEADER, type RequestFacts, readFacts } from "./headers.ts";
import { readRoute } from "./route.ts";
import type { ProxyRuntime, UpstreamRuntime } from "./runtime.ts";

export interface Intake {
  readonly facts: RequestFacts;
  readonly number: string | null;
  /** Path and query after number and upstream; the whole target where it could not be read. */
  readonly rest: string;
  readonly target: UpstreamRuntime | null;
  /** Path below `/-/` of a route of the daemon's own. */
  readonly own: string | null;
  readonly refusal: Refusal | null;
  /** Hop header to send on, null for none. */
  readonly hop: string | null;
}

/** `ownId` names this daemon in hop headers; `isOwn` knows its own connections by their ports. */
export function takeIn(
  req: IncomingMessage,
  runtime: ProxyRuntime,
  ownId: string,
  isOwn: (from: number, to: number) => boolean,
): Intake {
  const facts = readFacts(req.rawHeaders);
  const url = req.url ?? "";
  const base = { facts, number: null, rest: url, target: null, own: null, hop: null };
  const early = checkShape(req, facts) ?? checkCaller(req, facts, runtime);
  if (early !== null) return { ...base, refusal: early };

  const route = readRoute(url, (segment) => runtime.upstreams.has(segment));
  if (route.kind === "refused") {
    return { ...base, refusal: { code: "path-refused", message: route.why } };
  }
  if (route.kind === "own") return { ...base, own: route.path, refusal: null };
  const { number, rest } = route;
  const passed = single(req.headers[HOP_HEADER]);
  const refusal =
    checkToken(runtime.config.token, single(req.headers[TOKEN_HEADER]) ?? route.token) ??
    checkLoop(req, passed, ownId, isOwn);
  if (refusal !== null) return { ...base, number, rest, refusal };

  const name = route.upstream ?? runtime.config.defaultUpstream;
  const target = name === null ? undefined : runtime.upstreams.get(name);
  if (target === undefined) return { ...base, number, rest, refusal: unknown(rest, runtime) };
  return { ...base, number, rest, target, refusal: null, hop: hopFor(target, passed, ownId) };
}

function checkShape(req: IncomingMessage, facts: RequestFacts): Refusal | null {
  if (req.rawHeaders.length > LIMITS.headersCount * 2) {
    const count = req.rawHeaders.length / 2;
    return { code: "headers-too-large", message: `${count} headers` };
  }
  if (facts.doubtful !== null && !(facts.host === null && req.httpVersion === "1.0")) {
    return { code: "request-malformed", message: facts.doubtful };
  }
  if (req.httpVersion !== "1.1" && req.httpVersion !== "1.0") {
    return { code: "request-malformed", message: `HTTP/${req.httpVersion} on a plain port` };
  }
  if (req.httpVersion === "1.0" && facts.body === "chunked") {
    return { code: "request-malformed", message: "transfer-encoding in HTTP/1.0" };
  }
  if (req.method === "CONNECT" || req.method === "TRACE") {
    return { code: "method-refused", message: `the method ${req.method}` };
  }
  return null;
}

function checkCaller(
  req: IncomingMessage,
  facts: RequestFacts,
  runtime: ProxyRuntime,
): Refusal | null {
  return (
    checkHost(facts.host ?? "", runtime.hosts, req.socket.localAddress) ??
    checkOrigin(req.headers, runtime.hosts)
  );
}

/** A request that came over one of our own upstream connections, or says that it passed us. */
function checkLoop(
  req: IncomingMessage,
  passed: string | null,
  ownId: string,
  isOwn: (from: number, to: number) => boolean,
): Refusal | null {
  const { remotePort = -1, localPort = -1 } = req.socket;
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
  const segment = rest.split(/[/?]/)[1] ?? "";
  const missing = runtime.config.defaultUpstream;
  const message =
    missing === null
      ? `no upstream is named ${JSON.stringify(segment)}`
      : `default_upstream ${JSON.stringify(missing)} does not exist`;
  return { code: "unknown-upstream", message };
}

function single(value: string | string[] | undefined): string | null {
  return Array.isArray(value) ? value.join(",") : (value ?? null);
}
