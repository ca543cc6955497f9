/**
 * Chunk files: what pages fetch only when asked for. A chunk holds about 32 exchanges of a day,
 * each text in it once, compressed with gzip (which every browser can undo by itself).
 *
 *   _raw/11.11/2026-11-23/0.bin    {"parts":["…"],"x":{"01K…":{"q":["{\"messages\":[",0,"]}"],"r":["…"]}}}
 *   _said/11.11/2026-11-23/0.bin   {"texts":["…"],"x":{"01K…":{"model":"m","messages":[["user",0]],…}}}
 *
 * Invariants: bytes come back exactly (text where they are UTF-8, else base64); a chunk that
 * is full is never written again.
 */
import { isUtf8 } from "node:buffer";
import { statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Atom } from "../../record/bodies/part-list.ts";
import type { NormalRequest } from "../../record/dialects/normal.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { LIMITS } from "../../record/limits.ts";
import type { DayReader } from "../../record/reader/day-reader.ts";
import type { DayName } from "../digest/day-digest.ts";
import type { ExchangeSource } from "../digest/exchange-source.ts";
import { messageText } from "../view/messages.ts";
import { namesIn, remove, writeChanged } from "./files.ts";

/** A piece of a body: text, the number of a part, or a part with text put back in; see format.md. */
type Piece = string | number | { b64: string } | { part: number; insert: unknown };

export type ChunkKind = "_raw" | "_said";

/** Path of the chunk that holds the exchange at `position` of its day, from the site's root. */
export function chunkPath(kind: ChunkKind, { number, day }: DayName, position: number): string {
  return `${kind}/${number}/${day}/${Math.floor(position / LIMITS.siteChunkExchanges)}.bin`;
}

/** Size of a chunk as it is fetched; null where it was never written. */
export function chunkBytes(out: string, path: string): number | null {
  return statSync(join(out, path), { throwIfNoEntry: false })?.size ?? null;
}

/**
 * Writes the chunks of a day while its exchanges are being read: a chunk as soon as it is full, so
 * that what it holds is still at hand, and the last one at the end.
 */
export class ChunkWriter {
  readonly #out: string;
  readonly #source: ExchangeSource;
  readonly #at: DayName;
  readonly #ids: string[];
  /** Exchanges that stand in chunks as they are written. */
  #done: number;

  readonly #held = new Set<string>();

  /** `known` are the ids of the exchanges whose chunks an earlier build wrote. */
  constructor(out: string, source: ExchangeSource, at: DayName, known: readonly string[]) {
    this.#out = out;
    this.#source = source;
    this.#at = at;
    this.#ids = [...known];
    this.#done = known.length;
  }

