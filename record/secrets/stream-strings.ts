/**
 * The strings of a stream, put together again: a model that repeats a key says it in pieces, one
 * delta an event, and no single event shows it.
 *
 * Knows no dialect. It walks every JSON value in the stream (SSE data, NDJSON, one JSON array,
 * WebSocket messages back to back) and joins the strings that stand at the same place: same keys on
 * the way, same `index`, `output_index`, `content_index`, `item_id` or `type`. Array positions do
 * not count, so what one event holds in two parts is joined in order as well.
 * It reads by byte range and never throws; what is no JSON is left alone.
 */
import { type Layer, unescapeJson } from "./layers.ts";

/** One string literal's content in the stream, without its quotes. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Offset of this segment's decoded text in the channel's text. */
  readonly at: number;
  readonly layer: Layer;
}

export interface Channel {
  readonly text: string;
  readonly segments: readonly Segment[];
}

interface Frame {
  readonly parent: Frame | null;
  readonly isObject: boolean;
  key: string;
  /** Values of the index members seen in this object. */
  label: string;
}

interface Leaf {
  readonly frame: Frame | null;
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const INDEX_MEMBERS = new Set([
  "index",
  "output_index",
  "content_index",
  "summary_index",
  "item_id",
  "type",
]);
/** Deeper strings than this are no deltas. */
const PATH_DEPTH = 24;

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

function pathOf(leaf: Leaf): string | null {
  let path = leaf.key;
  let depth = 0;
  for (let f = leaf.frame; f !== null; f = f.parent) {
    depth += 1;
    if (depth > PATH_DEPTH) return null;
    path = `${f.key}{${f.label}}/${path}`;
  }
  return path;
}

function addLabel(frame: Frame, key: string, value: string): void {
  // An object that names itself a thousand times is no event.
  if (INDEX_MEMBERS.has(key) && frame.label.length < 400) frame.label += `${key}=${value};`;
}

const WORD = /[^\s,\]}]*/y;

/** Reads one JSON value from `at`; gives the offset behind it and its string leaves. */
function readValue(text: string, at: number, leaves: Leaf[]): number {
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
        leaves.push({ frame, key: frame?.isObject ? key : "", start: i + 1, end });
      }
      i = end;
      if (frame === null) return i + 1;
    } else if (c === 0x7b || c === 0x5b) {
      frame = {
        parent: frame,
        isObject: c === 0x7b,
        key: frame?.isObject === false ? "" : key,
        label: "",
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
      if (frame?.isObject && INDEX_MEMBERS.has(key)) {
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

function* leavesOf(text: string): Generator<Leaf[]> {
  // A brace alone may be a byte of a checksum between two binary frames.
  const start = /\{\s{0,32}"|\[\s{0,32}[{["]/g;
  for (let at = 0; at < text.length; ) {
    start.lastIndex = at;
    const match = start.exec(text);
    if (match === null) return;
    const leaves: Leaf[] = [];
    at = Math.max(readValue(text, match.index, leaves), match.index + 1);
    yield leaves;
  }
}

/** Channels of a stream (latin1 text) that are made of at least two different pieces. */
export function channelsOf(text: string): Channel[] {
  const byPath = new Map<string, Leaf[]>();
  for (const leaves of leavesOf(text)) {
    for (const leaf of leaves) {
      if (leaf.end === leaf.start) continue;
      const path = pathOf(leaf);
      if (path === null) continue;
      const list = byPath.get(path);
      if (list === undefined) byPath.set(path, [leaf]);
      else list.push(leaf);
    }
  }
  return [...byPath.values()]
    .filter((list) => isSaidInPieces(text, list))
    .map((l) => join(text, l));
}

/** False for what every event repeats: an id, a model's name. */
function isSaidInPieces(text: string, leaves: readonly Leaf[]): boolean {
  const [first] = leaves;
  if (first === undefined || leaves.length < 2) return false;
  const length = first.end - first.start;
  const value = text.slice(first.start, first.end);
  return leaves.some((l) => l.end - l.start !== length || !text.startsWith(value, l.start));
}

function join(text: string, leaves: readonly Leaf[]): Channel {
  const segments: Segment[] = [];
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of leaves) {
    const raw = text.slice(start, end);
    const layer = unescapeJson(raw) ?? { text: raw, origin: (i: number) => i };
    segments.push({ start, end, at, layer });
    pieces.push(layer.text);
    at += layer.text.length;
  }
  return { text: pieces.join(""), segments };
}
