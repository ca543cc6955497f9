/**
 * The lines that hold parts.
 *
 *   {"type":"part","n":2,"sha256":"…","json":{"role":"user","content":"fix the test"}}
 *   {"type":"part","n":3,"sha256":"…","text":"not JSON, or JSON over several lines"}
 *   {"type":"part","n":4,"sha256":"…","base64":"/9j/4AAQ"}
 *   {"type":"part","n":5,"sha256":"…","crc32":"9a3f01c2","zstd":"KLUv/SAD…"}
 *
 * Invariants: the payload is the last member; a `json` payload is the part's own bytes and is
 * sliced out, never parsed and written again; `sha256` is over the bytes that the part stands for
 * (for `zstd`: over what it decompresses to, while `crc32` is over the base64 text).
 */
import { isUtf8 } from "node:buffer";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { crcHex, oneLineJson } from "../format/json-line.ts";
import { LIMITS } from "../limits.ts";
import { JsonScanner } from "./json-scanner.ts";
import { makeRoom } from "./make-room.ts";
import { CRC_LENGTH, DIGEST_LENGTH, PartHead, type Payload } from "./part-head.ts";

/** A part line as it stands in a file; `payload` is its raw JSON text. */
export interface PartLineView {
  readonly n: number;
  readonly sha256: string;
  readonly form: Payload;
  readonly payload: Buffer;
  /** Names of the members before the payload, in order. */
  readonly members: readonly string[];
  readonly crc32: string | null;
}

const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const NEWLINES = [Buffer.from("\n"), Buffer.from("\r")];
const SEPARATORS = ["\u2028", "\u2029", "\u0085"].map((c) => Buffer.from(c));

const head = (n: number, sha256: string) => `{"type":"part","n":${n},"sha256":"${sha256}",`;

/**
 * The line of part `n`, LF included. `json` says that `bytes` are known to be one valid JSON value;
 * they are written as `json` where they also fit on one line.
 */
export function partLine(n: number, sha256: string, bytes: Buffer, json: boolean): Buffer {
  const start = head(n, sha256);
  if (!isUtf8(bytes)) return Buffer.from(`${start}"base64":"${bytes.toString("base64")}"}\n`);
  if (json && isOneLine(bytes)) {
    return Buffer.concat([Buffer.from(`${start}"json":`), bytes, Buffer.from("}\n")]);
  }
  const text = bytes.length <= LIMITS.textPartBytes ? oneLineJson(bytes.toString()) : null;
  if (text === null) return Buffer.from(`${start}"base64":"${bytes.toString("base64")}"}\n`);
  return Buffer.from(`${start}"text":${text}}\n`);
}

/** The line of part `n` with its bytes compressed, LF included. */
export function zstdLine(n: number, sha256: string, bytes: Buffer): Buffer {
  const params = { [constants.ZSTD_c_compressionLevel]: LIMITS.zstdLevel };
  const base64 = zstdCompressSync(bytes, { params }).toString("base64");
  return Buffer.from(`${head(n, sha256)}"crc32":"${crcHex(base64)}","zstd":"${base64}"}\n`);
}

/** Whether no character in them ends a line, for anybody. */
export function isOneLine(bytes: Buffer): boolean {
  return ![...NEWLINES, ...SEPARATORS].some((c) => bytes.includes(c));
}

/** Reads a part line (without LF); null where it is damaged or is none. */
export function viewPartLine(line: Buffer): PartLineView | null {
  if (line[0] !== OPEN_OBJECT || line.at(-1) !== CLOSE_OBJECT) return null;
  return HEAD.read(line) ? viewWritten(line, HEAD) : viewAnyPartLine(line);
}

const HEAD = new PartHead();

function viewWritten(line: Buffer, { n, digestAt, crcAt, form, payloadAt }: PartHead) {
  return {
    n,
    sha256: line.toString("latin1", digestAt, digestAt + DIGEST_LENGTH),
    form,
    payload: line.subarray(payloadAt, line.length - 1),
    members: crcAt < 0 ? MEMBERS : CHECKED_MEMBERS,
    crc32: crcAt < 0 ? null : line.toString("latin1", crcAt, crcAt + CRC_LENGTH),
  };
}

