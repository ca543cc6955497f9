/**
 * Undoes content-encodings (RFC 9110, 8.4) for the record: gzip, deflate, br, zstd, and several in
 * a row. The wire keeps its bytes; what is decoded here is only what gets stored.
 *
 * What always holds: either all of it decodes, within the limit, or nothing is changed and the
 * reason is given: a truncated or mislabelled body is stored as it came. Streams are decoded chunk
 * by chunk, so that each decoded byte keeps the time at which it could first be read.
 */
import zlib from "node:zlib";

export interface Decoded {
  /** Decoded bytes; the bytes as they came where `error` is set or there was no encoding. */
  readonly bytes: Buffer;
  /** For a stream: end of each chunk within `bytes`; empty where none were asked for. */
  readonly ends: readonly number[];
  /** As the header said, lower case; null where the body was not encoded. */
  readonly encoding: string | null;
  readonly error: string | null;
}

type Coder = "gzip" | "deflate" | "br" | "zstd";

const NAMES: Readonly<Record<string, Coder>> = {
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
      const coder = NAMES[name];
      if (coder === undefined) throw new Error(`unknown content-encoding ${name.slice(0, 40)}`);
      stage = await decodeStage(stage, coder, limitBytes);
    }
    return { ...stage, encoding, error: null };
  } catch (error) {
    return { bytes: wire, ends, encoding, error: (error as Error).message };
  }
}

/**
 * What can be read of a body with one encoding that `decodeBody` could not undo, up to its damage:
 * only to look whether something is hidden in there. Empty where nothing can be read at all.
 */
export async function decodePrefix(
  wire: Buffer,
  encodings: readonly string[],
  limitBytes: number,
): Promise<Buffer> {
  const coder = encodings.length === 1 ? NAMES[encodings[0] ?? ""] : undefined;
  if (coder === undefined) return Buffer.alloc(0);
  const stream = makeStream(coder, wire);
  const pieces: Buffer[] = [];
  let total = 0;
  await new Promise<void>((done) => {
    stream.on("error", () => done());
    stream.on("end", () => done());
    stream.on("data", (piece: Buffer) => {
      pieces.push(piece);
      total += piece.length;
      if (total > limitBytes) done();
    });
    // No end: with one, what is missing would be an error before the last bytes are given out.
    stream.write(wire, () => done());
  });
  stream.destroy();
  return Buffer.concat(pieces).subarray(0, limitBytes);
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
  const options = { maxOutputLength: Math.max(1, limitBytes) };
  try {
    if (coder === "gzip") return zlib.gunzipSync(bytes, options);
    if (coder === "br") return zlib.brotliDecompressSync(bytes, options);
    if (coder === "zstd") return zlib.zstdDecompressSync(bytes, { ...ZSTD_OPTIONS, ...options });
    return isZlib(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limitBytes);
    throw error;
  }
}

/** "deflate" means zlib (RFC 1950), but some servers send raw deflate under that name. */
function isZlib(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8 && bytes.length >= 2 && bytes.readUInt16BE(0) % 31 === 0;
}

function makeStream(coder: Coder, first: Buffer): zlib.Gunzip | zlib.BrotliDecompress {
  if (coder === "gzip") return zlib.createGunzip();
  if (coder === "br") return zlib.createBrotliDecompress();
  if (coder === "zstd") return zlib.createZstdDecompress(ZSTD_OPTIONS) as unknown as zlib.Gunzip;
  return isZlib(first) ? zlib.createInflate() : zlib.createInflateRaw();
}

async function decodeChunks(stage: Stage, coder: Coder, limitBytes: number): Promise<Stage> {
  const stream = makeStream(coder, stage.bytes);
  const pieces: Buffer[] = [];
  const ends: number[] = [];
  let total = 0;
  try {
    await new Promise<void>((done, failed) => {
      stream.on("error", failed);
      stream.on("end", done);
      stream.on("data", (piece: Buffer) => {
        total += piece.length;
        if (total > limitBytes) failed(tooLarge(limitBytes));
        else pieces.push(piece);
      });
      const feed = (index: number): void => {
        const end = stage.ends[index];
        if (end === undefined) {
          stream.end();
          return;
        }
        // A write calls back when all that can be decoded so far has been given out.
        stream.write(stage.bytes.subarray(stage.ends[index - 1] ?? 0, end), (error) => {
          if (error || total > limitBytes) return;
          ends.push(total);
          feed(index + 1);
        });
      };
      feed(0);
    });
  } finally {
    stream.destroy();
  }
  // What only came out at the very end belongs to the last chunk.
  ends[ends.length - 1] = total;
  return { bytes: Buffer.concat(pieces, total), ends };
}

function tooLarge(limitBytes: number): Error {
  return new Error(`decodes to more than ${limitBytes} bytes`);
}
