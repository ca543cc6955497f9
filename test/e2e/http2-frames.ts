/**
 * An HTTP/2 server that writes its frames by hand (RFC 9113 §4, §6): node:http2 sends an END_STREAM
 * before its resets, so that with it no break can be staged.
 */
import type { Socket } from "node:net";
import { createServer } from "node:tls";

export interface FrameStream {
  readonly id: number;
  /** Number of the connection, from 1 on. */
  readonly connection: number;
  /** Status 200, with a content-length where one is given. */
  head(length?: string): void;
  data(text: string, end?: boolean): void;
  reset(code: number): void;
  goaway(code: number, lastStreamId: number): void;
  /** FIN of TLS and TCP. */
  close(): void;
  /** RST of the TCP connection. */
  abort(): void;
}

/** Calls `asked` when the head of a request has come. */
export async function frameServer(
  credentials: { cert: string; key: string },
  asked: (stream: FrameStream) => void,
) {
  let connections = 0;
  const tcp = new Set<Socket>();
  const server = createServer({ ...credentials, ALPNProtocols: ["h2"] });
  server.on("connection", (socket: Socket) => tcp.add(socket));
  server.on("secureConnection", (socket) => {
    const connection = ++connections;
    const raw = [...tcp].at(-1) as Socket;
    socket.on("error", () => {});
    let bytes = Buffer.alloc(0);
    let preface = 24;
    socket.write(frame(4, 0, 0));
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < preface) return;
      bytes = bytes.subarray(preface);
      preface = 0;
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const id = bytes.readUInt32BE(5) & 0x7fffffff;
        if (bytes[3] === 4 && ((bytes[4] as number) & 1) === 0) socket.write(frame(4, 1, 0));
        if (bytes[3] === 1) asked(streamOf(socket, raw, id, connection));
        bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as { port: number }).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of tcp) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function streamOf(socket: Socket, raw: Socket, id: number, connection: number): FrameStream {
  return {
    id,
    connection,
    head(length) {
      // HPACK: ":status: 200" by its index; "content-length" by its index, with a literal value.
      const counted =
        length === undefined ? "" : `\x0f\x0d${String.fromCharCode(length.length)}${length}`;
      socket.write(frame(1, 4, id, Buffer.from(`\x88${counted}`, "latin1")));
    },
    data: (text, end = false) => socket.write(frame(0, end ? 1 : 0, id, Buffer.from(text))),
    reset: (code) => socket.write(frame(3, 0, id, words(code))),
    goaway: (code, lastStreamId) => socket.write(frame(7, 0, 0, words(lastStreamId, code))),
    close: () => socket.end(),
    abort: () => raw.resetAndDestroy(),
  };
}

function frame(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}
