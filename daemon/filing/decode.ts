/**
 * Undoes content-encodings (RFC 9110, 8.4) for the record: gzip, deflate, br, zstd, and several in
 * a row. The wire keeps its bytes; what is decoded here is only what gets stored.
 *
 * Invariants: either all of it decodes, within the limit, or nothing is changed and the
 * reason is given: a truncated or mislabelled body is stored as it came. Streams are decoded chunk
 * by chunk, so that each decoded byte keeps the time at which it could first be read.
 */
import zlib from "node:zlib";
import { isMemoryTrouble } from "./refusals.ts";

export interface Decoded {
  /** Decoded bytes; the bytes as they came where `error` is set or there was no encoding. */
  readonly bytes: Buffer;
  /** For a stream: end of each chunk within `bytes`; empty where none were asked for. */
  readonly ends: readonly number[];
  /** As the header said, lower case; null where the body was not encoded. */
  readonly encoding: string | null;
  readonly error: string | null;
}

export type Coder = "gzip" | "deflate" | "br" | "zstd";

export const CODERS: Readonly<Record<string, Coder>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "br",
  zstd: "zstd",
};

/** zstd windows beyond 128 MiB are refused: they are made to exhaust memory. */
const ZSTD_OPTIONS = { params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } };

/** The encodings named in header pairs, in the order in which they were applied. */
export function contentEncodings(headers: readonly (readonly [string, string])[]): string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === "content-encoding")
    .flatMap(([, value]) => value.split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
}

/**
 * Decodes a body. `ends` are the ends of its chunks (ascending, the last is its length) where
 * decoded chunk ends are wanted. `limitBytes` bounds each stage.
 */
export async function decodeBody(
  wire: Buffer,
  encodings: readonly string[],
  limitBytes: number,
  ends: readonly number[] = [],
): Promise<Decoded> {
  const encoding = encodings.join(", ") || null;
  if (encoding === null || wire.length === 0) {
    return { bytes: wire, ends, encoding, error: null };
  }
  try {
    let stage = { bytes: wire, ends };
    for (const name of [...encodings].reverse()) {
      const coder = CODERS[name];
      if (coder === undefined) throw new Error(`unknown content-encoding ${name.slice(0, 40)}`);
      stage = await decodeStage(stage, coder, limitBytes);
    }
    return { ...stage, encoding, error: null };
  } catch (error) {
    // Then it is the moment that is wrong, not the body.
    if (isMemoryTrouble(error)) throw error;
    return { bytes: wire, ends, encoding, error: (error as Error).message };
  }
}

interface Stage {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
}

async function decodeStage(stage: Stage, coder: Coder, limitBytes: number): Promise<Stage> {
  if (stage.ends.length > 1) return decodeChunks(stage, coder, limitBytes);
  const bytes = decodeWhole(stage.bytes, coder, limitBytes);
  return { bytes, ends: stage.ends.length === 1 ? [bytes.length] : [] };
}

function decodeWhole(bytes: Buffer, coder: Coder, limitBytes: number): Buffer {
  const pieces: Buffer[] = [];
  let left = limitBytes;
  for (let rest = bytes; rest.length > 0; ) {
    const { buffer, engine } = decodeMember(rest, coder, Math.max(1, left), limitBytes);
    pieces.push(buffer);
    left -= buffer.length;
    rest = rest.subarray(endsAt(coder, engine.bytesWritten, rest.length));
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

type Member = { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

/** The first member of `bytes` (of gzip, which goes on by itself, all of them). */
function decodeMember(bytes: Buffer, coder: Coder, max: number, limitBytes: number): Member {
  const options = { maxOutputLength: max, info: true };
  const decode = (): unknown => {
    if (coder === "gzip") return zlib.gunzipSync(bytes, options);
    if (coder === "br") return zlib.brotliDecompressSync(bytes, options);
    if (coder === "zstd") return zlib.zstdDecompressSync(bytes, { ...ZSTD_OPTIONS, ...options });
    return isZlib(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
  };
  try {
    // With `info` they give more than their types know of.
    return decode() as Member;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limitBytes);
    throw error;
  }
}

/**
 * How many of `bytes` belong to a member that took `used` of them. Only of zstd another may follow
 * (RFC 8878, 3); gzip has looked for more itself, and passes over zeros behind it.
 */
function endsAt(coder: Coder, used: number, bytes: number): number {
  if (coder === "gzip") return bytes;
  if (used === 0 || (used < bytes && coder !== "zstd")) {
    throw new Error(`bytes behind the end of the ${coder} data`);
  }
  return used;
}

/** "deflate" means zlib (RFC 1950), but some servers send raw deflate under that name. */
function isZlib(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.length >= 2 && bytes.readUInt16BE(0) % 31 === 0;
}

/** A decoder for bytes that begin with `first`. */
export function makeStream(coder: Coder, first: Buffer): zlib.Gunzip | zlib.BrotliDecompress {
  if (coder === "gzip") return zlib.createGunzip();
  if (coder === "br") return zlib.createBrotliDecompress();
  if (coder === "zstd") return zlib.createZstdDecompress(ZSTD_OPTIONS) as unknown as zlib.Gunzip;
  return isZlib(first) ? zlib.createInflate() : zlib.createInflateRaw();
}

async function decodeChunks(stage: Stage, coder: Coder, limitBytes: number): Promise<Stage> {
  const { bytes, ends } = stage;
  const pieces: Buffer[] = [];
  const decodedEnds: number[] = [];
  let total = 0;
  const streams: { destroy(): void }[] = [];
  try {
    await new Promise<void>((done, failed) => {
      /** Decodes a member that begins at `start`, within the chunk `index`. */
      const member = (start: number, index: number): void => {
        const stream = makeStream(coder, bytes.subarray(start));
        streams.push(stream);
        stream.on("error", failed);
        stream.on("data", (piece: Buffer) => {
          total += piece.length;
          if (total > limitBytes) failed(tooLarge(limitBytes));
          else pieces.push(piece);
        });
        const feed = (from: number, at: number): void => {
          const end = ends[at];
          if (end === undefined) {
            stream.on("end", done).end();
            return;
          }
          // A write calls back when all that can be decoded so far has been given out.
          stream.write(bytes.subarray(from, end), (error) => {
            if (error || total > limitBytes) return;
            decodedEnds[at] = total;
            const used = stream.bytesWritten;
            if (used < end - start) goOn(start, used, at);
            else feed(end, at + 1);
          });
        };
        feed(start, index);
      };
      /** The member that began at `start` has ended within the chunk `at`. */
      const goOn = (start: number, used: number, at: number): void => {
        streams.pop()?.destroy();
        try {
          const next = start + endsAt(coder, used, bytes.length - start);
          if (next < bytes.length) member(next, at);
          else done();
        } catch (error) {
          failed(error);
        }
      };
      member(0, 0);
    });
  } finally {
    for (const stream of streams) stream.destroy();
  }
  // What only came out at the very end belongs to the last chunk.
  for (let i = 0; i < ends.length; i++) decodedEnds[i] ??= total;
  decodedEnds[ends.length - 1] = total;
  return { bytes: Buffer.concat(pieces, total), ends: decodedEnds };
}

function tooLarge(limitBytes: number): Error {
  return new Error(`decodes to more than ${limitBytes} bytes`);
}
