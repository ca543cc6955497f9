/**
 * One call over HTTP/2: a stream of a session, and another one where the first was not processed.
 *
 * Invariants:
 * - An answer is whole only where the peer's END_STREAM came; a reset (with NO_ERROR too), a GOAWAY
 *   or a close before it is a break.
 * - A request is sent again only where nothing of an answer has come and the peer declares that it
 *   did not process it: REFUSED_STREAM, or a stream above the last of its GOAWAY (RFC 9113 §8.7).
 * - Of a body as much is kept for that as the limits allow; without all of it the call fails.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import { LIMITS } from "../../record/limits.ts";
import type { UpstreamConfig } from "../config/types.ts";
import type { Http1Upstream } from "./http1-upstream.ts";
import type { Http2Connection } from "./http2-upstream.ts";
import type {
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from "./upstream.ts";

export interface CallOwner {
  readonly config: UpstreamConfig;
  keptBytes: number;
  place(call: Http2Call): void;
}

/** Not allowed in HTTP/2 (RFC 9113 §8.2.2), or said otherwise. */
const LEFT_OUT = new Set([
  ...["host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
  ...["expect", "http2-settings", "te"],
]);
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

export class Http2Call implements UpstreamCall {
  private readonly request: UpstreamRequest;
  private readonly handler: UpstreamHandler;
  private readonly owner: CallOwner;
  private connection: Http2Connection | null = null;
  private stream: ClientHttp2Stream | null = null;
  /** Where the upstream knows no HTTP/2. */
  private other: UpstreamCall | null = null;
  /** The body so far, until the answer begins; null once it cannot be sent again. */
  private kept: Buffer[] | null = [];
  private keptBytes = 0;
  private sentAll = false;
  private trailersToSend: readonly string[] | null = null;
  private placed = false;
  private tries = 0;
  private answered = false;
  private paused = false;
  private over = false;
  private trailers: string[] = [];
  private fault = "";
  private timer: NodeJS.Timeout | null = null;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, owner: CallOwner) {
    this.request = request;
    this.handler = handler;
    this.owner = owner;
  }

  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean {
    if (this.other !== null) return this.other.send(chunks, trailers);
    if (this.over) return true;
    const { stream } = this;
    for (const chunk of chunks) this.keep(chunk);
    if (trailers !== null) {
      this.sentAll = true;
      this.trailersToSend = trailers;
    }
    if (!this.placed) {
      this.placed = true;
      this.owner.place(this);
      return this.stream !== null && !this.stream.writableNeedDrain;
    }
    // Waits for a connection; what is kept is written to it.
    if (stream === null) return false;
    return this.write(stream, chunks);
  }

  abort(): void {
    this.other?.abort();
    if (this.over) return;
    this.finish();
    this.cancel();
  }

  pause(): void {
    this.paused = true;
    this.other?.pause();
    if (!this.over) this.stream?.pause();
  }

  resume(): void {
    this.paused = false;
    this.other?.resume();
    this.stream?.resume();
  }

  /** Begins on a stream of this session. `fresh`: the connection was made for it. */
  attach(connection: Http2Connection, session: ClientHttp2Session, fresh: boolean): void {
    if (this.over) {
      connection.released();
      return;
    }
    this.connection = connection;
    this.fault = "";
    try {
      const endStream = this.request.body === "none";
      // Only a chunked body can have trailers; its last frame then waits for them.
      const waitForTrailers = this.request.body === "chunked";
      this.stream = session.request(this.headers(), { endStream, waitForTrailers });
    } catch (error) {
      connection.released();
      this.failed({ code: "upstream-protocol", message: (error as Error).message });
      return;
    }
    if (this.tries++ === 0) this.handler.connected(fresh);
    this.listen(this.stream);
    this.arm("headersMs");
    if (this.paused) this.stream.pause();
    if (this.write(this.stream, this.kept ?? [])) this.handler.drain();
  }

  /** Goes on over HTTP/1.1. */
  fallBack(upstream: Http1Upstream): void {
    if (this.over) return;
    const chunks = this.kept ?? [];
    this.forget();
    this.other = upstream.begin(this.request, this.handler);
    if (this.paused) this.other.pause();
    if (this.other.send(chunks, this.sentAll ? this.trailersToSend : null)) this.handler.drain();
  }

  failed(failure: UpstreamFailure): void {
    if (this.over) return;
    this.finish();
    this.cancel();
    this.handler.fail(failure);
  }

  private cancel(): void {
    this.stream?.close(NGHTTP2_CANCEL);
    // One that has ended and was not read would never close, and keep its place in the connection.
    this.stream?.resume();
  }

  private write(stream: ClientHttp2Stream, chunks: readonly Buffer[]): boolean {
    if (this.request.body === "none") return true;
    let more = true;
    for (const chunk of chunks) more = stream.write(chunk);
    if (this.sentAll) stream.end();
    return more;
  }

  private sendTrailers(stream: ClientHttp2Stream): void {
    // A stream that is reset ends its body too.
    if (stream.closed || stream.destroyed) return;
    try {
      stream.sendTrailers(lowerCase(this.trailersToSend ?? []));
    } catch (error) {
      this.failed({ code: "upstream-protocol", message: (error as Error).message });
    }
  }

  private listen(stream: ClientHttp2Stream): void {
    let ended = false;
    let whole = false;
    // `end` comes after a reset with NO_ERROR too. What tells them apart is that the end of the body
    // is pushed before the stream is closed, and not because of it.
    const push = stream.push.bind(stream);
    stream.push = (chunk, encoding) => {
      if (chunk === null && !stream.closed && !stream.destroyed) ended = true;
      return push(chunk, encoding);
    };
    stream.on("headers", (_headers, _flags, raw?: string[]) => this.interim(raw ?? []));
    stream.on("response", (_headers, _flags, raw?: string[]) => this.head(raw ?? []));
    stream.on("trailers", (_headers, _flags, raw?: string[]) => {
      this.trailers = raw ?? [];
    });
    stream.on("data", (chunk: Buffer) => {
      this.timer?.refresh();
      if (!this.over) this.handler.data(chunk);
    });
    stream.on("drain", () => this.handler.drain());
    stream.on("wantTrailers", () => this.sendTrailers(stream));
    stream.on("error", (error) => {
      this.fault = error.message;
    });
    stream.on("end", () => {
      whole = ended;
      // Trailers came with the end, and are told behind it.
      if (whole) setImmediate(() => this.complete(stream));
    });
    stream.on("close", () => {
      if (!whole) this.broke(stream);
      this.connection?.released();
    });
  }

  private interim(raw: readonly string[]): void {
    const { status, headers } = split(raw);
    if (!this.over) this.handler.information(status, "", headers);
  }

  private head(raw: readonly string[]): void {
    if (this.over) return;
    this.answered = true;
    this.forget();
    this.arm("bodyMs");
    const { status, headers } = split(raw);
    this.handler.head(status, "", "2", headers);
  }

  private complete(stream: ClientHttp2Stream): void {
    if (this.over) return;
    this.finish();
    // Of an upload that the upstream did not wait for, nothing more is sent.
    if (!stream.writableEnded) stream.close(NGHTTP2_NO_ERROR);
    this.handler.end(this.trailers);
  }

  private broke(stream: ClientHttp2Stream): void {
    if (this.over) return;
    const why = this.fault || this.connection?.fault || "the upstream closed the stream";
    if (this.answered) {
      this.failed({ code: "upstream-aborted", message: why });
      return;
    }
    const last = this.connection?.lastStreamId ?? null;
    const refused = stream.rstCode === NGHTTP2_REFUSED_STREAM;
    const unprocessed = refused || (last !== null && (stream.id ?? Number.MAX_VALUE) > last);
    if (!unprocessed) {
      this.failed({ code: "upstream-closed", message: why });
      return;
    }
    const said = "the upstream says that it did not process the request";
    if (this.kept === null) {
      const message = `${said}, and its body is too large to be kept and sent again`;
      this.failed({ code: "upstream-closed", message });
    } else if (this.tries > LIMITS.http2RepeatsCount) {
      this.failed({ code: "upstream-closed", message: `${said}, ${this.tries} times` });
    } else {
      this.stream = null;
      this.owner.place(this);
    }
  }

  private keep(chunk: Buffer): void {
    const { kept, owner } = this;
    if (kept === null || this.answered) return;
    const fits =
      this.keptBytes + chunk.length <= LIMITS.http2KeptBytes &&
      owner.keptBytes + chunk.length <= LIMITS.http2KeptTotalBytes;
    // Without a stream there is no other place for it; the client is held back then.
    if (!fits && this.stream !== null) {
      this.forget();
      return;
    }
    kept.push(chunk);
    this.keptBytes += chunk.length;
    owner.keptBytes += chunk.length;
  }

  private forget(): void {
    this.owner.keptBytes -= this.keptBytes;
    this.keptBytes = 0;
    this.kept = null;
  }

  private headers(): Record<string, string | string[]> {
    const { method, path, headers } = this.request;
    const all = lowerCase(headers);
    const host = headers.findLastIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
    if (host !== -1) all[":authority"] = headers[host + 1] as string;
    return Object.assign(all, { ":method": method, ":path": path, ":scheme": "https" });
  }

  private finish(): void {
    this.over = true;
    this.forget();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private arm(which: "headersMs" | "bodyMs"): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const ms = this.owner.config.timeouts[which];
    if (ms === 0) return;
    const code = which === "headersMs" ? "headers-timeout" : "body-timeout";
    const what = which === "headersMs" ? "no answer" : "no further byte of the answer";
    this.timer = setTimeout(() => {
      // Silence while we ourselves hold the answer back is the client's slowness, not a fault.
      if (this.paused) this.timer?.refresh();
      else this.failed({ code, message: `${what} from the upstream within ${ms} ms` });
    }, ms);
  }
}

/** What HTTP/2 allows of a flat list, by lower-case name. */
function lowerCase(headers: readonly string[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = headers[i + 1] as string;
    const before = all[name];
    if (!LEFT_OUT.has(name)) all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}

/** Status and headers (flat) out of what a frame holds. */
function split(raw: readonly string[]): { status: number; headers: string[] } {
  let status = 0;
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i] === ":status") status = Number(raw[i + 1]);
    else headers.push(raw[i] as string, raw[i + 1] as string);
  }
  return { status, headers };
}
