/**
 * Server-sent events out of recorded bytes (WHATWG HTML, 9.2), by the eventsource-parser library,
 * fed chunk by chunk as the bytes arrived so that each event knows the chunk that completed it.
 *
 * What always holds: CR, LF and CRLF, comments, BOM, `data:` without a space, several data lines,
 * ids, retries and a missing last blank line are all fine; linear in the bytes; never throws.
 */
import { StringDecoder } from "node:string_decoder";
import { createParser } from "eventsource-parser";
import { LIMITS } from "../limits.ts";
import type { StreamEvent } from "./dialect.ts";
import { parseJson } from "./json.ts";

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
  const events: StreamEvent[] = [];
  let done = false;
  let foreign = 0;
  let chunk = 0;
  let cut = false;
  const most = mostEvents(bytes.length);
  const parser = createParser({
    onEvent({ event, data }) {
      if (data.trim() === "[DONE]") {
        done = true;
        return;
      }
      if (foreign >= LIMITS.foreignEventCount) return;
      cut ||= events.length >= most;
      if (cut) return;
      for (const value of valuesOf(data)) {
        if (value === undefined) foreign++;
        else events.push({ name: event ?? null, data: value, chunk });
      }
    },
  });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (ends.length <= 1) {
    parser.feed(`${buffer.toString("utf8")}\n\n`);
    return { events, done, foreign, cut };
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
  return { events, done, foreign, cut };
}

/** The JSON of an event; several where a server forgot the blank line between two events. */
function valuesOf(data: string): unknown[] {
  if (data === "") return [];
  if (!data.includes("\n")) {
    const whole = parseJson(data);
    return [whole.ok ? whole.value : undefined];
  }
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
