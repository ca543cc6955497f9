/**
 * The embedded upstream `playback`: answers without key and network, inside the daemon's process.
 *
 * Invariants: it behaves like any upstream (upstream.ts): pieces come in time and in order, a
 * paused call waits, an aborted one stops. Recorded captures are looked through by `find`, which
 * may take its time; where it finds nothing the canned answer is given, or the request is refused.
 * Which it was stands in `x-callnumber-playback` and is counted. `x-callnumber-speed: 10`
 * plays ten times as fast, `0` without any pause.
 */
import type {
  Upstream,
  UpstreamCall,
  UpstreamHandler,
  UpstreamRequest,
} from "../proxy/upstream.ts";
import { type CannedAnswer, cannedAnswer } from "./canned.ts";
import { missingAnswer } from "./missing.ts";

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

/** Where an answer came from. */
export type Answered = "recorded" | "canned" | "missing";

export interface PlaybackOptions {
  readonly find: FindRecording;
  /** Whether what was never recorded is refused instead of answered by the small built-in model. */
  readonly refusesMissing: () => boolean;
  readonly answered: (how: Answered) => void;
  /** Called when the upstream is closed. */
  readonly closed?: () => void;
}

export type FindRecording = (request: PlaybackRequest) => Promise<Recording | null>;

/** Request bodies beyond this are not compared with recordings. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export class PlaybackUpstream implements Upstream {
  private readonly options: PlaybackOptions;

  constructor(options: PlaybackOptions) {
    this.options = options;
  }

  begin(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    return new PlaybackCall(request, handler, this.options);
  }

  hasConnection(): boolean {
    return false;
  }

  close(): void {
    this.options.closed?.();
  }
}

class PlaybackCall implements UpstreamCall {
  private readonly request: UpstreamRequest;
  private readonly handler: UpstreamHandler;
  private readonly options: PlaybackOptions;
  private body: Buffer[] = [];
  private bytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private paused = false;
  private over = false;
  private due: (() => void) | null = null;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, options: PlaybackOptions) {
    this.request = request;
    this.handler = handler;
    this.options = options;
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
    const isWhole = this.bytes <= BODY_BYTES_MAX;
    const asked = { method, path, headers, body };
    const found = isWhole ? await this.options.find(asked).catch(() => null) : null;
    if (this.over) return;
    this.handler.connected(false);
    const how = found !== null ? "recorded" : this.options.refusesMissing() ? "missing" : "canned";
    this.options.answered(how);
    const recording = found ?? this.unrecorded(how, body);
    const speed = Number(this.request.speed ?? "1");
    const factor = speed > 0 ? 1 / speed : speed === 0 ? 0 : 1;
    const head = () => {
      const reason = "";
      this.handler.head(recording.status, reason, "1.1", [...recording.headers]);
      this.play(recording, 0, performance.now() - firstMs(recording) * factor, factor);
    };
    this.after(firstMs(recording) * factor, head);
  }

  private unrecorded(how: Answered, body: Buffer): Recording {
    const { method, path } = this.request;
    if (how === "missing") return madeUp(missingAnswer(method, path), how);
    return madeUp(cannedAnswer(method, path, body.toString(), Date.now()), how);
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

function madeUp(canned: CannedAnswer, how: Answered): Recording {
  let ms = 0;
  const chunks = canned.pieces.map(({ waitMs, text }) => {
    ms += waitMs;
    return { ms, bytes: Buffer.from(text) };
  });
  const headers = ["content-type", canned.contentType, "x-callnumber-playback", how];
  if (chunks.length === 1) headers.push("content-length", String(chunks[0]?.bytes.length ?? 0));
  return { status: canned.status, headers, chunks, broken: false };
}
