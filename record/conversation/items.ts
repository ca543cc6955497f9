/**
 * Identity of what is said: items of a conversation, its system prompt, and the lines that tie an
 * agent to the call that started it.
 *
 * What always holds: the hash contract. An item's id is the first 16 hex digits of SHA-256 over
 * role, kind and content, where content is text without white space at its ends, arguments of a
 * tool call with their keys sorted, a result's text, or what media refers to. Tool call ids,
 * reasoning and cache markers have no part in it. Changing any of this renames nothing that is
 * stored, but makes an index of facts (site manifest) stale: its digest covers this code.
 */
import { hash } from "node:crypto";
import type { NormalMessage, Piece, Role } from "../dialects/normal.ts";
import { LIMITS } from "../limits.ts";
import { bitsAt, hex64 } from "./hex64.ts";
import type { Item } from "./model.ts";

/** First 16 hex digits of SHA-256. */
export function shortHash(content: string | Uint8Array): string {
  const digest = hash("sha256", content, "binary");
  return hex64(bitsAt(digest, 0), bitsAt(digest, 4));
}

/** Where content is written as bytes: those are counted on the way, and hashed where they lie. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);
/** UTF-8 bytes of a UTF-16 unit at most. */
const UNIT_BYTES = 3;

function hashedItem(role: Role, kind: Piece["kind"], content: string): Item {
  const head = `${role}\0${kind}\0`;
  if (head.length + content.length * UNIT_BYTES > scratch.length) {
    return { id: shortHash(head + content), role, bytes: Buffer.byteLength(content) };
  }
  scratch.write(head, "latin1");
  const bytes = scratch.write(content, head.length, "utf8");
  return { id: shortHash(scratch.subarray(0, head.length + bytes)), role, bytes };
}

const memo = new WeakMap<NormalMessage, readonly Item[]>();

/** The items of one message; none for a system message. Remembered by message object. */
export function itemsOf(message: NormalMessage): readonly Item[] {
  const known = memo.get(message);
  if (known !== undefined) return known;
  const items: Item[] = [];
  if (message.role !== "system") {
    for (const piece of message.pieces) {
      const item = itemOf(piece, message.role);
      if (item !== null) items.push(item);
    }
  }
  memo.set(message, items);
  return items;
}

/** Ids of the items of an answer, which the next request will most likely repeat. */
export function answerIds(answer: readonly NormalMessage[]): string[] {
  const ids: string[] = [];
  for (const { role, pieces } of answer) {
    if (role === "system") continue;
    for (const piece of pieces) {
      const item = newItem(piece, role);
      if (item === null) continue;
      ids.push(item.id);
      if (role === "assistant") remember(piece, item);
    }
  }
  return ids;
}

/** Items of the newest answers by what was said in them. */
const texts = new Map<string, Item>();
const calls = new Map<string, Item>();

/** Only what is not quick to make, and not seldom. */
function remember(piece: Piece, item: Item): void {
  const map = piece.kind === "text" ? texts : piece.kind === "tool_call" ? calls : null;
  if (map === null) return;
  if (map.size >= LIMITS.keptListCount) map.clear();
  map.set(saying(piece), item);
}

function remembered(piece: Piece): Item | undefined {
  if (piece.kind === "text") return texts.get(piece.text);
  return piece.kind === "tool_call" ? calls.get(saying(piece)) : undefined;
}

function saying(piece: Piece): string {
  if (piece.kind === "text") return piece.text;
  return piece.kind === "tool_call" ? `${piece.name}\0${piece.arguments}` : "";
}

function itemOf(piece: Piece, speaker: Role): Item | null {
  return (speaker === "assistant" ? remembered(piece) : undefined) ?? newItem(piece, speaker);
}

function newItem(piece: Piece, speaker: Role): Item | null {
  const content = contentOf(piece, speaker);
  if (content === null) return null;
  const role: Role = piece.kind === "tool_result" ? "tool" : speaker;
  return hashedItem(role, piece.kind, content);
}

/** What of a piece counts for identity; null where it counts for nothing. */
function contentOf(piece: Piece, role: Role): string | null {
  switch (piece.kind) {
    case "text": {
      const text = (role === "assistant" ? withoutThinking(piece.text) : piece.text).trim();
      return text === "" ? null : text;
    }
    case "reasoning":
      return null;
    case "tool_call":
      return `${piece.name}\0${canonical(piece.arguments)}`;
    case "tool_result":
      return piece.text.trim();
    case "unknown":
      return `${piece.type}\0${piece.json}`;
    default:
      return `${piece.media ?? ""}\0${String(piece.bytes ?? "")}\0${piece.ref ?? ""}`;
  }
}

/** Some models think aloud in the text itself, and clients cut that out of the history. */
function withoutThinking(text: string): string {
  const lead = text.trimStart();
  if (!lead.startsWith("<think>")) return text;
  const end = lead.indexOf("</think>");
  return end === -1 ? text : lead.slice(end + "</think>".length);
}

/** JSON with sorted keys, so that a client that re-serialises arguments changes no identity. */
function canonical(json: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(json), 0));
  } catch {
    return json.trim();
  }
}

