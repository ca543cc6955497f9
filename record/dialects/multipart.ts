/**
 * Reads the text fields of a multipart/form-data body (RFC 7578), which image and audio calls use:
 * files are named and measured, never copied.
 *
 * What always holds: linear in the bytes, at most LIMITS.formPartCount parts, never throws; what is
 * no form gives undefined.
 */
import { LIMITS } from "../limits.ts";
import { get, type JsonObject, put } from "./json.ts";

/** Fields by name: text as string, a file as `{filename, type, bytes}`; repeated names as a list. */
export function readForm(bytes: Uint8Array, contentType: string | null): JsonObject | undefined {
  if (!/multipart\/form-data/i.test(contentType ?? "multipart/form-data")) return undefined;
  const boundary = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType ?? "");
  const mark = boundary?.[1] ?? boundary?.[2] ?? markOf(bytes);
  if (mark === null) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`--${mark}`);
  const form: JsonObject = {};
  let at = buffer.indexOf(delimiter);
  for (let parts = 0; at >= 0 && parts < LIMITS.formPartCount; parts++) {
    const start = at + delimiter.length;
    const next = buffer.indexOf(delimiter, start);
    if (next < 0) break;
    addPart(form, buffer.subarray(start, next));
    at = next;
  }
  return Object.keys(form).length > 0 ? form : undefined;
}

/** A form opens with its boundary: that serves where the content type got lost. */
function markOf(bytes: Uint8Array): string | null {
  if (bytes[0] !== 45 || bytes[1] !== 45) return null;
  const head = Buffer.from(bytes.subarray(0, 256)).toString("latin1");
  const line = /^--([^\r\n]{1,200})\r?\n/.exec(head)?.[1];
  return line !== undefined && /content-disposition/i.test(head.slice(line.length)) ? line : null;
}

function addPart(form: JsonObject, part: Buffer): void {
  const crlf = part.indexOf("\r\n\r\n");
  const split = crlf >= 0 ? crlf : part.indexOf("\n\n");
  if (split < 0) return;
  const head = part.toString("utf8", 0, split);
  const end = part.at(-2) === 13 ? part.length - 2 : part.length - 1;
  const body = part.subarray(split + (crlf >= 0 ? 4 : 2), Math.max(end, 0));
  const name = /;\s*name="([^"\r\n]*)"/i.exec(head)?.[1] ?? /;\s*name=([^;\s]+)/i.exec(head)?.[1];
  if (name === undefined) return;
  const filename = /;\s*filename="([^"\r\n]*)"/i.exec(head)?.[1];
  const type = /^content-type:\s*([^\r\n]+)/im.exec(head)?.[1] ?? null;
  const value =
    filename === undefined ? body.toString("utf8") : { filename, type, bytes: body.length };
  const before = get(form, name);
  if (before === undefined) put(form, name, value);
  else put(form, name, Array.isArray(before) ? [...before, value] : [before, value]);
}
