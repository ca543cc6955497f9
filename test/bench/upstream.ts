/**
 * The upstream that all contenders of the benchmark talk to: a process of its own that speaks just
 * enough HTTP/1.1 over raw sockets to cost little, so that what is measured is the proxy.
 *
 * What always holds: the answer depends only on `?shape=` in the request's target; each event of a
 * stream carries the monotonic time, in microseconds, at which it was written (`at`), which the
 * load generator compares with its own clock (one machine, one clock). Requests need a
 * content-length; anything else ends the process, since the numbers would be wrong.
 */
import { createServer, type Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { BURST_EVENTS, PACED_EVENTS, PACED_GAP_MS } from "./scenarios.ts";

const HEADERS = [
  "Date: Mon, 23 Nov 2026 00:00:00 GMT",
  "Server: bench",
  "x-request-id: req_0123456789abcdef0123456789abcdef",
  "openai-processing-ms: 12",
  "x-ratelimit-remaining-requests: 9999",
  "strict-transport-security: max-age=31536000",
].join("\r\n");

const ANSWER = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1795392000,
  model: "bench/small-1",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "All of it was measured on one machine. ".repeat(16) },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 120, completion_tokens: 144, total_tokens: 264 },
});

const PLAIN = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${HEADERS}\r\n` +
    `Content-Length: ${Buffer.byteLength(ANSWER)}\r\n\r\n${ANSWER}`,
);
const STREAM_HEAD = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${HEADERS}\r\n` +
    "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n",
);
const LAST = `${chunk("data: [DONE]\n\n")}0\r\n\r\n`;

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** One delta of a chat completion, stamped with the time. */
function event(): string {
  const at = Number(process.hrtime.bigint() / 1000n);
  return chunk(
    `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1795392000,` +
      `"model":"bench/small-1","choices":[{"index":0,"delta":{"content":" token"},` +
      `"finish_reason":null}],"at":${at}}\n\n`,
  );
}

/** As fast as the loop allows, one event a turn: a model on a fast host. */
function burst(socket: Socket): void {
  let left = BURST_EVENTS;
  socket.write(STREAM_HEAD);
  const next = () => {
    if (socket.destroyed) return;
    socket.write(event(), "latin1");
    if (--left > 0) setImmediate(next);
    else socket.write(LAST, "latin1");
  };
  next();
}

function paced(socket: Socket): void {
  let left = PACED_EVENTS;
  socket.write(STREAM_HEAD);
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    socket.write(event(), "latin1");
    if (--left > 0) return;
    clearInterval(timer);
    socket.write(LAST, "latin1");
  }, PACED_GAP_MS);
}

function answer(socket: Socket, head: string): void {
  const shape = /^POST \S*\?shape=(\w+)/.exec(head)?.[1];
  if (shape === "burst") burst(socket);
  else if (shape === "paced") paced(socket);
  else if (shape === "plain") socket.write(PLAIN);
  else throw new Error(`no such shape: ${head.slice(0, 100)}`);
}

/** Follows one connection from request to request. */
function serve(socket: Socket): void {
  let held: Buffer | null = null;
  let head = "";
  let left = 0;
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    let data = held === null ? bytes : Buffer.concat([held, bytes]);
    held = null;
    while (data.length > 0) {
      if (left === 0) {
        const end = data.indexOf("\r\n\r\n");
        if (end === -1) {
          held = data;
          return;
        }
        head = data.toString("latin1", 0, end);
        left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
        if (!(left > 0)) throw new Error(`a request without content-length: ${head}`);
        data = data.subarray(end + 4);
      }
      const taken = Math.min(left, data.length);
      left -= taken;
      data = data.subarray(taken);
      if (left === 0) answer(socket, head);
    }
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const server = createServer(serve);
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`port ${(server.address() as { port: number }).port}\n`);
  });
}
