/**
 * The chunks of a streamed body as JSON Lines, which a `zstd` part then holds.
 *
 *   [412.08,"data: {\"id\":…}\n\n"]
 *   [431.5,{"base64":"8J+Y"}]              this chunk ends in the middle of a character
 *   [440.11,"{\"type\":\"ping\"}","client"]  WebSocket only: a frame of the client's
 *
 * What always holds: each chunk comes back byte for byte, and so does their concatenation. Times
 * are milliseconds since the request began, kept to a hundredth.
 */
import { isUtf8 } from "node:buffer";
import { oneLineJson } from "../format/json-line.ts";

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

/** The chunks of such lines. Throws SyntaxError on anything else. */
export function decodeChunks(lines: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < lines.length; ) {
    const newline = lines.indexOf(0x0a, start);
    const end = newline < 0 ? lines.length : newline;
    chunks.push(decodeChunk(JSON.parse(lines.toString("utf8", start, end))));
    start = end + 1;
  }
  return chunks;
}

function decodeChunk(line: unknown): Chunk {
  const [ms, data, from] = Array.isArray(line) ? line : [];
  const text = typeof data === "string";
  const base64: unknown = text ? data : data?.base64;
  if (typeof ms !== "number" || typeof base64 !== "string") {
    throw new SyntaxError("a chunk is [ms, text] or [ms, {base64}]");
  }
  const bytes = Buffer.from(base64, text ? "utf8" : "base64");
  return from === "client" ? [ms, bytes, from] : [ms, bytes];
}

/** The streamed body: all chunks put end to end. */
export function chunksBody(chunks: Iterable<Chunk>): Buffer {
  return Buffer.concat(Array.from(chunks, ([, bytes]) => bytes));
}
