/**
 * Makes messages out of the recorded bytes of one direction of a WebSocket.
 *
 * Invariants: frames are parsed by the `ws` library's receiver with the extensions that the
 * handshake settled on (RFC 6455, RFC 7692); what comes before a damaged frame is kept; a message
 * carries the time of the chunk that completed it. No sockets.
 */
import { extension, PerMessageDeflate, Receiver } from "ws";

export interface SocketChunk {
  readonly at: number;
  readonly bytes: Buffer;
}

export interface SocketMessage {
  readonly from: "client" | "upstream";
  /** Milliseconds since the exchange began. */
  readonly at: number;
  readonly binary: boolean;
  /** Decompressed. */
  readonly bytes: Buffer;
}

export interface ReadOptions {
  readonly from: "client" | "upstream";
  /** `Sec-WebSocket-Extensions` of the 101 answer; null where it had none. */
  readonly extensions: string | null;
  /** Largest message that is decoded, bytes. */
  readonly messageBytesMax: number;
}

/** Reads one direction as it grows. Never throws: damage ends the reading and is named. */
export class SideReader {
  readonly #from: SocketMessage["from"];
  readonly #receiver: Receiver;
  #found: SocketMessage[] = [];
  #at = 0;
  #closeCode: number | null = null;
  #problem: string | null = null;

  constructor(options: ReadOptions) {
    this.#from = options.from;
    this.#receiver = makeReceiver(options);
    this.#receiver.on("message", (data: Buffer, binary: boolean) => {
      this.#found.push({ from: this.#from, at: this.#at, binary, bytes: Buffer.from(data) });
    });
    this.#receiver.on("conclude", (code: number) => {
      this.#closeCode = code;
    });
    this.#receiver.on("error", (error: Error) => {
      this.#problem ??= error.message;
    });
  }

  /** Close code where a close frame came, else null; 1005 for one that names none. */
  get closeCode(): number | null {
    return this.#closeCode;
  }

  /** Why reading ended before the bytes did, else null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** The messages that these bytes complete. One call at a time. */
  async push({ at, bytes }: SocketChunk): Promise<SocketMessage[]> {
    if (this.#problem !== null || this.#closeCode !== null) return [];
    this.#at = at;
    // The receiver unmasks in place, and the chunk is not ours to change.
    const copy = Buffer.from(bytes);
    await new Promise<void>((resolve) => this.#receiver.write(copy, () => resolve()));
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** True where it holds nothing of what it was given: reading could begin here. */
  get isEmpty(): boolean {
    const { _bufferedBytes: bytes, _state: state, _fragmented: begun } = this.#receiver;
    return bytes === 0 && state === 0 && begun === 0;
  }

  close(): void {
    this.#receiver.destroy();
  }
}

function makeReceiver({ from, extensions, messageBytesMax }: ReadOptions): Receiver {
  // Whoever *reads* the client's frames is the server, also as far as the window sizes go.
  const isServer = from === "client";
  const settled: Record<string, PerMessageDeflate> = {};
  const offer = extensions === null ? undefined : parseExtensions(extensions)[DEFLATE]?.[0];
  if (offer !== undefined) {
    const deflate = new PerMessageDeflate({}, isServer, messageBytesMax);
    // `params` is what negotiation would have left there: the answer of the 101, one value each.
    deflate.params = Object.fromEntries(
      Object.entries(offer).map(([name, [value]]) => [name, value === true ? true : Number(value)]),
    );
    settled[DEFLATE] = deflate;
  }
  return new Receiver({
    isServer,
    extensions: settled,
    maxPayload: messageBytesMax,
    skipUTF8Validation: true,
  });
}

const DEFLATE = "permessage-deflate";

function parseExtensions(header: string) {
  try {
    return extension.parse(header);
  } catch {
    return {};
  }
}
