/**
 * Two ends of a connection in memory that pass for sockets, so that bytes arrive cut exactly as they
 * were written, and tens of thousands of connections cost neither ports nor time.
 *
 * Invariants: each write is one `data` event over there while that end reads; FIN and RST arrive
 * behind what was written before.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

export class MemorySocket extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress = "127.0.0.1";
  readonly localPort: number;
  readonly remotePort: number;
  readonly bytesRead = 0;
  private peer!: MemorySocket;
  private resetting = false;
  private static ports = 1;

  private constructor(localPort: number, remotePort: number) {
    super({ allowHalfOpen: true });
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  static pair(): [MemorySocket, MemorySocket] {
    const [a, b] = [MemorySocket.ports++, MemorySocket.ports++];
    const ends: [MemorySocket, MemorySocket] = [new MemorySocket(a, b), new MemorySocket(b, a)];
    ends[0].peer = ends[1];
    ends[1].peer = ends[0];
    for (const end of ends) end.on("error", () => {});
    return ends;
  }

  /** For whoever wants a socket: all that the byte path and node:http use of one is there. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.peer.destroyed && !this.peer.readableEnded) this.peer.push(Buffer.from(chunk));
    done();
  }

  override _final(done: () => void): void {
    if (!this.peer.destroyed) this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer, resetting } = this;
    if (!peer.destroyed) {
      if (resetting) peer.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
      else if (!this.writableFinished) peer.push(null);
    }
    done(error);
  }

  destroySoon(): void {
    if (this.destroyed) return;
    if (!this.writableEnded) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  resetAndDestroy(): void {
    this.resetting = true;
    this.destroy();
  }

  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** Lets everything happen that happens without a timer. */
export async function settle(rounds = 12): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
