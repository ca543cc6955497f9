/**
 * The chunks of a streamed body as JSON Lines, which a `zstd` part then holds.
 *
 *   [412.08,"data: {\"id\":…}\n\n"]
 *   [431.5,{"base64":"8J+Y"}]              this chunk ends in the middle of a character
 *   [440.11,"{\"type\":\"ping\"}","client"]  WebSocket only: a frame of the client's
 *
 * Invariants: each chunk comes back byte for byte, and so does their concatenation. Times
 * are milliseconds since the request began, kept to a hundredth.
 */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { oneLineJson } from "../format/json-line.ts";
import { LIMITS } from "../limits.ts";

/** Milliseconds, bytes, and the sender where that is not the upstream. */
export type Chunk = readonly [ms: number, bytes: Buffer, from?: "client"];

/** JSON Lines of the chunks, uncompressed. */
export function encodeChunks(chunks: Iterable<Chunk>): Buffer {
  const lines: Buffer[] = [];
  for (const [ms, bytes, from] of chunks) {
    const data = isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString("base64") };
    const time = Math.round(ms * 100) / 100;
    lines.push(Buffer.from(`${oneLineJson(from ? [time, data, from] : [time, data])}\n`));
  }
  return Buffer.concat(lines);
}

/**
 * The chunks of such lines; those beyond `streamChunkCount` of LIMITS are in the last one. Throws
 * SyntaxError on anything else.
 */
export function decodeChunks(lines: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  let rest: Joined | null = null;
  for (const chunk of eachChunk(lines)) {
    if (rest !== null) rest.add(chunk[1]);
    else if (chunks.length < LIMITS.streamChunkCount) chunks.push(chunk);
    else {
      rest = new Joined(lines.length);
      rest.add(chunk[1]);
    }
  }
  const last = chunks.at(-1);
  if (rest === null || last === undefined) return chunks;
  chunks[chunks.length - 1] = [last[0], Buffer.concat([last[1], rest.bytes()])];
  return chunks;
}

/** The streamed body that such lines stand for, in no more memory than they take themselves. */
export function streamedBody(lines: Buffer): Buffer {
  const body = new Joined(lines.length);
  for (const [, bytes] of eachChunk(lines)) body.add(bytes);
  return body.bytes();
}

/** The SHA-256 of that body, in hex, and its length, without putting it together. */
export function streamedDigest(lines: Buffer): { bytes: number; sha256: string } {
  const digest = createHash("sha256");
  let length = 0;
  for (const [, bytes] of eachChunk(lines)) {
    digest.update(bytes);
    length += bytes.length;
  }
  return { bytes: length, sha256: digest.digest("hex") };
}

/** Bytes put end to end. Of a chunk there are fewer than of the line that it was written on. */
class Joined {
  readonly #bytes: Buffer;
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytes = Buffer.allocUnsafe(bytesMax);
  }

  add(bytes: Buffer): void {
    this.#length += bytes.copy(this.#bytes, this.#length);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

function* eachChunk(lines: Buffer): Generator<Chunk> {
  for (let start = 0; start < lines.length; ) {
    const newline = lines.indexOf(0x0a, start);
    const end = newline < 0 ? lines.length : newline;
    yield decodeChunk(JSON.parse(lines.toString("utf8", start, end)));
    start = end + 1;
  }
}

function decodeChunk(line: unknown): Chunk {
  const [ms, data, from, ...more] = Array.isArray(line) ? line : [];
  const text = typeof data === "string";
  const base64: unknown = text ? data : data?.base64;
  const isPlain = from === undefined || typeof from === "string";
  if (!Number.isFinite(ms) || typeof base64 !== "string" || !isPlain || more.length > 0) {
    throw new SyntaxError("a chunk is [ms, text] or [ms, {base64}]");
  }
  const bytes = Buffer.from(base64, text ? "utf8" : "base64");
  return from === "client" ? [ms, bytes, from] : [ms, bytes];
}
