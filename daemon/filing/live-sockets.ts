/**
 * The WebSockets that are open: their turns as they end, and which of them are filed already.
 *
 * What always holds: bounded in number and in bytes; a socket beyond the bounds, or one of which
 * something could not be filed, is no longer followed, and the rest of it is filed at its end.
 */
import { LIMITS } from "../../record/limits.ts";
import type { SpooledExchange } from "./open-exchanges.ts";
import { type SocketFrame, SocketTurns, type Turn } from "./socket-turns.ts";

interface Live {
  /** null once it is not followed any more. */
  turns: SocketTurns | null;
  readonly filed: Set<string>;
}

export class LiveSockets {
  readonly #sockets = new Map<string, Live>();
  #count = 0;

  /** Sockets that are being followed. */
  get count(): number {
    return this.#count;
  }

  /** Takes the next frame of an open socket; gives the turns that ended by it. */
  async take(
    x: SpooledExchange,
    frame: SocketFrame,
    limits: { readonly bodyLimitBytes: number; readonly decodeLimitBytes: number },
  ): Promise<Turn[]> {
    const { turns } = this.#sockets.get(x.key) ?? this.#begin(x, limits.decodeLimitBytes);
    if (turns === null) return [];
    const ended = await turns.take(frame);
    if (turns.bytes > limits.bodyLimitBytes) this.end(x.key);
    return ended;
  }

  /** The socket with this key is not followed any more. */
  end(key: string): void {
    const live = this.#sockets.get(key);
    if (live === undefined || live.turns === null) return;
    live.turns.rest();
    live.turns = null;
    this.#count--;
  }

  isFiled(socket: string, turn: string): boolean {
    return this.#sockets.get(socket)?.filed.has(turn) ?? false;
  }

  /** Appended, though not synced yet. */
  filed(socket: string, turn: string): void {
    const live = this.#sockets.get(socket) ?? { turns: null, filed: new Set() };
    live.filed.add(turn);
    this.#sockets.set(socket, live);
  }

  /** All of it is filed, or set aside. */
  forget(key: string): void {
    this.end(key);
    this.#sockets.delete(key);
  }

  #begin(x: SpooledExchange, messageBytesMax: number): Live {
    const followed = this.#count < LIMITS.liveSocketsCount;
    const headers = x.responseHead?.headers ?? [];
    const turns = followed ? new SocketTurns(headers, messageBytesMax) : null;
    const live: Live = { turns, filed: new Set() };
    this.#sockets.set(x.key, live);
    if (followed) this.#count++;
    return live;
  }
}
