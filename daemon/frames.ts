/**
 * The vocabulary of the spool: which kinds of frames an exchange is made of, and what each carries.
 *
 * Invariants: the proxy writes these frames in the order in which things happened on the
 * wire, the filer reads them back in that order, and neither needs anything else from the other.
 * `begin` comes first; `end` comes last and is missing only when the process died. The data kinds
 * are raw bytes as they arrived, everything else is JSON text. A number, once given, never changes
 * its meaning: spools outlive upgrades. Never in here: how frames lie on the disk (daemon/spool).
 *
 *   begin → requestData* → requestEnd? → interim* → responseHead? → responseData* → responseEnd? → end
 *   begin → responseHead? → (clientFrame | upstreamFrame)* → end            (after an upgrade)
 */

export const FrameKind = {
  begin: 1,
  requestData: 2,
  requestEnd: 3,
  responseHead: 4,
  responseData: 5,
  responseEnd: 6,
  end: 7,
  /** A 1xx response on the way to the final one; payload as responseHead. */
  interim: 8,
  /** Bytes client → upstream after a switch of protocols (WebSocket), frame borders not kept. */
  clientFrame: 9,
  /** Bytes upstream → client after a switch of protocols. */
  upstreamFrame: 10,
  /** In place of frames of an open WebSocket whose turns are filed: `{"count":n}`, how many. */
  turnsFiled: 11,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Header or trailer pairs in wire order and case. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** How an exchange ended, as the proxy saw it; `interrupted` is only ever given by the filer. */
export type FrameOutcome =
  | "complete"
  | "client_aborted"
  | "upstream_aborted"
  | "upstream_error"
  | "timeout"
  | "shutdown"
  | "rejected";

/** What is known when the head of a request has been read. */
export interface Begin {
  /** ULID, monotonic within a run even when the clock steps back. */
  readonly id: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly started: string;
  readonly method: string;
  /** Path and query as sent, after number and upstream name; secrets of the query masked. */
  readonly url: string;
  /** Version that the client spoke: `1.1`, `1.0`. */
  readonly http: string;
  /** As received, credential values already masked, the daemon's own token left out. */
  readonly headers: HeaderPairs;
  /** Name in the configuration; null where the request was refused before one was chosen. */
  readonly upstream: string | null;
  readonly client: {
    readonly name: string | null;
    readonly agent: string | null;
    readonly address: string | null;
  };
  readonly labels: Readonly<Record<string, string>>;
  /** Johnny.Decimal number from the path, `11.12`. */
  readonly number: string | null;
  /** The client's own session id where a header carries one. */
  readonly session: string | null;
  /** The live credentials of the request, sealed with the state key (see state-key.ts). */
  readonly sealed: string | null;
}

export interface RequestEnd {
  readonly trailers: HeaderPairs;
}

export interface ResponseHead {
  /** Of a 101 only: that the handshake went on as it came; its turns are filed before the end. */
  readonly verbatim?: boolean;
  readonly status: number;
  readonly reason: string;
  /** Version that the upstream spoke: `1.1`, `1.0`, `2`. */
  readonly http: string;
  readonly headers: HeaderPairs;
}

export interface ResponseEnd {
  readonly trailers: HeaderPairs;
}

/** Durations in milliseconds since the exchange began; null where that moment never came. */
export interface End {
  readonly outcome: FrameOutcome;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** 0 where an open connection was used again. */
  readonly connect_ms: number | null;
  readonly request_sent_ms: number | null;
  readonly headers_ms: number | null;
  readonly total_ms: number;
  /** True where the bytes passed on were the very bytes received, in both directions. */
  readonly verbatim: boolean;
}
