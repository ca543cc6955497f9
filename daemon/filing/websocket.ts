/**
 * Makes messages out of the recorded bytes of a WebSocket, and turns out of the messages.
 *
 * What always holds: frames are parsed by the `ws` library's receiver with the extensions that the
 * handshake settled on (RFC 6455, RFC 7692); what comes before a damaged frame is kept, the rest is
 * given as `rest`; a message carries the time of the chunk that completed it. A turn is a
 * `response.create` of the client with all that the upstream sent until the next one. No sockets.
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

export interface ReadSide {
  readonly messages: SocketMessage[];
  /** Close code where a close frame came, else null. */
  readonly closeCode: number | null;
  /** Why reading ended before the bytes did, else null. */
  readonly problem: string | null;
}

export interface ReadOptions {
  readonly from: "client" | "upstream";
  /** `Sec-WebSocket-Extensions` of the 101 answer; null where it had none. */
  readonly extensions: string | null;
  /** Largest message that is decoded, bytes. */
  readonly messageBytesMax: number;
}

/** Reads one direction. Never throws: damage ends the reading and is named. */
export async function readSocketSide(
  chunks: Iterable<SocketChunk>,
  options: ReadOptions,
): Promise<ReadSide> {
  const messages: SocketMessage[] = [];
  let closeCode: number | null = null;
  let problem: string | null = null;
  let at = 0;
  const receiver = makeReceiver(options);
  receiver.on("message", (data: Buffer, binary: boolean) => {
    messages.push({ from: options.from, at, binary, bytes: Buffer.from(data) });
  });
  receiver.on("conclude", (code: number) => {
    closeCode = code;
  });
  receiver.on("error", (error: Error) => {
    problem ??= error.message;
  });
  for (const chunk of chunks) {
    if (problem !== null || closeCode !== null) break;
    at = chunk.at;
    // The receiver unmasks in place, and the chunk is not ours to change.
    const copy = Buffer.from(chunk.bytes);
    await new Promise<void>((resolve) => receiver.write(copy, () => resolve()));
  }
  receiver.destroy();
  return { messages, closeCode, problem };
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

export interface SocketTurn {
  readonly request: SocketMessage;
  readonly answer: readonly SocketMessage[];
}

export interface SocketTurns {
  readonly turns: readonly SocketTurn[];
  /** Messages before the first turn, and client messages that begin none, in order. */
  readonly others: readonly SocketMessage[];
}

/** Messages of both sides → turns, in the order of time. */
export function splitTurns(messages: readonly SocketMessage[]): SocketTurns {
  const turns: { request: SocketMessage; answer: SocketMessage[] }[] = [];
  const others: SocketMessage[] = [];
  for (const message of messages.toSorted((a, b) => a.at - b.at)) {
    const turn = turns.at(-1);
    if (message.from === "client" && isTurnStart(message)) {
      turns.push({ request: message, answer: [] });
    } else if (message.from === "upstream" && turn !== undefined) turn.answer.push(message);
    else others.push(message);
  }
  return { turns, others };
}

function isTurnStart({ binary, bytes }: SocketMessage): boolean {
  if (binary || !bytes.includes("response.create")) return false;
  try {
    return (JSON.parse(bytes.toString()) as { type?: unknown } | null)?.type === "response.create";
  } catch {
    return false;
  }
}
