/**
 * What the byte path knows of an upstream: something that takes one request and answers through
 * callbacks. Implemented by http1-upstream.ts (sockets), http2-upstream.ts and daemon/playback.
 *
 * What always holds: callbacks come in the order connected?, information*, head, data*, then
 * exactly one of end | fail, and none after `abort()`. Chunks are handed over without copying; a
 * handler that cannot keep up calls `pause()`.
 */
import type { ErrorCode } from "../../record/errors.ts";

/** How the request body is framed on the wire. */
export type BodyFraming = "none" | "length" | "chunked";

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire, upstream's base path included. */
  readonly path: string;
  /** Flat name, value list in wire order, `Host` and hop-by-hop already settled. */
  readonly headers: readonly string[];
  readonly body: BodyFraming;
  /** Value of the caller's `x-callnumber-speed`; only playback looks at it. */
  readonly speed: string | null;
}

export interface UpstreamFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface UpstreamHandler {
  /** `fresh` is false where an open connection is used again. */
  connected(fresh: boolean): void;
  /** More of the request body may be written after `write` had returned false. */
  drain(): void;
  information(status: number, reason: string, headers: string[]): void;
  head(status: number, reason: string, http: string, headers: string[]): void;
  data(chunk: Buffer): void;
  end(trailers: string[]): void;
  fail(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  /**
   * Sends pieces of the body; with the first call the head goes out, and nothing before it. With
   * `trailers` (flat; sent where the body is chunked) the request is complete. False: wait for `drain`.
   */
  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean;
  /** Throws everything away and closes the connection; no callback comes after it. */
  abort(): void;
  pause(): void;
  resume(): void;
}

export interface Upstream {
  /** Prepares a call; the request goes out as `UpstreamCall.send` is called. */
  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Is a connection between these two ports open? Tells one's own calls when they come back. */
  hasConnection(from: number, to: number): boolean;
  /** Closes idle connections; open calls go on. */
  close(): void;
}
