/**
 * The embedded upstream `playback`: answers without key and network, inside the daemon's process.
 *
 * What always holds: it behaves like any upstream (upstream.ts): pieces come in time and in order, a
 * paused call waits, an aborted one stops. Recorded captures are looked through by `find`, which
 * may take its time; where it finds nothing the canned answer is given. `x-callnumber-speed: 10`
 * plays ten times as fast, `0` without any pause.
 */
import type {
  Upstream,
  UpstreamCall,
  UpstreamHandler,
  UpstreamRequest,
} from "../proxy/upstream.ts";
import { cannedAnswer } from "./canned.ts";

/** A request as playback sees it: whole. */
export interface PlaybackRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** An answer with its own timing; `ms` counts from the beginning of the exchange. */
export interface Recording {
  readonly status: number;
  /** Flat list. */
  readonly headers: readonly string[];
  readonly chunks: readonly { readonly ms: number; readonly bytes: Buffer }[];
  /** The recorded answer broke off here instead of ending. */
  readonly broken: boolean;
}

export type FindRecording = (request: PlaybackRequest) => Promise<Recording | null>;

/** Request bodies beyond this are not compared with recordings. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export class PlaybackUpstream implements Upstream {
  private readonly find: FindRecording;
  private readonly closed: () => void;

  /** `closed` is called when the upstream is closed. */
  constructor(find: FindRecording, closed: () => void = () => {}) {
    this.find = find;
    this.closed = closed;
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return new PlaybackCall(request, handler, this.find);
  }

  hasConnection(): boolean {
    return false;
  }

  close(): void {
    this.closed();
  }
}

class PlaybackCall implements UpstreamCall {
  private readonly request: UpstreamRequest;
  private readonly handler: UpstreamHandler;
  private readonly find: FindRecording;
  private body: Buffer[] = [];
  private bytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private paused = false;
  private over = false;
  private due: (() => void) | null = null;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, find: FindRecording) {
    this.request = request;
    this.handler = handler;
    this.find = find;
  }

  send(chunks: readonly Buffer[], trailers: readonly string[] | null): boolean {
    for (const chunk of chunks) {
      this.bytes += chunk.length;
      if (this.bytes <= BODY_BYTES_MAX) this.body.push(chunk);
    }
    if (trailers !== null) void this.answer();
    return true;
  }

  abort(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    const due = this.due;
    this.due = null;
    due?.();
  }

  private async answer(): Promise<void> {
    const { method, path, headers } = this.request;
    const body = Buffer.concat(this.body);
    this.body = [];
    const found = await this.find({ method, path, headers, body }).catch(() => null);
    if (this.over) return;
    this.handler.connected(false);
    const recording = found ?? fromCanned(method, path, body.toString());
    const speed = Number(this.request.speed ?? "1");
    const factor = speed > 0 ? 1 / speed : speed === 0 ? 0 : 1;
    const head = () => {
      const reason = "";
      this.handler.head(recording.status, reason, "1.1", [...recording.headers]);
      this.play(recording, 0, performance.now() - firstMs(recording) * factor, factor);
    };
    this.after(firstMs(recording) * factor, head);
  }

  private play(recording: Recording, at: number, began: number, factor: number): void {
    if (this.over) return;
    const chunk = recording.chunks[at];
    if (chunk === undefined) {
      this.over = true;
      const message = "the recorded answer broke off here as well";
      if (recording.broken) this.handler.fail({ code: "upstream-aborted", message });
      else this.handler.end([]);
      return;
    }
    this.after(began + chunk.ms * factor - performance.now(), () => {
      this.handler.data(chunk.bytes);
      const next = () => this.play(recording, at + 1, began, factor);
      if (this.paused) this.due = next;
      else next();
    });
  }

  private after(ms: number, action: () => void): void {
    const run = () => {
      if (!this.over) action();
    };
    if (ms < 1) setImmediate(run);
    else this.timer = setTimeout(run, ms);
  }
}

function firstMs(recording: Recording): number {
  return recording.chunks[0]?.ms ?? 0;
}

function fromCanned(method: string, path: string, body: string): Recording {
  const canned = cannedAnswer(method, path, body, Date.now());
  let ms = 0;
  const chunks = canned.pieces.map(({ waitMs, text }) => {
    ms += waitMs;
    return { ms, bytes: Buffer.from(text) };
  });
  const headers = ["content-type", canned.contentType, "x-callnumber-playback", "canned"];
  if (chunks.length === 1) headers.push("content-length", String(chunks[0]?.bytes.length ?? 0));
  return { status: canned.status, headers, chunks, broken: false };
}
