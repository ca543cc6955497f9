/**
 * Follows both directions of a recorded WebSocket and tells each turn as soon as it has ended: a
 * `response.create` of the client with what came until the terminal event of its answer.
 *
 * Invariants: the same frames in the same order give the same turns with the same numbers,
 * whether they are read while the socket is open or after its end; no message is left out: what
 * comes between two turns belongs to the later one, and what comes after the last is a turn without
 * a request. Memory: the messages of the running turn.
 */
import { FrameKind, type HeaderPairs } from "../frames.ts";
import { SideReader, type SocketMessage } from "./websocket.ts";

export interface Turn {
  /** 0 for the first of the socket. */
  readonly index: number;
  /** null for a socket, or an end of one, in which nothing was asked. */
  readonly request: SocketMessage | null;
  /** Everything else, of both sides, in the order of the wire. */
  readonly messages: readonly SocketMessage[];
  /** True where the answer came to its end, or the client asked the next thing. */
  readonly ended: boolean;
}

/** How the socket was closed: by whose close frame first, with which code. */
export interface SocketClose {
  readonly by: SocketMessage["from"];
  readonly code: number;
}

export interface SocketFrame {
  readonly kind: number;
  readonly at: number;
  readonly payload: Buffer;
}

export class SocketTurns {
  readonly #options: { readonly extensions: string | null; readonly messageBytesMax: number };
  #sides: Record<SocketMessage["from"], SideReader>;
  #close: SocketClose | null = null;
  #request: SocketMessage | null = null;
  #messages: SocketMessage[] = [];
  #bytes = 0;
  #count = 0;

  /** `headers` of the 101; `messageBytesMax`: a longer message ends the reading of its side. */
  constructor(headers: HeaderPairs, messageBytesMax: number) {
    const named = headers.find(([name]) => name.toLowerCase() === "sec-websocket-extensions");
    this.#options = { extensions: named?.[1] ?? null, messageBytesMax };
    this.#sides = this.#begin();
  }

  #begin(): Record<SocketMessage["from"], SideReader> {
    return {
      client: new SideReader({ from: "client", ...this.#options }),
      upstream: new SideReader({ from: "upstream", ...this.#options }),
    };
  }

  /**
   * How many turns have ended, where nothing of the frames so far is needed to read on; else null.
   * Compressed messages may refer to earlier ones.
   */
  get cleanCount(): number | null {
    const { client, upstream } = this.#sides;
    const isOpen = this.#close === null && this.problem === null;
    const isDone = this.#request === null && this.#messages.length === 0;
    const canBegin = this.#options.extensions === null && client.isEmpty && upstream.isEmpty;
    return isOpen && isDone && canBegin ? this.#count : null;
  }

  /** Bytes of the messages that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first close frame; null where none came. */
  get close(): SocketClose | null {
    return this.#close;
  }

  /** Why one of the sides could not be read to its end; null where both could. */
  get problem(): string | null {
    return this.#sides.client.problem ?? this.#sides.upstream.problem;
  }

  /** Takes the next frame of the spool; gives the turns that ended by it. One call at a time. */
  async take({ kind, at, payload }: SocketFrame): Promise<Turn[]> {
    if (kind === FrameKind.turnsFiled) this.#goOnAfter(JSON.parse(payload.toString()).count);
    if (kind !== FrameKind.clientFrame && kind !== FrameKind.upstreamFrame) return [];
    const by = kind === FrameKind.clientFrame ? "client" : "upstream";
    const side = this.#sides[by];
    const ended: Turn[] = [];
    for (const message of await side.push({ at, bytes: payload })) {
      const turn = this.#add(message);
      if (turn !== null) ended.push(turn);
    }
    if (side.closeCode !== null) this.#close ??= { by, code: side.closeCode };
    return ended;
  }

  /** What is left when there are no more frames; null where all of it was in turns. */
  rest(): Turn | null {
    for (const side of Object.values(this.#sides)) side.close();
    const something = this.#request !== null || this.#messages.length > 0 || this.problem !== null;
    return something || this.#count === 0 ? this.#take(false) : null;
  }

  /** So many turns are filed; what was read of a later one comes again. */
  #goOnAfter(count: number): void {
    for (const side of Object.values(this.#sides)) side.close();
    this.#sides = this.#begin();
    this.#take(false);
    this.#count = count;
  }

  #add(message: SocketMessage): Turn | null {
    if (message.from === "client" && isTurnStart(message)) {
      const before = this.#request === null ? null : this.#take(true);
      this.#request = message;
      this.#bytes += message.bytes.length;
      return before;
    }
    this.#messages.push(message);
    this.#bytes += message.bytes.length;
    return this.#request !== null && isTurnEnd(message) ? this.#take(true) : null;
  }

  #take(ended: boolean): Turn {
    const turn = { index: this.#count++, request: this.#request, messages: this.#messages, ended };
    this.#request = null;
    this.#messages = [];
    this.#bytes = 0;
    return turn;
  }
}

function isTurnStart({ binary, bytes }: SocketMessage): boolean {
  return !binary && bytes.includes("response.create") && typeOf(bytes) === "response.create";
}

const TERMINAL = /^(?:response\.(?:completed|failed|incomplete|cancelled|done)|error)$/;

function isTurnEnd({ from, binary, bytes }: SocketMessage): boolean {
  if (from === "client" || binary || !ENDING.test(bytes.toString("latin1"))) return false;
  return TERMINAL.test(typeOf(bytes) ?? "");
}

/** Spares most messages the parsing. */
const ENDING = /"(?:response\.(?:completed|failed|incomplete|cancelled|done)|error)"/;

function typeOf(bytes: Buffer): string | null {
  try {
    const type = (JSON.parse(bytes.toString()) as { type?: unknown } | null)?.type;
    return typeof type === "string" ? type : null;
  } catch {
    return null;
  }
}
