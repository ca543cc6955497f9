/**
 * The clients' connections: which have not asked anything yet, and how many bytes crossed them.
 *
 * What always holds: bytes are read off the sockets when they close or when somebody wants to know,
 * so counting costs nothing while they flow; heads and framing are included.
 */
import type { Socket } from "node:net";

export interface HasSocket {
  readonly socket: Socket;
}

export class ClientConnections<C extends HasSocket> {
  private readonly open = new Set<C>();
  /** Accepted, and no request has come yet. */
  private readonly fresh = new Set<C>();
  private accepted = 0;
  private received = 0;
  private sent = 0;

  /** `gone` is called after the connection is off the lists. */
  add(connection: C, gone: () => void): void {
    const { socket } = connection;
    this.accepted += 1;
    this.open.add(connection);
    this.fresh.add(connection);
    socket.once("close", () => {
      this.received += socket.bytesRead;
      this.sent += socket.bytesWritten;
      this.open.delete(connection);
      this.fresh.delete(connection);
      gone();
    });
  }

  asked(connection: C): void {
    this.fresh.delete(connection);
  }

  /** Those that are open now; the list may change while it is gone through. */
  all(): IterableIterator<C> {
    return this.open.values();
  }

  /** Those that have not asked by now are not waited for. */
  forgetFresh(): void {
    this.fresh.clear();
  }

  get freshCount(): number {
    return this.fresh.size;
  }

  /** True while bytes for a client wait in our memory: ending now would lose them. */
  get sending(): boolean {
    for (const { socket } of this.open) {
      if (socket.writableLength > 0 && !socket.destroyed) return true;
    }
    return false;
  }

  stats(): { accepted: number; open: number; receivedBytes: number; sentBytes: number } {
    let { received, sent } = this;
    for (const { socket } of this.open) {
      received += socket.bytesRead;
      sent += socket.bytesWritten;
    }
    const { accepted, open } = this;
    return { accepted, open: open.size, receivedBytes: received, sentBytes: sent };
  }
}
