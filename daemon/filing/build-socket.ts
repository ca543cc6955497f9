/**
 * From what the spool holds of a WebSocket to the records of its turns: one exchange for each
 * `response.create` of the client, with the messages of its answer as chunks; one for the whole
 * socket where it carries something else.
 *
 * Invariants: only decompressed messages are stored, since nothing could be redacted in
 * frames; ids of later turns follow from the first one's, so that filing the same socket again
 * gives the same ids, also where some of its turns were filed while it was open. What cannot be read
 * is named in `decode_error`.
 */
import { createHash } from "node:crypto";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { ChunkMarks } from "../spool/chunk-marks.ts";
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
import { type SocketClose, type SocketFrame, SocketTurns, type Turn } from "./socket-turns.ts";
import { summariseTiming } from "./timing.ts";
import type { SocketMessage } from "./websocket.ts";

/** True where the exchange went over to another protocol. */
export function isSocket(x: SpooledExchange): boolean {
  return x.responseHead?.status === 101;
}

/** A turn of a socket, with what is known of the socket's end where the turn did not come to its own. */
export interface TurnOfSocket {
  readonly turn: Turn;
  /** First close frame; null where none came. */
  readonly close: SocketClose | null;
  /** Why the frames could not be read on; null where they could. */
  readonly problem: string | null;
}

/**
 * The turns of a socket that has ended, one after the other; at least one.
 *
 * @param frames all of the exchange, in the order of the spool
 */
export async function* turnsOf(
  x: SpooledExchange,
  frames: Iterable<SocketFrame>,
  messageBytesMax: number,
): AsyncGenerator<TurnOfSocket> {
  const turns = new SocketTurns(x.responseHead?.headers ?? [], messageBytesMax);
  for (const frame of frames) {
    for (const turn of await turns.take(frame)) yield { turn, close: null, problem: null };
  }
  const rest = turns.rest();
  const { close, problem } = turns;
  if (rest !== null) yield { turn: rest, close, problem };
}

/** Builds the record of one turn. Throws where it must not be filed: see redact.ts. */
export function buildTurn(
  x: SpooledExchange,
  { turn, close, problem }: TurnOfSocket,
  tools: BuildTools,
): BuiltRecord {
  const { begin } = x;
  if (begin === null) throw new Error(`exchange ${x.key} has no beginning`);
  const { index, request } = turn;
  const moments = [request, turn.messages[0]].flatMap((message) => message?.at ?? []);
  const startMs = index === 0 ? 0 : Math.min(x.lastAt, ...moments);
  const end = endOf(x, turn, close, problem);
  const clean = tools.redact({
    begin: index === 0 ? begin : { ...begin, ...laterStart(begin, index, startMs) },
    request: request?.bytes ?? null,
    requestTrailers: [],
    head: x.responseHead,
    response: null,
    chunks: turn.messages.map((message) => wrapped(message, startMs)),
    framed: false,
    responseTrailers: [],
    error: end.error,
  });
  const events = { ...clean, begin: { ...clean.begin, method: "POST" }, head: EVENT_HEAD };
  const understood = understandSafely(request === null ? clean : events, tools);
  const chunks = (clean.chunks ?? []).map(unwrapped);
  const line = lineOf(x, clean, understood);
  const arrivals = new ChunkMarks();
  for (const [ms, bytes, from] of chunks) if (from !== "client") arrivals.add(bytes.length, ms);
  // The times of the socket are those of a turn only where it is all there was.
  const whole = index === 0 && request === null ? x.end : null;
  const timing = summariseTiming(arrivals, whole, arrivals.lastMs ?? 0, understood.firstTokenMs);
  const verbatim = x.end?.verbatim ?? x.responseHead?.verbatim ?? false;
  return {
    line: { ...line, timing, outcome: end.outcome, verbatim },
    request: clean.request && { ...PLAIN, bytes: clean.request },
    response: chunks.length === 0 ? null : { ...PLAIN, chunks, decodeError: problem },
    assembled: assembledOf(understood, clean),
  };
}

interface TurnEnd {
  readonly outcome: ExchangeLine["outcome"];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Codes of a close that nobody has to be told of: normal, going away, none given. */
const QUIET_CODES: readonly number[] = [1000, 1001, 1005];

function endOf(
  { end }: SpooledExchange,
  { ended, request }: Turn,
  close: SocketClose | null,
  problem: string | null,
): TurnEnd {
  if (ended) return { outcome: "complete", error: null };
  if (end === null) return { outcome: "interrupted", error: INTERRUPTED };
  const broken = problem === null ? null : { code: "record-incomplete", message: problem };
  const gone = end.outcome === "client_aborted" || end.outcome === "upstream_aborted";
  if (close === null || !gone) return { outcome: end.outcome, error: end.error ?? broken };
  const { by, code } = close;
  if (request === null && QUIET_CODES.includes(code)) return { outcome: "complete", error: broken };
  const message = `the ${by} closed the WebSocket with code ${code}`;
  return by === "client"
    ? { outcome: "client_aborted", error: { code: "client-gone", message } }
    : { outcome: "upstream_aborted", error: { code: "upstream-aborted", message } };
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

/**
 * The message again. A secret that began in the message before, or goes on in the next one, has
 * taken what stood between them along: then there is less to take off.
 */
function unwrapped([ms, event, from]: TimedBytes): TimedBytes {
  const start = event.subarray(0, PREFIX.length).equals(PREFIX) ? PREFIX.length : 0;
  const rest = event.subarray(start);
  const bytes = rest.subarray(-SUFFIX.length).equals(SUFFIX)
    ? rest.subarray(0, -SUFFIX.length)
    : rest;
  return from === undefined ? [ms, bytes] : [ms, bytes, from];
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
