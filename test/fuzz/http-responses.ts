/**
 * Answers, sound and damaged, read by llhttp's client through the byte path and without it.
 *
 * The property: an answer that the byte path hands on as whole is one that llhttp reads as whole, with
 * the same status, headers, body and trailers; what llhttp calls broken or unfinished is a 502 or a
 * break behind the byte path. And whatever came, the next call gets its own answer.
 */
import {
  forwardInterimHeaders,
  forwardResponseHeaders,
  forwardTrailers,
} from "../../daemon/proxy/headers.ts";
import { Draw } from "./draw.ts";
import type { Tally } from "./http-requests.ts";
import { llhttpClient, type ReadAnswer, startStage } from "./http-stage.ts";
import { MemorySocket, settle } from "./memory-socket.ts";

const STATUSES = [
  ...[
    "200",
    "200",
    "200",
    "200",
    "200",
    "204",
    "304",
    "205",
    "206",
    "301",
    "404",
    "413",
    "429",
    "500",
  ],
  ...["599", "101", "999", "099", "20x", "2000", "20", "-200"],
];
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
  "1.1 ",
  "0.9",
];
const EXTRAS: readonly (readonly [string, string])[] = [
  ["Connection", "close"],
  ["Connection", "keep-alive"],
  ["Connection", "X-A"],
  ["Connection", "content-length, transfer-encoding"],
  ["Keep-Alive", "timeout=5"],
  ["Upgrade", "h2c"],
  ["Trailer", "X-T"],
  ["X-A", "b"],
  ["Set-Cookie", "\xe9\tc"],
  ["Proxy-Connection", "keep-alive"],
];

interface Script {
  readonly method: string;
  readonly pieces: readonly string[];
  readonly close: "none" | "end" | "reset";
  /** Comes when the connection is asked again, in front of that answer. */
  readonly late: string;
}

/** A body that was announced where none may be, and comes late. */
function drawLate(draw: Draw): Script {
  const status = draw.pick(["204", "304", "304", "200"]);
  const late = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden";
  const framing = draw.pick([`Content-Length: ${late.length}`, "Transfer-Encoding: chunked"]);
  const pieces = draw.cut(`HTTP/1.1 ${status} A\r\nETag: a\r\n${framing}\r\n\r\n`);
  return { method: status === "200" ? "HEAD" : "GET", pieces, close: "none", late };
}

export function drawScript(draw: Draw): Script {
  if (draw.chance(0.03)) return drawLate(draw);
  const method = draw.pick(["GET", "GET", "POST", "POST", "HEAD"]);
  let stream = "";
  while (draw.chance(0.2)) stream += drawInterim(draw);
  const hidden = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden";
  const body = draw.pick(["", "hello", hidden, `0\r\n\r\n${hidden}`, "data: 1\n\ndata: 2\n\n"]);
  const { headers, wire } = draw.framing(body, []);
  while (draw.chance(0.3)) headers.splice(draw.below(2), 0, draw.header(...draw.pick(EXTRAS)));
  const reason = draw.pick([" OK", " OK", " OK", "", " ", " Odd  \tReason", " \xe9", " \0", "  "]);
  const first = `HTTP/${draw.pick(VERSIONS)} ${draw.pick(STATUSES)}${reason}`;
  stream += [first, ...headers].map((line) => line + draw.lineEnd(0.01)).join("");
  stream += draw.lineEnd(0.01) + wire;
  if (draw.chance(0.1)) stream += draw.pick([hidden, "\r\n", "x", "0\r\n\r\n"]);
  if (draw.chance(0.1)) stream = stream.slice(0, draw.below(stream.length));
  const close = draw.pick(["none", "end", "end", "reset"] as const);
  return { method, pieces: draw.cut(draw.damage(stream)), close, late: "" };
}

