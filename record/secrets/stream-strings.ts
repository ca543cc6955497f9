/**
 * The strings of a stream, put together again: a model that repeats a key says it in pieces, one
 * delta an event, and no single event shows it.
 *
 * Knows no dialect. It walks every JSON value in the stream (SSE data, NDJSON, one JSON array,
 * WebSocket messages back to back), also one written over several `data:` lines, and text that is
 * no JSON. stream-channels.ts says which of the strings belong together.
 * It reads by byte range and never throws; what it cannot read is left alone.
 */
import { type Layer, layerWithout } from "./layers.ts";

/** What holds a string: objects and arrays on the way to it. */
export interface Frame {
  readonly parent: Frame | null;
  readonly depth: number;
  readonly isObject: boolean;
  key: string;
  /** Members seen in this object that tell one place from another: `index=0;type=text;`. */
  label: string;
  /** Keys and labels on the way here, once they have been put together (stream-channels.ts). */
  path: string | null;
}

/** One string literal's content in the text, without its quotes. */
export interface Leaf {
  readonly frame: Frame | null;
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Number of the JSON value that it stands in. */
  readonly event: number;
}

const LABELS = new Set(["index", "type", "item_id", "call_id", "tool_call_id"]);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Offset of the closing quote of the string whose content begins at `at`; the end if unclosed. */
function closingQuote(text: string, at: number): number {
  let quote = text.indexOf('"', at);
  while (quote > 0) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH && quote - 1 - slashes >= at)
      slashes += 1;
    if (slashes % 2 === 0) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function isLabel(frame: Frame, key: string): boolean {
  if (LABELS.has(key) || key.endsWith("_index") || key.endsWith("Index")) return true;
  // The id of the event itself says nothing; that of a tool call in it does.
  return key === "id" && frame.parent !== null;
}

function addLabel(frame: Frame, key: string, value: string): void {
  // An object that names itself a thousand times is no event.
  if (frame.label.length < 400 && isLabel(frame, key)) frame.label += `${key}=${value};`;
}

const WORD = /[^\s,\]}]*/y;

/** Reads one JSON value from `at`; gives the offset behind it and its string leaves. */
function readValue(text: string, at: number, event: number, leaves: Leaf[]): number {
  let frame = null as Frame | null;
  let key = "";
  let expectKey = false;
  for (let i = at; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = closingQuote(text, i + 1);
      if (expectKey) {
        key = text.slice(i + 1, Math.min(end, i + 80));
        expectKey = false;
      } else {
        if (frame?.isObject) addLabel(frame, key, text.slice(i + 1, Math.min(end, i + 80)));
        if (end > i + 1) {
          leaves.push({ frame, key: frame?.isObject ? key : "", start: i + 1, end, event });
        }
      }
      i = end;
      if (frame === null) return i + 1;
    } else if (c === 0x7b || c === 0x5b) {
      frame = {
        parent: frame,
        depth: frame === null ? 1 : frame.depth + 1,
        isObject: c === 0x7b,
        key: frame?.isObject === false ? "" : key,
        label: "",
        path: null,
      };
      expectKey = c === 0x7b;
      key = "";
    } else if (c === 0x7d || c === 0x5d) {
      if (frame === null || frame.parent === null) return i + 1;
      frame = frame.parent;
      expectKey = false;
    } else if (c === 0x2c) {
      if (frame?.isObject) expectKey = true;
    } else if (c === 0x3a) {
      if (frame?.isObject && isLabel(frame, key)) {
        WORD.lastIndex = i + 1;
        const word = WORD.exec(text)?.[0] ?? "";
        if (word !== "" && !word.startsWith('"')) addLabel(frame, key, word.slice(0, 80));
      }
    } else if (c === 0x0a && frame !== null && startsAnew(text, i + 1)) {
      // A torn event: the next line begins another one.
      return i;
    }
  }
  return text.length;
}

function startsAnew(text: string, at: number): boolean {
  return text.startsWith("data:", at) || text.startsWith("event:", at);
}

/** All strings of the text, in order. */
export function leavesOf(text: string): Leaf[] {
  const leaves: Leaf[] = [];
  // A brace alone may be a byte of a checksum between two binary frames.
  const start = /\{\s{0,32}"|\[\s{0,32}[{["]/g;
  let event = 0;
  for (let at = 0; at < text.length; event += 1) {
    start.lastIndex = at;
    const match = start.exec(text);
    if (match === null) break;
    at = Math.max(readValue(text, match.index, event, leaves), match.index + 1);
  }
  const before = leaves.length;
  addPlainData(text, leaves);
  if (leaves.length > before) leaves.sort((a, b) => a.start - b.start);
  return leaves;
}

/** Data of events that is text, or one JSON string. */
function addPlainData(text: string, leaves: Leaf[]): void {
  for (let at = text.indexOf("data:"); at >= 0; at = text.indexOf("data:", at + 5)) {
    if (at > 0 && text.charCodeAt(at - 1) !== 0x0a) continue;
    // One blank belongs to the framing.
    const from = at + (text.charCodeAt(at + 5) === 0x20 ? 6 : 5);
    const c = text.charCodeAt(from);
    if (c === 0x7b || c === 0x5b) continue;
    const line = endOfLine(text, from);
    const isString = c === QUOTE && closingQuote(text, from + 1) === line - 1;
    const start = isString ? from + 1 : from;
    const end = isString ? line - 1 : line;
    if (end > start) leaves.push({ frame: null, key: "data:", start, end, event: -at });
  }
}

function endOfLine(text: string, from: number): number {
  const lf = text.indexOf("\n", from);
  const end = lf < 0 ? text.length : lf;
  return text.charCodeAt(end - 1) === 0x0d && end > from ? end - 1 : end;
}

/**
 * The stream with the line breaks within an event's data taken out: `data: {"a":⏎data: 1}` is one
 * JSON value. Null where each event has one line, as nearly all have.
 */
export function withoutSeams(text: string): Layer | null {
  const seams: [start: number, end: number][] = [];
  for (let at = text.indexOf("\ndata:"); at >= 0; at = text.indexOf("\ndata:", at + 6)) {
    const line = text.lastIndexOf("\n", at - 1) + 1;
    if (!text.startsWith("data:", line)) continue;
    const start = text.charCodeAt(at - 1) === 0x0d ? at - 1 : at;
    seams.push([start, at + (text.charCodeAt(at + 6) === 0x20 ? 7 : 6)]);
  }
  return seams.length === 0 ? null : layerWithout(text, seams);
}
