/**
 * `cat --expand`: an exchange as one self-contained line of JSON, for jq, DuckDB, Spark.
 *
 *   body            {"bytes":12,"sha256":"…","text":"{\"a\":1e400}","json":{"a":1e400}}
 *                   {"bytes":4,"sha256":"…","base64":"/9j/4A=="}
 *   streamed body   {"bytes":90,"sha256":"…","chunks":[[412.08,"data: …"],[431.5,{"base64":"8J+Y"}]]}
 *   assembled       the message itself
 *
 * What always holds: `json` is the body's own text (duplicate keys, big numbers), only made to fit
 * on one line; it is left out where the body is no JSON or nests deeper than readers can be asked to.
 */
import { isUtf8 } from "node:buffer";
import type { Chunk } from "../bodies/chunks.ts";
import { isShallowJson } from "../bodies/json-scanner.ts";
import { oneLineJson } from "../format/json-line.ts";
import type { Body, ExchangeLine } from "../format/schema.ts";

/** What expanding needs of a reader. */
export interface BodySource {
  requestBody(x: ExchangeLine): Buffer | null;
  responseBody(x: ExchangeLine): Buffer | null;
  chunks(x: ExchangeLine): Chunk[] | null;
  assembled(x: ExchangeLine): string | null;
}

/** The line, without LF. Throws capture-damaged where a body cannot be read. */
export function expandLine(x: ExchangeLine, source: BodySource): Buffer {
  const { crc32: _, ...exchange } = x;
  const request = rawObject({
    ...x.request,
    body: expandedBody(x.request.body, source.requestBody(x), null),
  });
  if (x.response === null) return rawObject({ ...exchange, request });
  const assembled = source.assembled(x);
  const response = rawObject({
    ...x.response,
    body: expandedBody(x.response.body, source.responseBody(x), source.chunks(x)),
    ...(assembled !== null && { assembled: Buffer.from(assembled) }),
  });
  return rawObject({ ...exchange, request, response });
}

function expandedBody(body: Body | null, bytes: Buffer | null, chunks: Chunk[] | null) {
  if (body === null || bytes === null) return null;
  const { parts: _parts, chunks: _chunks, ...rest } = body;
  if (chunks) return rawObject({ ...rest, chunks: chunks.map(shownChunk) });
  if (!isUtf8(bytes)) return rawObject({ ...rest, base64: bytes.toString("base64") });
  const json = jsonOnOneLine(bytes);
  return rawObject({ ...rest, text: bytes.toString(), ...(json && { json }) });
}

/** JSON of an object in which a Buffer stands for a value that is already JSON text. */
function rawObject(members: Readonly<Record<string, unknown>>): Buffer {
  const pieces: Buffer[] = [];
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined) continue;
    pieces.push(Buffer.from(`${pieces.length === 0 ? "{" : ","}${oneLineJson(key)}:`));
    pieces.push(Buffer.isBuffer(value) ? value : Buffer.from(oneLineJson(value)));
  }
  pieces.push(Buffer.from(pieces.length === 0 ? "{}" : "}"));
  return Buffer.concat(pieces);
}

function shownChunk([ms, bytes, from]: Chunk) {
  const data = isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString("base64") };
  return from ? [ms, data, from] : [ms, data];
}

/** The bytes as JSON on one line; null where they are no JSON or too deep. */
function jsonOnOneLine(bytes: Buffer): Buffer | null {
  if (!isShallowJson(bytes)) return null;
  // Raw line ends are white space here; the separators can only stand inside strings.
  const text = bytes.toString().replace(/[\r\n]/g, " ");
  return Buffer.from(text.replace(/[\u0085\u2028\u2029]/g, (c) => JSON_ESCAPES[c]!).trim());
}

const JSON_ESCAPES: Record<string, string> = {
  "\u0085": "\\u0085",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};
