/**
 * Streams of requests, sound and damaged, sent through the byte path and to llhttp.
 *
 * The property: what the upstream reads behind the byte path, llhttp reads in the client's own bytes,
 * in the same order with the same bodies; so nothing that is a body to one is a request to the other.
 */
import { forwardRequestHeaders, forwardTrailers } from "../../daemon/proxy/headers.ts";
import { Draw } from "./draw.ts";
import { llhttpServer, type ReadMessage, startStage } from "./http-stage.ts";
import { MemorySocket, settle } from "./memory-socket.ts";

export interface Tally {
  cases: number;
  /** Messages that crossed the byte path whole. */
  passed: number;
  /** Messages that llhttp reads and the byte path does not let through. */
  stricter: number;
}

export function newTally(): Tally {
  return { cases: 0, passed: 0, stricter: 0 };
}

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PROPFIND", "CONNECT"];
const VERSIONS = [
  "1.1",
  "1.1",
  "1.1",
  "1.1",
  "1.1",
  "1.1",
  "1.0",
  "1.0",
  "1.2",
  "2.0",
  "0.9",
  "1.1 ",
];
const EXTRAS: readonly (readonly [string, string])[] = [
  ["Connection", "close"],
  ["Connection", "keep-alive"],
  ["Connection", "Upgrade, HTTP2-Settings"],
  ["Upgrade", "h2c"],
  ["Connection", "content-length"],
  ["Connection", "transfer-encoding"],
  ["Expect", "100-continue"],
  ["Expect", "else"],
  ["TE", "trailers"],
  ["Trailer", "X-T"],
  ["X-A", "b"],
  ["X-A", "\xe9\tc"],
  ["Host", "evil.example"],
  ["X-Callnumber-Token", "t"],
  ["Content_Length", "7"],
  ["Transfer_Encoding", "chunked"],
];

/** One stream of up to four requests; what is in a body looks like requests too. */
export function drawRequests(draw: Draw): string {
  let stream = "";
  for (let i = 0, count = 1 + draw.below(4); i < count; i++) stream += drawRequest(draw, i);
  return draw.damage(stream);
}

function drawRequest(draw: Draw, index: number): string {
  const method = draw.chance(0.4) ? "POST" : draw.pick(METHODS);
  const body = method === "GET" && draw.chance(0.7) ? "" : drawBody(draw, index);
  const { headers, wire } = draw.framing(body, []);
  headers.unshift(draw.header("Host", "localhost"));
  while (draw.chance(0.3)) headers.splice(draw.below(3), 0, draw.header(...draw.pick(EXTRAS)));
  const first = `${method} /up/${index}${draw.chance(0.02) ? draw.pick([" ", "\t", "é", "\0"]) : ""} HTTP/${draw.pick(VERSIONS)}`;
  const lead = draw.chance(0.05) ? draw.pick(["\r\n", "\n", "\r\n\r\n", " "]) : "";
  const head = [first, ...headers].map((line) => line + draw.lineEnd(0.01)).join("");
  return `${lead}${head}${draw.lineEnd(0.01)}${wire}`;
}

function drawBody(draw: Draw, index: number): string {
  if (draw.chance(0.3)) return "hello".slice(draw.below(5));
  const hidden = `GET /up/hidden-${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  return draw.pick([
    hidden,
    `0\r\n\r\n${hidden}`,
    `\r\n${hidden}`,
    `3\r\nabc\r\n0\r\n\r\n${hidden}`,
  ]);
}

/** Runs the case of `seed`; throws Error where the property does not hold. */
export async function checkRequests(seed: number, tally: Tally): Promise<void> {
  const draw = new Draw(seed);
  const stream = drawRequests(draw);
  const cut = draw.cut(stream);
  const direct: ReadMessage[] = [];
  const behind: ReadMessage[] = [];

  const [near, far] = MemorySocket.pair();
  let foreignMethod = false;
  llhttpServer(
    (message) => direct.push(message),
    (code) => {
      foreignMethod = code === "HPE_INVALID_METHOD";
    },
  )(far.asSocket);
  // Byte by byte: Node drops what came together with an upgrade that it does not follow.
  await send(near, [...stream]);
  const serve = llhttpServer((message) => behind.push(message));
  const stage = startStage((upstream) => serve(upstream.asSocket));
  await send(stage.connect(), cut);
  await stage.close();

  if (stage.faults.length > 0) throw new Error(`a fault of our own: ${stage.faults[0]}`);
  const wanted = direct.map(expected);
  let from = 0;
  for (const one of behind.map((message) => JSON.stringify(message))) {
    const at = wanted.indexOf(one, from);
    // llhttp reads on behind no method that it does not know; to us any token is one.
    if (at === -1 && foreignMethod && from === wanted.length) break;
    if (at === -1) throw new Error(`the upstream reads ${one}\nand llhttp ${wanted.join("\n")}`);
    from = at + 1;
  }
  tally.cases++;
  tally.passed += behind.length;
  tally.stricter += direct.length - behind.length;
}

async function send(socket: MemorySocket, pieces: readonly string[]): Promise<void> {
  socket.resume();
  for (const piece of pieces) socket.write(Buffer.from(piece, "latin1"));
  await settle();
  socket.destroy();
  await settle(2);
}

/** What the upstream has to read, given what llhttp reads in the client's bytes. */
function expected({ start, headers, body, trailers }: ReadMessage): string {
  const chunked = headers.some((header) => /^transfer-encoding$/i.test(header));
  const forwarded = forwardRequestHeaders(headers, {
    host: "127.0.0.1",
    replace: {},
    body: chunked ? "chunked" : "none",
    upgrade: false,
    hop: null,
  });
  return JSON.stringify({
    start: start
      .replace(/^(\S+ )\/up(?=$|[/?])/, "$1")
      .replace(/ $/, " /")
      .replace(/ \?/, " /?"),
    headers: forwarded,
    body,
    trailers: forwardTrailers(trailers),
  });
}
