/**
 * Decides by the bytes how a response body is framed, and takes it apart: one JSON document, or a
 * stream of events as SSE, as bare JSON values, as one JSON array, or as AWS event stream.
 *
 * What always holds: the content type is only a hint for what the bytes leave open, because servers
 * omit it, get it wrong, and answer `stream: true` with plain JSON; never throws.
 */
import { LIMITS } from "../limits.ts";
import { isAwsEventStream, readAwsMessages } from "./aws-event-stream.ts";
import type { StreamEvent } from "./dialect.ts";
import { get, isObject, parseJson, str } from "./json.ts";
import { readJsonValues } from "./json-values.ts";
import { type EventList, readSse } from "./sse.ts";

export type Framing = "json" | "sse" | "json-lines" | "json-array" | "aws-event-stream" | "other";

export interface Framed {
  readonly framing: Framing;
  /** The document, where the framing is json. */
  readonly json: unknown;
  /** The events, where it is a stream. */
  readonly events: StreamEvent[];
  /** Whether `[DONE]` came. */
  readonly done: boolean;
  readonly notes: string[];
}

const OTHER: Framed = { framing: "other", json: undefined, events: [], done: false, notes: [] };
const SSE_LINE = /^(?:\ufeff)?\s*(?:(?:data|event|id|retry)(?::|[\r\n])|:)/;

/**
 * @param bytes the decoded body
 * @param contentType its content type, or null
 * @param ends byte offset after each chunk as it arrived; empty where not known
 */
export function frame(
  bytes: Uint8Array,
  contentType: string | null,
  ends: readonly number[],
): Framed {
  const start = firstInk(bytes);
  if (start < 0) return OTHER;
  const first = bytes[start]!;
  if (first === 123 || first === 91) return frameJson(bytes, ends, start);
  const type = (contentType ?? "").toLowerCase();
  if (type.includes("vnd.amazon.eventstream") || isAwsEventStream(bytes)) {
    return frameAws(bytes, ends);
  }
  const head = textOf(bytes, 0, start + 64);
  if (SSE_LINE.test(head) || type.includes("event-stream")) {
    return stream("sse", readSse(bytes, ends));
  }
  const text = textOf(bytes, start, start + 32);
  if (type.includes("json") && !text.startsWith("<")) {
    const parsed = parseJson(utf8(bytes));
    if (parsed.ok) return { ...OTHER, framing: "json", json: parsed.value };
    return { ...OTHER, notes: [`response body ${parsed.why}`] };
  }
  return OTHER;
}

function textOf({ buffer, byteOffset, length }: Uint8Array, start: number, end: number): string {
  return Buffer.from(buffer, byteOffset, length).toString("utf8", start, end);
}

/** Index of the first byte that is no white space and no byte order mark; -1 where all is blank. */
function firstInk(bytes: Uint8Array): number {
  let i = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (i < bytes.length && bytes[i]! <= 32 && bytes[i]! !== 0) i++;
  return i < bytes.length ? i : -1;
}

/** The text without a byte order mark, which JSON.parse does not take. */
export function utf8(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function frameJson(bytes: Uint8Array, ends: readonly number[], start: number): Framed {
  const whole = parseJson(utf8(bytes));
  if (whole.ok && isLoneEvent(whole.value)) {
    const event: StreamEvent = {
      name: null,
      data: whole.value,
      chunk: Math.max(0, ends.length - 1),
    };
    return stream("json-lines", { events: [event], done: false, foreign: 0, cut: false });
  }
  if (whole.ok && !isEventArray(whole.value)) {
    return { ...OTHER, framing: "json", json: whole.value };
  }
  const read = readJsonValues(bytes, ends);
  const framing = bytes[start] === 91 ? "json-array" : "json-lines";
  // A lone torn document is no stream: say what is wrong with it.
  if (read.events.length === 0) {
    return { ...OTHER, notes: [`response body ${whole.ok ? "is empty" : whole.why}`] };
  }
  return stream(framing, read);
}

/** A WebSocket turn of the Responses API that was answered by one message. */
function isLoneEvent(value: unknown): boolean {
  return /^response\./.test(str(value, "type") ?? "");
}

/** Gemini's stream without `alt=sse`: an array of responses (or of one error). */
function isEventArray(value: unknown): boolean {
  const keys = ["candidates", "usageMetadata", "promptFeedback", "response", "error"];
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isObject(item) && keys.some((key) => get(item, key) !== undefined))
  );
}

function stream(framing: Framing, read: EventList): Framed {
  const given = read.foreign >= LIMITS.foreignEventCount ? "; the rest is not read" : "";
  const notes =
    read.foreign > 0 ? [`${read.foreign} stream events are not JSON that can be read${given}`] : [];
  if (read.cut) notes.push(`more events than any API sends: only ${read.events.length} are read`);
  return { framing, json: undefined, events: read.events, done: read.done, notes };
}

function frameAws(bytes: Uint8Array, ends: readonly number[]): Framed {
  const { messages, notes } = readAwsMessages(bytes);
  const events: StreamEvent[] = [];
  let chunk = 0;
  for (const { headers, payload, end } of messages) {
    while (chunk < ends.length - 1 && ends[chunk]! < end) chunk++;
    const parsed = parseJson(payload.toString("utf8"));
    const kind = headers.get(":message-type");
    const name = headers.get(":event-type") ?? headers.get(":exception-type") ?? null;
    const data = parsed.ok ? unwrapInvoke(parsed.value) : undefined;
    if (kind === "exception" || kind === "error") {
      const type = name ?? headers.get(":error-code") ?? "exception";
      const said = str(data, "message") ?? headers.get(":error-message") ?? payload.toString();
      events.push({ name: "exception", data: { error: { type, message: said } }, chunk });
    } else if (data === undefined) notes.push("an event stream payload is not JSON");
    else events.push({ name, data, chunk });
  }
  return { framing: "aws-event-stream", json: undefined, events, done: false, notes };
}

/** `invoke-with-response-stream` wraps the model's own event as base64 in `{"bytes": …}`. */
function unwrapInvoke(value: unknown): unknown {
  const inner = str(value, "bytes");
  if (inner === null) return value;
  const parsed = parseJson(Buffer.from(inner, "base64").toString("utf8"));
  return parsed.ok ? parsed.value : undefined;
}
