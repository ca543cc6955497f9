/**
 * `cat --expand`: an exchange as one self-contained line of JSON, for jq, DuckDB, Spark.
 *
 *   body            {"bytes":12,"sha256":"…","text":"{\"a\":1e400}","json":{"a":1e400}}
 *                   {"bytes":4,"sha256":"…","base64":"/9j/4A=="}
 *   streamed body   {"bytes":90,"sha256":"…","chunks":[[412.08,"data: …"],[431.5,{"base64":"8J+Y"}]]}
 *   assembled       the message itself
 *
 * Invariants: `json` is the body's own text (duplicate keys, big numbers), only made to fit
 * on one line; it is left out where the body is no JSON or nests deeper than readers can be asked to.
 */
import { isUtf8 } from "node:buffer";
import { isShallowJson } from "../bodies/json-scanner.ts";
import { isOneLine } from "../bodies/part-line.ts";
import { oneLineJson } from "../format/json-line.ts";
import type { Body, ExchangeLine } from "../format/schema.ts";

/** What expanding needs of a reader. */
export interface BodySource {
  requestBody(x: ExchangeLine): Buffer | null;
  responseBody(x: ExchangeLine): Buffer | null;
  chunkLines(x: ExchangeLine): Buffer | null;
  assembled(x: ExchangeLine): string | null;
}

/** JSON text in pieces, made as they are asked for: a line is several times as long as its bodies. */
type Pieces = Iterable<Buffer>;

/** The line, without LF. Throws capture-damaged where a body cannot be read, before its first piece. */
export function expandLine(x: ExchangeLine, source: BodySource): Pieces {
  const { crc32: _, ...exchange } = x;
  const request = rawObject({
    ...x.request,
    body: x.request.body && plainBody(x.request.body, source.requestBody(x)),
  });
  if (x.response === null) return rawObject({ ...exchange, request });
  const assembled = source.assembled(x);
  const response = rawObject({
    ...x.response,
    body: x.response.body && responseBody(x, x.response.body, source),
    ...(assembled !== null && { assembled: [Buffer.from(assembled)] }),
  });
  return rawObject({ ...exchange, request, response });
}

function responseBody(x: ExchangeLine, body: Body, source: BodySource): Pieces | null {
  const lines = source.chunkLines(x);
  if (lines === null) return plainBody(body, source.responseBody(x));
  return rawObject({ ...members(body), chunks: asList(lines) });
}

/** Each line is JSON already: with commas for their ends they are a list. */
function* asList(lines: Buffer): Pieces {
  yield Buffer.from("[");
  const length = lines.at(-1) === LF ? lines.length - 1 : lines.length;
  for (let from = 0; from < length; from += PIECE_BYTES) {
    const piece = Buffer.from(lines.subarray(from, Math.min(length, from + PIECE_BYTES)));
    for (let at = piece.indexOf(LF); at >= 0; at = piece.indexOf(LF, at + 1)) piece[at] = COMMA;
    yield piece;
  }
  yield Buffer.from("]");
}

function plainBody(body: Body, bytes: Buffer | null): Pieces | null {
  if (bytes === null) return null;
  const rest = members(body);
  if (!isUtf8(bytes)) return rawObject({ ...rest, base64: base64Of(bytes) });
  const json = jsonOnOneLine(bytes);
  return rawObject({ ...rest, text: textOf(bytes), ...(json && { json: [json] }) });
}

function* base64Of(bytes: Buffer): Pieces {
  yield QUOTE;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield Buffer.from(bytes.toString("base64", at, at + PIECE_BYTES), "latin1");
  }
  yield QUOTE;
}

function* textOf(bytes: Buffer): Pieces {
  yield QUOTE;
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(bytes.length, from + PIECE_BYTES);
    // Not in the middle of a character.
    while (to < bytes.length && (bytes[to]! & 0xc0) === 0x80) to -= 1;
    yield Buffer.from(oneLineJson(bytes.toString("utf8", from, to)).slice(1, -1));
    from = to;
  }
  yield QUOTE;
}

/** Three divides it: base64 of the pieces is that of the whole. */
const PIECE_BYTES = 3 * 256 * 1024;
const QUOTE = Buffer.from('"');

function members({ parts: _parts, chunks: _chunks, ...rest }: Body) {
  return rest;
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LF = 0x0a;
const COMMA = 0x2c;

/** JSON of an object in which pieces stand for a value that is already JSON text. */
function* rawObject(members: Readonly<Record<string, unknown>>): Pieces {
  let isFirst = true;
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined) continue;
    yield Buffer.from(`${isFirst ? "{" : ","}${oneLineJson(key)}:`);
    isFirst = false;
    if (isPieces(value)) yield* value;
    else yield Buffer.from(oneLineJson(value));
  }
  yield Buffer.from(isFirst ? "{}" : "}");
}

/** A generator, or a list of one Buffer; members of a line are plain JSON. */
function isPieces(value: unknown): value is Pieces {
  if (Array.isArray(value)) return Buffer.isBuffer(value[0]);
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

/** The bytes as JSON on one line; null where they are no JSON or too deep. */
function jsonOnOneLine(bytes: Buffer): Buffer | null {
  if (!isShallowJson(bytes)) return null;
  if (bytes[0] === OPEN_OBJECT && bytes.at(-1) === CLOSE_OBJECT && isOneLine(bytes)) return bytes;
  // Raw line ends are white space here; the separators can only stand inside strings.
  const text = bytes.toString().replace(/[\r\n]/g, " ");
  return Buffer.from(text.replace(/[\u0085\u2028\u2029]/g, (c) => JSON_ESCAPES[c]!).trim());
}

const JSON_ESCAPES: Record<string, string> = {
  "\u0085": "\\u0085",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};