function sorted(value: unknown, depth: number): unknown {
  if (depth > LIMITS.jsonDepthCount) return null;
  if (Array.isArray(value)) return value.map((element) => sorted(element, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const source = value as Record<string, unknown>;
  return Object.keys(source)
    .sort()
    .map((key) => [key, sorted(source[key], depth + 1)]);
}

/** Text of a message's pieces that were written as text. */
export function textOf(message: NormalMessage): string {
  let text = "";
  for (const piece of message.pieces) {
    if (piece.kind !== "text" || piece.text === "") continue;
    text = text === "" ? piece.text : `${text}\n${piece.text}`;
  }
  return text;
}

/**
 * Keys of all beginnings of a list: `at(k)` stands for the first k items, so two lists begin alike
 * for k items exactly where their `at(k)` are the same (64 bits, mixed item by item). Few of them are
 * ever asked for.
 */
export class PrefixKeys {
  /** Items in the list. */
  readonly length: number;
  readonly #items: readonly Item[];
  /** Shared with the list that this one goes on from: entries beyond `length` are another's. */
  readonly #high: number[];
  readonly #low: number[];
  /** Those that were asked for. */
  readonly #texts: (string | undefined)[];

  /** @param earlier keys of another list: what both begin with is taken over */
  constructor(items: readonly Item[], earlier?: PrefixKeys) {
    this.length = items.length;
    this.#items = items;
    let same = 0;
    if (earlier !== undefined) {
      while (same < items.length && items[same] === earlier.#items[same]) same++;
    }
    if (earlier === undefined || same === 0) {
      this.#high = [0x9e3779b9 | 0];
      this.#low = [0x7f4a7c15];
      this.#texts = [];
    } else {
      const goesOn = earlier.#high.length === same + 1;
      this.#high = goesOn ? earlier.#high : earlier.#high.slice(0, same + 1);
      this.#low = goesOn ? earlier.#low : earlier.#low.slice(0, same + 1);
      this.#texts = goesOn ? earlier.#texts : earlier.#texts.slice(0, same + 1);
    }
    let high = this.#high[same]!;
    let low = this.#low[same]!;
    for (let i = same; i < items.length; i++) {
      const { id } = items[i]!;
      high = mix(high ^ hexAt(id, 0), low);
      low = mix(low ^ hexAt(id, 8), high);
      this.#high.push(high);
      this.#low.push(low);
    }
  }

  at(k: number): string {
    if (k === 0) return "0";
    this.#texts[k] ??= hex64(this.#high[k]!, this.#low[k]!);
    return this.#texts[k];
  }
}

/** The 32 bits that eight hex digits (lower case) stand for. */
function hexAt(text: string, start: number): number {
  let bits = 0;
  for (let i = start; i < start + 8; i++) {
    const code = text.charCodeAt(i);
    // Letters have the bit of 64, and lie nine past their low four bits.
    bits = (bits << 4) | ((code & 15) + (code >> 6) * 9);
  }
  return bits;
}

/** One round of a 32-bit finaliser (public domain constants of MurmurHash3). */
function mix(value: number, salt: number): number {
  let x = (value + Math.imul(salt, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** The smallest hashes of runs of four words (or CJK characters): alike texts share most of them. */
export function sketchOf(text: string): number[] {
  const words = wordHashes(text.slice(0, LIMITS.sketchChars));
  const runs = new Uint32Array(Math.max(1, words.length - 3));
  for (let at = 0; at < runs.length; at++) {
    let run = 17;
    for (let i = at; i < Math.min(at + 4, words.length); i++) run = mix(run ^ words[i]!, 31);
    runs[at] = run;
  }
  const smallest: number[] = [];
  for (const run of runs.sort()) {
    if (run !== smallest.at(-1)) smallest.push(run);
    if (smallest.length === LIMITS.sketchCount) break;
  }
  return smallest;
}

/** A hash of each word: of letters and digits that stand together, of a CJK character by itself. */
function wordHashes(text: string): number[] {
  const words: number[] = [];
  let word = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (KINDS[unit] === 0) KINDS[unit] = kindOf(text[i]!);
    const kind = KINDS[unit];
    if (kind !== LETTER && word !== 0) {
      words.push(word);
      word = 0;
    }
    // Never 0, which stands for no word.
    if (kind === LETTER) word = Math.imul(word ^ unit, 0x01000193) | 1;
    else if (kind === CJK) words.push(unit);
  }
  if (word !== 0) words.push(word);
  return words;
}

const OTHER = 1;
const LETTER = 2;
const CJK = 3;
/** What each UTF-16 unit is; 0 where nobody asked yet. */
const KINDS = new Uint8Array(0x10000);

/** Beyond the basic plane nearly all letters are rare Han characters: each half counts as one. */
function kindOf(unit: string): number {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Cs}]/u.test(unit)) return CJK;
  return /[\p{L}\p{N}]/u.test(unit) ? LETTER : OTHER;
}

/** Estimated share of runs that two texts have in common, 0 to 1. */
export function likeness(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 1 : 0;
  const size = Math.min(LIMITS.sketchCount, new Set([...a, ...b]).size);
  const smallest = new Set([...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, size));
  const inB = new Set(b);
  return a.filter((hashed) => smallest.has(hashed) && inB.has(hashed)).length / size;
}

/** 64 bits of a line: enough to tell apart the few thousand that are remembered at once. */
function lineHash(line: string): string {
  let high = line.length;
  let low = 0x7f4a7c15;
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    low = Math.imul(low ^ unit, 0xc2b2ae35) ^ (high >>> 15);
  }
  return hex64(mix(high, low), mix(low, high));
}

/** Hashes of the lines long enough to tell one text from another. */
export function lineHashes(texts: readonly string[]): string[] {
  const found: string[] = [];
  for (const text of texts) {
    const length = Math.min(text.length, LIMITS.sketchChars);
    for (let start = 0; start < length; ) {
      const lf = text.indexOf("\n", start);
      const end = lf < 0 || lf > length ? length : lf;
      const line = end - start < LIMITS.tellingLineChars ? "" : text.slice(start, end).trim();
      start = end + 1;
      if (line.length < LIMITS.tellingLineChars) continue;
      const hashed = lineHash(line);
      if (!found.includes(hashed)) found.push(hashed);
      if (found.length >= LIMITS.tellingLinesCount) return found;
    }
  }
  return found;
}
