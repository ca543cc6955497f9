/**
 * Server-sent events out of recorded bytes (WHATWG HTML, 9.2); each event knows the chunk that
 * completed it. Lines that end with LF are read where they lie (sse-lines.ts); all else is taken
 * apart by the eventsource-parser library, fed chunk by chunk as the bytes arrived.
 *
 * What always holds: CR, LF and CRLF, comments, BOM, `data:` without a space, several data lines,
 * ids, retries and a missing last blank line are all fine; linear in the bytes; never throws.
 */
import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { LIMITS } from "../limits.ts";
import type { StreamEvent } from "./dialect.ts";
import { parseJson } from "./json.ts";
import { hasPlainLines, readPlainLines } from "./sse-lines.ts";

export interface EventList {
  readonly events: StreamEvent[];
  /** Whether `[DONE]` came. */
  readonly done: boolean;
  /** Events whose data is no JSON. */
  readonly foreign: number;
  /** Whether more events came than are read of so many bytes. */
  readonly cut: boolean;
}

/** How many events are read of a body of so many bytes. */
export function mostEvents(bytes: number): number {
  return Math.max(LIMITS.streamEventCount, Math.floor(bytes / LIMITS.streamEventBytes));
}

/**
 * @param bytes the body
 * @param ends byte offset after each chunk, ascending; empty where not known
 */
export function readSse(bytes: Uint8Array, ends: readonly number[]): EventList {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const taken = new Taken(mostEvents(bytes.length));
  const text = buffer.toString("utf8");
  // Text that is no UTF-8 may come out otherwise where a chunk ends in the middle of it.
  if (hasPlainLines(text) && (ends.length <= 1 || isUtf8(buffer))) {
    const chunkAt = chunks(ends, text, buffer.length);
    readPlainLines(text, (name, data, end, oneLine) =>
      taken.take(name, data, chunkAt(end), oneLine),
    );
  } else feedChunks(buffer, ends, taken);
  return taken;
}

/** The events taken so far. */
class Taken implements EventList {
  readonly events: StreamEvent[] = [];
  done = false;
  foreign = 0;
  cut = false;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  take(name: string | null, data: string, chunk: number, oneLine = !data.includes("\n")): void {
    if (data.charCodeAt(0) !== OPEN_OBJECT && data.trim() === "[DONE]") {
      this.done = true;
      return;
    }
    if (this.foreign >= LIMITS.foreignEventCount) return;
    this.cut ||= this.events.length >= this.#most;
    if (this.cut || data === "") return;
    if (oneLine) this.#add(name, jsonOf(data), chunk);
    else for (const value of valuesOf(data)) this.#add(name, value, chunk);
  }

  #add(name: string | null, data: unknown, chunk: number): void {
    if (data === undefined) this.foreign++;
    else this.events.push({ name, data, chunk });
  }
}

const OPEN_OBJECT = 123;

/** Which chunk brought the unit of `text` before an offset; offsets must ascend. */
function chunks(ends: readonly number[], text: string, bytes: number): (end: number) => number {
  if (ends.length <= 1) return () => 0;
  const ascii = text.length === bytes;
  let chunk = 0;
  let reached = ends[0]!;
  let counted = 0;
  let at = 0;
  return (end) => {
    // The body ends in the event: what came last completed it.
    if (end === Number.POSITIVE_INFINITY) return ends.length - 1;
    at += ascii ? end - counted : Buffer.byteLength(text.slice(counted, end));
    counted = end;
    while (reached < at && chunk < ends.length) reached = Math.max(reached, ends[++chunk] ?? 0);
    return chunk;
  };
}

function feedChunks(buffer: Buffer, ends: readonly number[], taken: Taken): void {
  let chunk = 0;
  const parser = createParser({
    onEvent: ({ event, data }) => taken.take(event ?? null, data, chunk),
  });
  if (ends.length <= 1) {
    parser.feed(`${buffer.toString("utf8")}\n\n`);
    return;
  }
  const decoder = new StringDecoder("utf8");
  let start = 0;
  for (; chunk < ends.length && start < buffer.length; chunk++) {
    const end = Math.min(ends[chunk]!, buffer.length);
    if (end > start) parser.feed(decoder.write(buffer.subarray(start, end)));
    start = Math.max(start, end);
  }
  parser.feed(decoder.write(buffer.subarray(start)));
  // The last event may lack its blank line, or even its line end: what came of it counts.
  chunk = Math.max(0, ends.length - 1);
  parser.feed(`${decoder.end()}\n\n`);
}

/** The JSON of an event of one line; undefined where it is none. */
function jsonOf(data: string): unknown {
  const whole = parseJson(data);
  return whole.ok ? whole.value : undefined;
}

/** The same of several lines; several values where a server forgot the blank line between events. */
function valuesOf(data: string): unknown[] {
  // A server that broke a long line wherever it liked: the pieces belong together without "\n".
  // Found out by looking, since a parse that fails is dear.
  const parsed = parseJson(breaksInString(data) ? data.replaceAll("\n", "") : data);
  if (parsed.ok) return [parsed.value];
  const lines = data.split("\n").filter((line) => line.trim() !== "" && line.trim() !== "[DONE]");
  if (lines.every((line) => /^\s*\{.*\}\s*$/s.test(line))) {
    const each = lines.map((line) => parseJson(line));
    if (each.every((value) => value.ok)) return each.map((value) => value.value);
  }
  return [undefined];
}

/** Whether a line break stands inside a JSON string, where none may. */
function breaksInString(data: string): boolean {
  let inside = false;
  for (let i = 0; i < data.length; i++) {
    const c = data.charCodeAt(i);
    if (c === 34) inside = !inside;
    else if (inside && c === 92) i++;
    else if (inside && c === 10) return true;
  }
  return false;
}
