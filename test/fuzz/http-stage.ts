/**
 * The byte path in memory: its real server and its real pool of upstream connections, between ends
 * that a test holds; and node:http (llhttp), which reads the same bytes without it.
 */
import http, { type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { loadConfig } from "../../daemon/config/load.ts";
import type { UpstreamConfig } from "../../daemon/config/types.ts";
import { ClientConnection } from "../../daemon/proxy/client-connection.ts";
import { Http1Upstream } from "../../daemon/proxy/http1-upstream.ts";
import { ProxyServer } from "../../daemon/proxy/proxy-server.ts";
import { makeRuntime } from "../../daemon/proxy/runtime.ts";
import { MemorySocket } from "./memory-socket.ts";

const RULES = {
  isHeader: () => false,
  mask: (_name: string, value: string) => value,
  maskWithin: (_name: string, value: string) => value,
  maskUrl: (url: string) => url,
  live: () => [],
  seal: () => "",
};

/** A daemon's byte path whose one upstream is `up`. `accept` gets each connection to it. */
export function startStage(accept: (upstream: MemorySocket) => void) {
  const entry = {
    ...structuredClone(config.upstreams.openai),
    name: "up",
    url: { protocol: "http:", hostname: "127.0.0.1", port: 80, basePath: "" },
    headers: {},
  } as unknown as UpstreamConfig;
  const dial = (_config: UpstreamConfig, _session?: Buffer, read?: (bytes: Buffer) => void) => {
    const [near, far] = MemorySocket.pair();
    near.on("data", (bytes: Buffer) => read?.(bytes));
    setImmediate(() => near.emit("connect"));
    accept(far);
    return near.asSocket;
  };
  const runtime = makeRuntime(
    { ...config, upstreams: { up: entry } },
    RULES,
    (one) => new Http1Upstream(one, dial),
    null,
  );
  const faults: string[] = [];
  const proxy = new ProxyServer({
    sink: { append: () => true, appendGroup: () => true, appendAll: () => {} },
    runtime,
    ownRoutes: {},
    durable: null,
    recorded: () => {},
    log: (_level, message) => faults.push(message),
  });
  return {
    /** What the daemon itself calls a fault of its own. */
    faults,
    /** A client's end of a new connection. */
    connect(): MemorySocket {
      const [near, far] = MemorySocket.pair();
      new ClientConnection(far.asSocket, proxy);
      return near;
    },
    close: () => proxy.close(0),
  };
}

const config = loadConfig({ env: {}, cwd: "/" });

/** A message as llhttp reads it. */
export interface ReadMessage {
  readonly start: string;
  readonly headers: string[];
  readonly body: string;
  readonly trailers: string[];
}

/** An llhttp server: hands over sockets, tells what it reads, answers with what it has read. */
export function llhttpServer(
  read: (message: ReadMessage) => void,
  refused: (code: string) => void = () => {},
): (socket: Socket) => void {
  const options = { insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 70_000 };
  const server = http.createServer({ ...options, connectionsCheckingInterval: 2 ** 30 });
  server.timeout = server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0;
  const handle = async (request: IncomingMessage, response: http.ServerResponse) => {
    const message = await readAll(`${request.method} ${request.url}`, request);
    if (message === null) return;
    read(message);
    response.setHeader("x-read", message.start.replace(/[^\x21-\x7e]/g, "_"));
    response.end(request.url);
  };
  server.on("request", handle);
  server.on("checkExpectation", handle);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    refused(error.code ?? "");
    socket.destroy();
  });
  return (socket) => server.emit("connection", socket);
}

/** Null where the message did not come to its end. */
async function readAll(start: string, message: IncomingMessage): Promise<ReadMessage | null> {
  const body: Buffer[] = [];
  message.on("data", (chunk: Buffer) => body.push(chunk));
  await new Promise((resolve) => message.on("close", resolve).on("end", resolve));
  if (!message.complete) return null;
  return {
    start,
    headers: message.rawHeaders,
    body: Buffer.concat(body).toString("latin1"),
    trailers: message.rawTrailers,
  };
}

export interface ReadAnswer {
  /** `waiting`: neither its end nor a break has come. */
  readonly end: "complete" | "broken" | "waiting";
  readonly message: ReadMessage | null;
  readonly interim: readonly string[];
  /** Something came behind the end of the answer. */
  readonly behind: boolean;
}

/** Asks with llhttp's client over `socket`; `answer` says at any time what has been read. */
export function llhttpClient(
  socket: MemorySocket,
  method: string,
  path: string,
): { answer(): ReadAnswer; end(): void } {
  let answer: ReadAnswer = { end: "waiting", message: null, interim: [], behind: false };
  const interim: string[] = [];
  const over = (end: ReadAnswer["end"], message: ReadMessage | null) => {
    if (answer.end === "waiting") answer = { ...answer, end, message, interim: [...interim] };
  };
  const request = http.request({
    method,
    path,
    host: "127.0.0.1",
    createConnection: () => socket.asSocket,
    insecureHTTPParser: false,
    maxHeaderSize: 70_000,
    headers: method === "POST" ? { "content-length": 2 } : {},
  });
  request.on("information", (one: { statusCode: number; rawHeaders: string[] }) => {
    interim.push(`${one.statusCode} ${one.rawHeaders.join("|")}`);
  });
  let whole: () => boolean = () => false;
  request.on("response", async (response) => {
    response.on("error", () => {});
    whole = () => response.complete;
    const message = await readAll(`${response.statusCode} ${response.statusMessage}`, response);
    over(message === null ? "broken" : "complete", message);
  });
  request.on("upgrade", () => over("broken", null));
  // Of what comes behind an answer llhttp complains too.
  request.on("error", () => {
    if (whole()) answer = { ...answer, behind: true };
    else over("broken", null);
  });
  request.end(method === "POST" ? "{}" : "");
  return {
    answer: () => (answer.end === "waiting" ? { ...answer, interim: [...interim] } : answer),
    end: () => {
      socket.destroy();
      request.destroy();
    },
  };
}
