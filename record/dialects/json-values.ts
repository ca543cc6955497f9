/**
 * Streams of bare JSON: newline-delimited values (Ollama, Cohere), values run together, and one
 * JSON array that arrives element by element (Gemini without `alt=sse`).
 *
 * What always holds: one linear pass over the bytes with a depth counter, no recursion; a torn last
 * value is left out; each event knows the chunk that completed it.
 */
import { LIMITS } from "../limits.ts";
import type { StreamEvent } from "./dialect.ts";
import { parseJson } from "./json.ts";
import { type EventList, mostEvents } from "./sse.ts";

const LF = 10;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Reads the values of an array, of lines, or run together. `ends` as in readSse. */
export function readJsonValues(bytes: Uint8Array, ends: readonly number[]): EventList {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spans = firstLineIsWhole(buffer) ? lineSpans(buffer) : valueSpans(buffer);
  const events: StreamEvent[] = [];
  let foreign = 0;
  let chunk = 0;
  const most = mostEvents(bytes.length);
  for (const { start, end } of spans) {
    if (foreign >= LIMITS.foreignEventCount) break;
    if (events.length >= most) return { events, done: false, foreign, cut: true };
    while (chunk < ends.length - 1 && ends[chunk]! < end) chunk++;
    const parsed = parseJson(buffer.toString("utf8", start, end));
    if (parsed.ok) events.push({ name: null, data: parsed.value, chunk });
    else foreign++;
  }
  return { events, done: false, foreign, cut: false };
}

/** Whether the first line is a JSON value by itself, which makes the body one of lines. */
function firstLineIsWhole(buffer: Buffer): boolean {
  const first = lineSpans(buffer).next();
  if (first.done || first.value.end === buffer.length) return false;
  return parseJson(buffer.toString("utf8", first.value.start, first.value.end)).ok;
}

/** Lines that hold more than white space. */
function* lineSpans(buffer: Buffer): Generator<Span> {
  let start = 0;
  while (start < buffer.length) {
    const lf = buffer.indexOf(LF, start);
    const end = lf < 0 ? buffer.length : lf;
    for (let i = start; i < end; i++) {
      if (buffer[i]! > 32) {
        yield { start: i, end };
        break;
      }
    }
    start = end + 1;
  }
}

/** Top-level objects; where the body opens with `[`, the objects directly inside that array. */
function* valueSpans(buffer: Buffer): Generator<Span> {
  let depth = 0;
  let start = -1;
  for (let i = 0; i < buffer.length; i++) {
    const c = buffer[i]!;
    if (c === 34) {
      i = endOfString(buffer, i);
    } else if (c === 123 || c === 91) {
      if (c === 91 && depth === 0 && start < 0) continue;
      if (depth++ === 0) start = i;
    } else if (c === 125 || c === 93) {
      if (depth > 0 && --depth === 0) {
        yield { start, end: i + 1 };
        start = -1;
      }
    }
  }
}

function endOfString(buffer: Buffer, start: number): number {
  let i = start + 1;
  while (i < buffer.length) {
    const c = buffer[i]!;
    if (c === 92) i += 2;
    else if (c === 34) return i;
    else i++;
  }
  return i;
}
