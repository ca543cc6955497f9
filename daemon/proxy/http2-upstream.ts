/**
 * An upstream spoken to over HTTP/2 (`http2: on`), by way of undici.
 *
 * What always holds: the same callbacks as over HTTP/1.1; header names become lower case (HTTP/2
 * knows no other) and trailers of requests are lost, which is why it is opt-in. Where the upstream
 * does not offer HTTP/2, undici falls back to HTTP/1.1.
 */
import { PassThrough } from "node:stream";
import { Agent, type Dispatcher } from "undici";
import { LIMITS } from "../../record/limits.ts";
import type { UpstreamConfig } from "../config/types.ts";
import { guardedLookup, isExplicitHost } from "./addresses.ts";
import { explainConnectError } from "./connect-error.ts";
import type { Upstream, UpstreamCall, UpstreamHandler, UpstreamRequest } from "./upstream.ts";

/** Not allowed in HTTP/2 (RFC 9113 §8.2.2), or set by undici itself. */
const LEFT_OUT = new Set(["host", "connection", "transfer-encoding", "upgrade", "expect"]);

export class Http2Upstream implements Upstream {
  private readonly config: UpstreamConfig;
  private readonly agent: Agent;

  constructor(config: UpstreamConfig) {
    this.config = config;
    const open = config.allowPrivate || isExplicitHost(config.url.hostname);
    this.agent = new Agent({
      allowH2: true,
      headersTimeout: config.timeouts.headersMs,
      bodyTimeout: config.timeouts.bodyMs,
      keepAliveTimeout: LIMITS.upstreamIdleMs,
      maxHeaderSize: LIMITS.headBytes,
      connect: {
        timeout: config.timeouts.connectMs,
        ...(config.ca === null ? {} : { ca: config.ca }),
        ...(open ? {} : { lookup: guardedLookup() }),
      },
    });
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return new Http2Call(handler, request, this.config, (body, call) => {
      this.dispatch(request, body, call);
    });
  }

  private dispatch(request: UpstreamRequest, body: PassThrough | null, call: Http2Call): void {
    const { hostname, port } = this.config.url;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const headers: string[] = [];
    for (let i = 0; i < request.headers.length; i += 2) {
      const name = request.headers[i] as string;
      if (!LEFT_OUT.has(name.toLowerCase())) headers.push(name, request.headers[i + 1] as string);
    }
    const { method, path } = request;
    this.agent.dispatch({ origin: `https://${host}:${port}`, path, method, headers, body }, call);
  }

  hasConnection(): boolean {
    return false;
  }

  close(): void {
    void this.agent.close();
  }
}

class Http2Call implements UpstreamCall, Dispatcher.DispatchHandler {
  private readonly handler: UpstreamHandler;
  private readonly body: PassThrough | null;
  private readonly config: UpstreamConfig;
  private readonly dispatch: (body: PassThrough | null, call: Http2Call) => void;
  private dispatched = false;
  private controller: Dispatcher.DispatchController | null = null;
  private answered = false;
  private over = false;

  constructor(
    handler: UpstreamHandler,
    request: UpstreamRequest,
    config: UpstreamConfig,
    dispatch: (body: PassThrough | null, call: Http2Call) => void,
  ) {
    this.handler = handler;
    this.body = request.body === "none" ? null : new PassThrough();
    this.config = config;
    this.dispatch = dispatch;
    this.body?.on("drain", () => handler.drain());
    this.body?.on("error", () => {});
  }

  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean {
    if (this.over) return true;
    if (!this.dispatched) {
      this.dispatched = true;
      this.dispatch(this.body, this);
    }
    let more = true;
    for (const chunk of chunks) more = this.body?.write(chunk) ?? true;
    if (trailers !== null) this.body?.end();
    return more;
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.controller?.abort(new Error("the client has gone"));
    this.body?.destroy();
  }

  pause(): void {
    this.controller?.pause();
  }

  resume(): void {
    this.controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) controller.abort(new Error("the client has gone"));
    else this.handler.connected(true);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    reason?: string,
  ): void {
    if (this.over) return;
    const raw = Array.isArray(controller.rawHeaders)
      ? controller.rawHeaders.map((item) => item.toString("latin1"))
      : flatten(headers);
    if (status < 200) {
      this.handler.information(status, reason ?? "", raw);
      return;
    }
    this.answered = true;
    this.handler.head(status, reason ?? "", "2", raw);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.over) this.handler.data(chunk);
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.over) return;
    this.over = true;
    // Of an upload that the upstream did not wait for, nothing is kept.
    if (this.body !== null && !this.body.writableEnded) this.body.destroy();
    this.handler.end(flatten(trailers ?? {}));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.over) return;
    this.over = true;
    this.body?.destroy();
    this.handler.fail(this.explain(error));
  }

  private explain(error: Error & { code?: string }) {
    const { message, code } = error;
    if (code === "UND_ERR_HEADERS_TIMEOUT") return { code: "headers-timeout" as const, message };
    if (code === "UND_ERR_BODY_TIMEOUT") return { code: "body-timeout" as const, message };
    if (code === "UND_ERR_CONNECT_TIMEOUT") return { code: "connect-timeout" as const, message };
    if (this.answered) return { code: "upstream-aborted" as const, message };
    if (code === "UND_ERR_SOCKET") return { code: "upstream-closed" as const, message };
    return explainConnectError(error, this.config);
  }
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) flat.push(name, one);
  }
  return flat;
}
