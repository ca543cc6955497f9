/**
 * The WebSockets that are open: their turns as they end, and which of them are filed already.
 *
 * Invariants: bounded in number and in bytes; a socket beyond the bounds, or one of which
 * something could not be filed, is no longer followed, and the rest of it is filed at its end.
 */
import { LIMITS } from "../../record/limits.ts";
import type { Position } from "../spool/reader.ts";
import type { SpooledExchange } from "./open-exchanges.ts";
import { type SocketFrame, SocketTurns, type Turn } from "./socket-turns.ts";

interface Live {
  /** null once it is not followed any more. */
  turns: SocketTurns | null;
  readonly filed: Set<string>;
  /** Places up to which all its turns are filed, oldest first. */
  cleanTo: CleanPlace[];
}

/** All before `position` is filed, in `count` turns, and not needed to read on. */
export interface CleanPlace {
  readonly position: Position;
  readonly count: number;
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
    const live = this.#sockets.get(socket) ?? { turns: null, filed: new Set(), cleanTo: [] };
    live.filed.add(turn);
    this.#sockets.set(socket, live);
  }

  /** The turns so far are filed; true where the frames before `position` are not needed any more. */
  noteFiled(key: string, position: Position): boolean {
    const live = this.#sockets.get(key);
    const count = live?.turns?.cleanCount ?? null;
    if (live === undefined || count === null) return false;
    // One place a segment is enough.
    live.cleanTo = live.cleanTo.filter((place) => place.position.segment !== position.segment);
    live.cleanTo.push({ position, count });
    return true;
  }

  /** The last such place within the segments up to this one. */
  cleanTo(key: string, segment: number): CleanPlace | null {
    const places = this.#sockets.get(key)?.cleanTo ?? [];
    return places.findLast(({ position }) => position.segment <= segment) ?? null;
  }

  /** Places in these segments are not where they were. */
  moved(segments: ReadonlySet<number>): void {
    for (const live of this.#sockets.values()) {
      live.cleanTo = live.cleanTo.filter(({ position }) => !segments.has(position.segment));
    }
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
    const live: Live = { turns, filed: new Set(), cleanTo: [] };
    this.#sockets.set(x.key, live);
    if (followed) this.#count++;
    return live;
  }
}