function drawInterim(draw: Draw): string {
  const headers = draw.chance(0.5) ? [draw.header("Link", "a")] : [];
  while (draw.chance(0.3)) {
    const name = draw.pick(["Content-Length", "Connection", "Transfer-Encoding", "X-A"]);
    headers.push(draw.header(name, draw.pick(["5", "0", "X-A", "chunked"])));
  }
  const first = `HTTP/${draw.chance(0.05) ? "1.0" : "1.1"} ${draw.pick(["100", "102", "103", "103", "199"])} Wait`;
  return `${[first, ...headers].map((line) => line + draw.lineEnd(0.01)).join("")}${draw.lineEnd(0.01)}`;
}

/** Runs the case of `seed`; throws Error where the property does not hold. */
export async function checkResponses(seed: number, tally: Tally): Promise<void> {
  const script = drawScript(new Draw(seed));
  const [near, far] = MemorySocket.pair();
  perform(far, script);
  const direct = llhttpClient(near, script.method, "/first");
  await settle();
  const wanted = direct.answer();
  direct.end();

  const stage = startStage((upstream) => perform(upstream, script));
  const client = llhttpClient(stage.connect(), script.method, "/up/first");
  await settle(16);
  const got = client.answer();
  client.end();
  const next = llhttpClient(stage.connect(), "GET", "/up/second");
  await settle();
  const second = next.answer();
  next.end();
  await stage.close();

  if (stage.faults.length > 0) throw new Error(`a fault of our own: ${stage.faults[0]}`);
  if (second.message?.body !== "GET /second") {
    throw new Error(`the next call got ${JSON.stringify(second)}`);
  }
  compare(got, wanted, tally);
}

/** Plays the script to the first call on a connection; later ones get what they asked for back. */
function perform(upstream: MemorySocket, script: Script): void {
  let asked = "";
  let played = false;
  upstream.on("data", (chunk: Buffer) => {
    asked += chunk.toString("latin1");
    const end = asked.indexOf("\r\n\r\n");
    if (end === -1) return;
    const [line] = asked.split(" HTTP");
    asked = "";
    if (line?.endsWith("/first")) {
      if (played) return;
      played = true;
      for (const piece of script.pieces) upstream.write(Buffer.from(piece, "latin1"));
      if (script.close === "end") upstream.end();
      // Behind what was written, as the kernel would do it if it were kind.
      if (script.close === "reset") setImmediate(() => upstream.resetAndDestroy());
    } else if (line !== undefined) {
      if (played) upstream.write(script.late);
      upstream.write(`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`);
    }
  });
}

function compare(got: ReadAnswer, wanted: ReadAnswer, tally: Tally): void {
  tally.cases++;
  if (got.behind) throw new Error("the client gets bytes behind the end of its answer");
  const ours = got.message?.headers.some((header) => header === "x-callnumber-error") ?? false;
  if (got.end !== "complete" || ours) {
    if (wanted.end === "complete") tally.stricter++;
    return;
  }
  const seen = JSON.stringify({ ...plain(got), interim: got.interim });
  const expected = JSON.stringify({ ...plain(wanted), interim: wanted.interim.map(interim) });
  if (wanted.end !== "complete" || seen !== expected) {
    throw new Error(`the client reads ${seen}\nand llhttp (${wanted.end}) ${expected}`);
  }
  tally.passed++;
}

/** Without the headers that are each connection's own, and trailers as they may go on. */
function plain({ message }: ReadAnswer) {
  if (message === null) return {};
  const framing = /^(?:date|content-length|trailer)$/i;
  const headers: string[] = [];
  const forwarded = forwardResponseHeaders(message.headers);
  for (let i = 0; i < forwarded.length; i += 2) {
    if (!framing.test(forwarded[i] as string)) headers.push(`${forwarded[i]}: ${forwarded[i + 1]}`);
  }
  const trailers = forwardTrailers(message.trailers);
  return { start: message.start, headers, body: message.body, trailers };
}

function interim(one: string): string {
  const [status, ...rest] = one.split(" ");
  const raw = rest.join(" ");
  return `${status} ${forwardInterimHeaders(raw === "" ? [] : raw.split("|")).join("|")}`;
}
