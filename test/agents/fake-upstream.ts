/**
 * The upstream of the agents' suite: speaks the dialects that they ask for, over HTTP and WebSocket
 * (with permessage-deflate), misbehaves as told, and remembers every request byte for byte.
 *
 * What always holds: on 127.0.0.1 with a free port; answers depend on the request alone; a path may
 * stand behind any first segment, so that an agent finds it with and without the daemon between.
 */
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { zstdDecompressSync } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import { cannedAnswer } from "../../daemon/playback/canned.ts";

/** How the next run is answered. */
export interface Behaviour {
  /** So many requests that offer tools (so no side calls) or upgrade are turned away with a 429. */
  readonly refusals?: number;
  /** So many streams end before their first event: the client may ask again without a stream. */
  readonly emptyStreams?: number;
  /** Answers stop half way and stay open: somebody is going to break them off. */
  readonly stalls?: boolean;
}

export interface SeenRequest {
  /** `POST /openai/v1/responses`, or `MESSAGE` for one over a WebSocket. */
  readonly line: string;
  /** As they came: order, case, repetition. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Which WebSocket it belongs to; null for plain HTTP and for an upgrade that was refused. */
  readonly socket: number | null;
}

/** Emits `half` when a stalling answer has been sent so far, `broken` when its reader is gone. */
export class FakeUpstream extends EventEmitter {
  seen: SeenRequest[] = [];
  #refusals = 0;
  #emptyStreams = 0;
  #stalls = false;
  #socketCount = 0;
  readonly #server = createServer((req, res) => void this.#serve(req, res));
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });

  async start(): Promise<string> {
    this.#server.on("upgrade", (req, socket, head) => this.#upgrade(req, socket, head));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  behave({ refusals = 0, emptyStreams = 0, stalls = false }: Behaviour): void {
    this.seen = [];
    this.#refusals = refusals;
    this.#emptyStreams = emptyStreams;
    this.#stalls = stalls;
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on("error", () => {});
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of req) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    this.seen.push({
      line: `${req.method} ${req.url}`,
      headers: req.rawHeaders,
      body,
      socket: null,
    });
    const text =
      req.headers["content-encoding"] === "zstd"
        ? zstdDecompressSync(body).toString()
        : body.toString();
    // Side calls run beside the turn: which of them comes first would be a matter of luck.
    if (this.#refusals > 0 && /"tools"\s*:\s*\[\s*\{/.test(text)) {
      this.#refusals--;
      res.writeHead(429, { "content-type": "application/json", "retry-after": "1" }).end(REFUSAL);
      return;
    }
    const answer = cannedAnswer(req.method ?? "", req.url ?? "", text, NOW);
    res.writeHead(answer.status, { "content-type": answer.contentType });
    const isStream = answer.pieces.length > 1;
    if (isStream && this.#emptyStreams > 0) {
      this.#emptyStreams--;
      res.end();
      return;
    }
    res.on("close", () => {
      if (!res.writableFinished) this.emit("broken");
    });
    await this.#send(
      answer.pieces.map((piece) => piece.text),
      (piece) => res.write(piece),
      () => res.destroyed,
    );
    res.end();
  }

  async #send(
    pieces: readonly string[],
    write: (piece: string) => void,
    gone: () => boolean,
  ): Promise<void> {
    const half = Math.ceil(pieces.length / 2);
    for (const [i, piece] of pieces.entries()) {
      if (gone()) return;
      if (i === half && this.#stalls && pieces.length > 1) {
        this.emit("half");
        while (!gone()) await pause(20);
        return;
      }
      write(piece);
      await pause(5);
    }
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const line = `${req.method} ${req.url}`;
    const number = this.#refusals > 0 ? null : ++this.#socketCount;
    this.seen.push({ line, headers: req.rawHeaders, body: Buffer.alloc(0), socket: number });
    if (this.#refusals > 0) {
      this.#refusals--;
      const length = `content-length: ${REFUSAL.length}\r\nretry-after: 1\r\n`;
      const type = "content-type: application/json\r\n";
      socket.end(`HTTP/1.1 429 Too Many Requests\r\n${type}${length}\r\n${REFUSAL}`);
      return;
    }
    this.#sockets.handleUpgrade(req, socket, head, (peer) => {
      let turns = Promise.resolve();
      peer.on("error", () => {});
      peer.on("message", (data: Buffer) => {
        this.seen.push({ line: "MESSAGE", headers: [], body: data, socket: number });
        turns = turns.then(() => this.#turn(peer, data));
      });
    });
  }

  /** One `response.create` and the events that answer it, each a message. */
  async #turn(peer: WebSocket, data: Buffer): Promise<void> {
    const asked = JSON.parse(data.toString()) as Record<string, unknown>;
    if (asked.type !== "response.create") return;
    const request = JSON.stringify({ ...asked, stream: true });
    const { pieces } = cannedAnswer("POST", "/v1/responses", request, NOW);
    const events = pieces.flatMap(({ text }) => dataOf(text));
    // A warm-up wants no answer, only an id that the real turn can refer to.
    const warmUp = asked.generate === false;
    const sent = warmUp ? events.filter((_, i) => i === 0 || i === events.length - 1) : events;
    const running = () => peer.readyState !== peer.OPEN;
    if (this.#stalls && !warmUp) peer.once("close", () => this.emit("broken"));
    if (warmUp) for (const event of sent) peer.send(event);
    else await this.#send(sent, (event) => peer.send(event), running);
  }
}

/** So that two runs are answered alike. */
const NOW = 1_795_435_200_000;

const REFUSAL = JSON.stringify({
  type: "error",
  error: { type: "rate_limit_error", message: "slow down", code: "rate_limit_exceeded" },
});

/** What stands behind `data:` in the text of an event, where that is JSON. */
function dataOf(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => line.slice("data: ".length));
}
