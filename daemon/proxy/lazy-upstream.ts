/**
 * An upstream whose code is loaded with the first call: what is not needed to listen must not slow
 * the start.
 *
 * What always holds: to the exchange it is like any other upstream; body chunks that come before
 * the code is there are kept in order (they are bounded: `write` answers false, so the client is
 * paused after the first).
 */
import type { Upstream, UpstreamCall, UpstreamHandler, UpstreamRequest } from "./upstream.ts";

export class LazyUpstream implements Upstream {
  private readonly load: () => Promise<Upstream>;
  private loaded: Upstream | null = null;
  private loading: Promise<Upstream> | null = null;

  constructor(load: () => Promise<Upstream>) {
    this.load = load;
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    if (this.loaded !== null) return this.loaded.begin(request, handler);
    const call = new WaitingCall(handler);
    this.loading ??= this.load();
    this.loading.then(
      (upstream) => {
        this.loaded = upstream;
        call.begin(upstream, request);
      },
      (error: Error) => {
        this.loading = null;
        call.fail(error);
      },
    );
    return call;
  }

  hasConnection(from: number, to: number): boolean {
    return this.loaded?.hasConnection(from, to) ?? false;
  }

  close(): void {
    this.loaded?.close();
  }
}

class WaitingCall implements UpstreamCall {
  private readonly handler: UpstreamHandler;
  private call: UpstreamCall | null = null;
  private chunks: Buffer[] = [];
  private trailers: readonly string[] | null = null;
  private asked = false;
  private aborted = false;
  private paused = false;

  constructor(handler: UpstreamHandler) {
    this.handler = handler;
  }

  begin(upstream: Upstream, request: UpstreamRequest): void {
    if (this.aborted) return;
    const call = upstream.begin(request, this.handler);
    this.call = call;
    if (this.paused) call.pause();
    if (this.asked) call.send(this.chunks.splice(0), this.trailers);
    this.handler.drain();
  }

  fail(error: Error): void {
    if (this.aborted) return;
    this.handler.fail({ code: "upstream-unreachable", message: error.message });
  }

  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean {
    if (this.call !== null) return this.call.send(chunks, trailers);
    this.asked = true;
    for (const chunk of chunks) this.chunks.push(chunk);
    this.trailers ??= trailers;
    return false;
  }

  abort(): void {
    this.aborted = true;
    this.call?.abort();
  }

  pause(): void {
    this.paused = true;
    this.call?.pause();
  }

  resume(): void {
    this.paused = false;
    this.call?.resume();
  }
}
