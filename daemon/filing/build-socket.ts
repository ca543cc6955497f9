/**
 * From what the spool holds of a WebSocket to the records of its turns: one exchange for each
 * `response.create` of the client, with the messages of its answer as chunks; one for the whole
 * socket where it carries something else.
 *
 * What always holds: only decompressed messages are stored, since nothing could be redacted in
 * frames; ids of later turns follow from the first one's, so that filing the same socket again
 * gives the same ids. What cannot be read is named in `decode_error`.
 */
import { createHash } from "node:crypto";
import type { ExchangeLine } from "../../record/format/schema.ts";
import type { Extents } from "../spool/extents.ts";
import {
  assembledOf,
  type BuildTools,
  type BuiltRecord,
  INTERRUPTED,
  lineOf,
  type StoredForm,
  understandSafely,
} from "./build-record.ts";
import type { SpooledExchange } from "./open-exchanges.ts";
import type { TimedBytes } from "./redact.ts";
import { summariseTiming } from "./timing.ts";
import { readSocketSide, type SocketChunk, type SocketMessage, splitTurns } from "./websocket.ts";

/** True where the exchange went over to another protocol. */
export function isSocket(x: SpooledExchange): boolean {
  return x.responseHead?.status === 101;
}

/** The records of a socket, in the order of their starts; at least one. */
export async function buildSocket(x: SpooledExchange, tools: BuildTools): Promise<BuiltRecord[]> {
  const headers = x.responseHead?.headers ?? [];
  const value = headers.find(([name]) => name.toLowerCase() === "sec-websocket-extensions")?.[1];
  const options = { extensions: value ?? null, messageBytesMax: tools.decodeLimitBytes };
  const side = (extents: Extents, from: SocketMessage["from"]) =>
    readSocketSide(chunksIn(extents, tools), { from, ...options });
  const sent = await side(x.clientFrames, "client");
  const came = await side(x.upstreamFrames, "upstream");
  const problem = sent.problem ?? came.problem;
  const turns = turnsOf([...sent.messages, ...came.messages]);
  return turns.map((turn, i) => buildTurn(x, tools, turn, i, i === turns.length - 1, problem));
}

interface Turn {
  readonly request: SocketMessage | null;
  readonly messages: SocketMessage[];
}

function* chunksIn(extents: Extents, tools: BuildTools): Generator<SocketChunk> {
  const whole = tools.bytes.read(extents, tools.bodyLimitBytes);
  let from = 0;
  for (let i = 0; i < extents.count && from < whole.length; i++) {
    const { at, bytes } = extents.at(i);
    yield { at, bytes: whole.subarray(from, from + bytes) };
    from += bytes;
  }
}

/** Every message belongs to the turn that was running, or to the first one. */
function turnsOf(messages: readonly SocketMessage[]): Turn[] {
  const { turns, others } = splitTurns(messages);
  const first: Turn = { request: null, messages: [] };
  const all: Turn[] = turns.map(({ request, answer }) => ({ request, messages: [...answer] }));
  if (all.length === 0) all.push(first);
  for (const message of others) {
    const turn = all.findLast(({ request }) => (request?.at ?? 0) <= message.at) ?? all[0] ?? first;
    turn.messages.push(message);
  }
  for (const turn of all) turn.messages.sort((a, b) => a.at - b.at);
  return all;
}

const TERMINAL = /"type"\s*:\s*"(?:response\.(?:completed|failed|incomplete|cancelled)|error)"/;

function buildTurn(
  x: SpooledExchange,
  tools: BuildTools,
  turn: Turn,
  index: number,
  isLast: boolean,
  problem: string | null,
): BuiltRecord {
  const { begin } = x;
  if (begin === null) throw new Error(`exchange ${x.key} has no beginning`);
  const startMs = turn.request?.at ?? 0;
  const answered = turn.messages.some(({ bytes }) => TERMINAL.test(bytes.toString("latin1")));
  const ended = answered || !isLast;
  const failure = x.end === null ? INTERRUPTED : x.end.error;
  const clean = tools.redact({
    begin: index === 0 ? begin : { ...begin, ...laterStart(begin, index, startMs) },
    request: turn.request?.bytes ?? null,
    requestTrailers: [],
    head: x.responseHead,
    response: null,
    chunks: turn.messages.map((message) => wrapped(message, index === 0 ? 0 : startMs)),
    framed: false,
    responseTrailers: [],
    error: ended ? null : failure,
  });
  const events = { ...clean, begin: { ...clean.begin, method: "POST" }, head: EVENT_HEAD };
  const understood = understandSafely(turn.request === null ? clean : events, tools);
  const chunks = (clean.chunks ?? []).map(unwrapped);
  const line = lineOf(x, clean, understood);
  return {
    line: { ...line, ...ending(x, line, chunks, ended, understood.firstTokenMs, index) },
    request: clean.request && { ...PLAIN, bytes: clean.request },
    response:
      chunks.length === 0 ? null : { ...PLAIN, chunks, decodeError: isLast ? problem : null },
    assembled: assembledOf(understood, clean),
  };
}

const PLAIN: StoredForm = {
  bytes: null,
  chunks: null,
  encoding: null,
  decodeError: null,
  wire: null,
  truncated: false,
};

/** Under which the messages are the events that they would be over HTTP. */
const EVENT_HEAD = {
  status: 200,
  reason: "",
  http: "1.1",
  headers: [["content-type", "text/event-stream"]],
} as const;

/** As an event, so that a secret split over two messages is found as in any stream. */
function wrapped({ at, bytes, from }: SocketMessage, startMs: number): TimedBytes {
  const event = Buffer.concat([PREFIX, bytes, SUFFIX]);
  return from === "client" ? [at - startMs, event, "client"] : [at - startMs, event];
}
const PREFIX = Buffer.from("data: ");
const SUFFIX = Buffer.from("\n\n");

function unwrapped([ms, event, from]: TimedBytes): TimedBytes {
  const bytes = event.subarray(PREFIX.length, event.length - SUFFIX.length);
  return from === undefined ? [ms, bytes] : [ms, bytes, from];
}

function ending(
  x: SpooledExchange,
  line: ExchangeLine,
  chunks: readonly TimedBytes[],
  ended: boolean,
  firstTokenMs: number | null,
  index: number,
): Partial<ExchangeLine> {
  const arrivals = chunks.filter(([, , from]) => from !== "client").map(([ms]) => ms);
  const timing = summariseTiming(
    arrivals,
    index === 0 ? x.end : null,
    arrivals.at(-1) ?? 0,
    firstTokenMs,
  );
  return { timing, outcome: ended ? "complete" : line.outcome };
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Id and start of the turn that began `ms` after its socket: a ULID of that moment. */
function laterStart(
  { id, started }: { id: string; started: string },
  index: number,
  ms: number,
): { id: string; started: string } {
  const time = new Date(Date.parse(started) + ms);
  let left = Math.max(0, time.getTime());
  let head = "";
  for (let i = 0; i < 10; i++) {
    head = (ALPHABET[left % 32] ?? "0") + head;
    left = Math.floor(left / 32);
  }
  const digest = createHash("sha256").update(`${id} ${index}`).digest();
  const tail = Array.from(digest.subarray(0, 16), (byte) => ALPHABET[byte & 31]).join("");
  return { id: head + tail, started: time.toISOString() };
}