const MEMBERS = ["type", "n", "sha256"];
const CHECKED_MEMBERS = [...MEMBERS, "crc32"];

/** The same for a line with other members, spaces, or another order. */
function viewAnyPartLine(line: Buffer): PartLineView | null {
  const scanner = new JsonScanner(line);
  const members: string[] = [];
  let n = 0;
  let sha256 = "";
  let crc32: string | null = null;
  let i = scanner.space(1);
  while (i < line.length - 1) {
    const keyEnd = line[i] === 0x22 ? scanner.string(i) : -1;
    const colon = keyEnd < 0 ? -1 : scanner.space(keyEnd);
    if (colon < 0 || line[colon] !== COLON) return null;
    const key = line.toString("utf8", i + 1, keyEnd - 1);
    if (isPayload(key)) {
      const payload = line.subarray(colon + 1, line.length - 1);
      const isNumbered = Number.isInteger(n) && n >= 1 && n <= PART_NUMBER_MAX;
      if (members[0] !== "type" || !isNumbered || sha256 === "") return null;
      if (payload.length === 0) return null;
      return { n, sha256, form: key, payload, members, crc32 };
    }
    const start = scanner.space(colon + 1);
    const end = scanner.value(start);
    if (end < 0) return null;
    const value = line.toString("utf8", start, end);
    members.push(key);
    if (key === "type" && value !== '"part"') return null;
    if (key === "n") n = Number(value);
    if (key === "sha256") sha256 = value.slice(1, -1);
    if (key === "crc32") crc32 = value.slice(1, -1);
    i = scanner.space(end);
    if (line[i] !== COMMA) return null;
    i = scanner.space(i + 1);
  }
  return null;
}

/** A file of that many parts could not be stored; whoever counts on must still count exactly. */
const PART_NUMBER_MAX = 1e12;

const isPayload = (key: string): key is Payload =>
  key === "json" || key === "text" || key === "base64" || key === "zstd";

/** The bytes that the part stands for. Throws SyntaxError or a zlib error where it is damaged. */
export function partBytes(view: PartLineView): Buffer {
  if (view.form === "json") return view.payload;
  const text: unknown = JSON.parse(view.payload.toString());
  if (typeof text !== "string")
    throw new SyntaxError(`${view.form} of part ${view.n} is no string`);
  if (view.form === "text") return Buffer.from(text);
  const bytes = Buffer.from(text, "base64");
  return view.form === "base64" ? bytes : unpackedPart(bytes);
}

/**
 * The bytes of a compressed part. Throws where they are damaged or come to more than
 * `partDecodeBytes` of LIMITS: a few kilobytes can stand for gigabytes, and no recorded part does.
 */
function unpackedPart(packed: Buffer): Buffer {
  const { partDecodeBytes: maxOutputLength } = LIMITS;
  try {
    return zstdDecompressSync(packed, { maxOutputLength });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw cause;
    // What was decompressed for nothing is to be gone before the next one is tried.
    makeRoom(maxOutputLength);
    const message = `${packed.length} bytes that decompress to more than ${maxOutputLength}`;
    throw new RangeError(message, { cause });
  }
}

/**
 * Whether the line is, byte for byte, what the writer would write for these bytes. A line with
 * members of a later version is only judged by its digests.
 */
export function isFaithful(line: Buffer, view: PartLineView, bytes: Buffer): boolean {
  if (view.form === "zstd") {
    const base64 = view.payload.toString("latin1", 1, view.payload.length - 1);
    return view.crc32 === crcHex(base64);
  }
  if (view.members.length > 3) return true;
  const payload = rewritten(view, bytes);
  const start = head(view.n, view.sha256);
  return line.length === start.length + view.form.length + 3 + payload.length + 1
    ? line.equals(
        Buffer.concat([Buffer.from(`${start}"${view.form}":`), payload, Buffer.from("}")]),
      )
    : false;
}

function rewritten(view: PartLineView, bytes: Buffer): Buffer {
  if (view.form === "json") return bytes;
  if (view.form === "text") return Buffer.from(oneLineJson(bytes.toString()));
  return Buffer.from(`"${bytes.toString("base64")}"`);
}
