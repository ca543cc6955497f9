/**
 * What the tests of the wire share: a real daemon in a folder of its own, a raw TCP upstream whose
 * every byte is under the test's control, and a raw TCP client.
 *
 * What always holds: all on 127.0.0.1 with free ports; nothing is left behind when `close` is done.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../daemon/config/load.ts";
import { type Daemon, startDaemon } from "../../daemon/daemon.ts";

export interface TestDaemon {
  readonly daemon: Daemon;
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly log: string[];
  /** Ends the daemon, so that all is filed, and gives the exchanges in the order of their start. */
  filed(): Promise<FiledExchange[]>;
  close(): Promise<void>;
}

/** An exchange line as parsed JSON; tests look at few of its fields. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads into it freely
export type FiledExchange = Record<string, any>;

/** `yaml` is the configuration without `listen`, e.g. `upstreams: { up: "http://127.0.0.1:1" }`. */
export async function startTestDaemon(yaml: string): Promise<TestDaemon> {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-wire-"));
  const file = join(folder, "callnumber.yaml");
  writeFileSync(file, /^listen:/m.test(yaml) ? yaml : `listen: 127.0.0.1:0\n${yaml}`);
  const log: string[] = [];
  const config = loadConfig({ file, env: {}, cwd: folder });
  const daemon = await startDaemon(config, { log: (level, text) => log.push(`${level} ${text}`) });
  const url = daemon.urls[0] as string;
  return {
    daemon,
    url,
    port: Number(new URL(url).port),
    folder,
    log,
    async filed() {
      await daemon.close();
      return exchangesIn(join(folder, "captures"));
    },
    async close() {
      await daemon.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function exchangesIn(folder: string): FiledExchange[] {
  const found: FiledExchange[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!/^\d{4}-\d\d-\d\d.*\.jsonl$/.test(entry.name)) continue;
    for (const line of readFileSync(join(entry.parentPath, entry.name), "utf8").split("\n")) {
      if (line.startsWith('{"type":"exchange"')) found.push(JSON.parse(line));
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One connection, with everything that came over it so far. */
export class RawPeer {
  readonly socket: Socket;
  /** `end` (FIN), `reset` (RST) or null while open. */
  closed: "end" | "reset" | null = null;
  private bytes = Buffer.alloc(0);
  private wakers: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake();
    });
    socket.on("end", () => {
      this.closed ??= "end";
      this.wake();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") this.closed = "reset";
    });
    socket.on("close", () => {
      this.closed ??= "end";
      this.wake();
    });
  }

  get received(): Buffer {
    return this.bytes;
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  send(data: string | Buffer): void {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Resolves when `condition` holds; rejects after five seconds, telling what had come. */
  async until(condition: (peer: this) => boolean, what: string): Promise<this> {
    const deadline = performance.now() + 5_000;
    while (!condition(this)) {
      const left = deadline - performance.now();
      if (left <= 0) {
        const came = JSON.stringify(this.text.slice(0, 500));
        throw new Error(`${what} did not come; closed: ${this.closed}; came: ${came}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wakers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this;
  }

  untilText(part: string): Promise<this> {
    return this.until((peer) => peer.text.includes(part), JSON.stringify(part));
  }

  untilClosed(): Promise<this> {
    return this.until((peer) => peer.closed !== null, "the close");
  }

  private wake(): void {
    for (const waker of this.wakers.splice(0)) waker();
  }
}

/** A TCP server that hands out its connections one by one. */
export class RawUpstream {
  readonly connections: RawPeer[] = [];
  private readonly server: Server;
  private waiting: (() => void)[] = [];
  private taken = 0;

  private constructor(server: Server) {
    this.server = server;
    server.on("connection", (socket) => {
      this.connections.push(new RawPeer(socket));
      for (const waiter of this.waiting.splice(0)) waiter();
    });
  }

  static async start(): Promise<RawUpstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new RawUpstream(server);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** The next connection that nobody has asked for yet. */
  async next(): Promise<RawPeer> {
    const deadline = performance.now() + 5_000;
    while (this.connections.length <= this.taken) {
      if (performance.now() > deadline) throw new Error("no connection came to the upstream");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.connections[this.taken++] as RawPeer;
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

export async function rawClient(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return new RawPeer(socket);
}

/** A request head and body with the right Host in front. */
export function request(port: number, line: string, headers: string[] = [], body = ""): string {
  const all = [`Host: 127.0.0.1:${port}`, ...headers];
  return `${line} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${body}`;
}