  add(id: string): void {
    this.#ids.push(id);
    if (this.#ids.length % LIMITS.siteChunkExchanges > 0) return;
    this.#write(this.#done, this.#ids.length);
    this.#done = this.#ids.length;
  }

  /** Writes the last chunk; of `held` exchanges none says anything. */
  end(held: readonly string[] = []): void {
    if (this.#done < this.#ids.length) this.#write(this.#done, this.#ids.length);
    for (const id of held) this.#held.add(id);
    const size = LIMITS.siteChunkExchanges;
    for (const chunk of new Set(held.map((id) => Math.floor(this.#ids.indexOf(id) / size)))) {
      this.#write(chunk * size, (chunk + 1) * size);
    }
    this.#removeOthers();
    // The first id of every chunk: by these the comparison finds an exchange.
    const firsts = this.#ids.filter((_, index) => index % LIMITS.siteChunkExchanges === 0);
    const { number, day } = this.#at;
    writeChanged(join(this.#out, "_said", number, day, "ids.bin"), compressed(firsts));
  }

  /** Of a day that had more: a build that was cut short, or captures that were deleted. */
  #removeOthers(): void {
    const { number, day } = this.#at;
    const chunks = Math.ceil(this.#ids.length / LIMITS.siteChunkExchanges);
    for (const kind of ["_raw", "_said"]) {
      const folder = join(this.#out, kind, number, day);
      for (const name of namesIn(folder)) {
        const chunk = /^(\d+)\.bin$/.exec(name)?.[1];
        if (chunk !== undefined && Number(chunk) >= chunks) remove(join(folder, name));
      }
    }
  }

  #write(from: number, to: number): void {
    const start = from - (from % LIMITS.siteChunkExchanges);
    const ids = this.#ids.slice(start, to).filter((id) => !this.#held.has(id));
    const reader = this.#source.day(this.#at.number, this.#at.day);
    const raw = rawChunk(reader, this.#source, this.#at, ids);
    writeChanged(join(this.#out, chunkPath("_raw", this.#at, start)), compressed(raw));
    const said = saidChunk(this.#source, this.#at, ids);
    writeChanged(join(this.#out, chunkPath("_said", this.#at, start)), compressed(said));
  }
}

function compressed(value: unknown): Buffer {
  // Measured: 7 % smaller than level 3, and quicker.
  return gzipSync(JSON.stringify(value), { level: 4 });
}

function rawChunk(reader: DayReader, source: ExchangeSource, at: DayName, ids: readonly string[]) {
  const parts: Piece[] = [];
  const numbers = new Map<string, number>();
  const partOf = (n: number, line: ExchangeLine): number => {
    const stored = reader.fileOf(line).stored(n, line);
    const key = stored?.sha256 ?? `${line.id} ${n}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    parts.push(textOf(reader.part(n, line)));
    numbers.set(key, parts.length - 1);
    return parts.length - 1;
  };
  const x: Record<string, unknown> = {};
  for (const id of ids) {
    const { line } = source.view({ ...at, id });
    try {
      x[id] = {
        q: bodyOf(reader, line, "request", partOf),
        r: bodyOf(reader, line, "response", partOf),
        line: { ...line, request: { ...line.request, body: undefined }, response: undefined },
      };
    } catch (error) {
      source.damage.push(`${id}: ${(error as Error).message}`);
    }
  }
  return { parts, x };
}

function bodyOf(
  reader: DayReader,
  line: ExchangeLine,
  side: "request" | "response",
  partOf: (n: number, line: ExchangeLine) => number,
): Piece[] | null {
  const body = side === "request" ? line.request.body : line.response?.body;
  if (!body || body.bytes > LIMITS.siteRawBytes) return null;
  const atoms = reader.fileOf(line).atoms(line, side);
  if (atoms) return atoms.map((atom) => pieceOf(atom, line, partOf));
  const bytes = side === "request" ? reader.requestBody(line) : reader.responseBody(line);
  return bytes === null ? null : [textOf(bytes)];
}

function pieceOf(
  atom: Atom,
  line: ExchangeLine,
  partOf: (n: number, line: ExchangeLine) => number,
): Piece {
  if (typeof atom === "string") return atom;
  if (typeof atom === "number") return partOf(atom, line);
  return { part: partOf(atom.part, line), insert: atom.insert };
}

function textOf(bytes: Buffer): string | { b64: string } {
  return isUtf8(bytes) ? bytes.toString() : { b64: bytes.toString("base64") };
}

/** What the comparison in the browser needs: texts by number, messages and tools naming them. */
function saidChunk(source: ExchangeSource, at: DayName, ids: readonly string[]) {
  const texts: string[] = [];
  const numbers = new Map<string, number>();
  const textNumber = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    texts.push(text.slice(0, LIMITS.siteSaidChars));
    numbers.set(text, texts.length - 1);
    return texts.length - 1;
  };
  const x: Record<string, unknown> = {};
  for (const id of ids) {
    const { line, request } = source.view({ ...at, id });
    x[id] = {
      started: line.started,
      model: line.llm?.model ?? null,
      input: line.llm?.usage?.input_tokens ?? null,
      cached: line.llm?.usage?.cache_read_input_tokens ?? null,
      messages: request.messages.map((message) => [message.role, textNumber(messageText(message))]),
      tools: request.tools.map((tool) => [tool.name, textNumber(toolText(tool))]),
      params: Object.entries(request.parameters).map(([name, value]) => [name, jsonOf(value)]),
    };
  }
  return { texts, x };
}

function toolText(tool: NormalRequest["tools"][number]): string {
  return `${tool.description}\n${jsonOf(tool.schema)}`;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    // Deeper than the engine's stack; the raw view has it.
    return "…";
  }
}
