/**
 * The binary framing `application/vnd.amazon.eventstream` (Smithy 2.0 specification, "Amazon Event
 * Stream"): a message is
 *
 *   u32 total length │ u32 header length │ u32 CRC of these 8 bytes │ headers │ payload │ u32 CRC of all
 *
 * What always holds: both checksums (CRC-32, IEEE) are checked, a message that fails is left out and
 * noted, a damaged prelude ends the reading, a torn last message is left out. Never throws.
 */
import { crc32 } from "node:zlib";

export interface AwsMessage {
  /** String headers only: `:event-type`, `:message-type`, `:exception-type`, `:content-type` … */
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Buffer;
  /** Byte offset just after the message. */
  readonly end: number;
}

const PRELUDE = 12;
const TRAILER = 4;
/** The specification allows 24 MiB a message; more is damage. */
const MESSAGE_MAX = 24 * 1024 * 1024;

/** Whether the bytes open with a sound prelude. */
export function isAwsEventStream(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.length >= PRELUDE && preludeAt(buffer, 0) !== null;
}

function preludeAt(buffer: Buffer, at: number): { total: number; headers: number } | null {
  const total = buffer.readUInt32BE(at);
  const headers = buffer.readUInt32BE(at + 4);
  if (total < PRELUDE + TRAILER || total > MESSAGE_MAX) return null;
  if (headers > total - PRELUDE - TRAILER) return null;
  return crc32(buffer.subarray(at, at + 8)) === buffer.readUInt32BE(at + 8)
    ? { total, headers }
    : null;
}

/** Splits a body into messages; `notes` says what was damaged. */
export function readAwsMessages(bytes: Uint8Array): { messages: AwsMessage[]; notes: string[] } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: AwsMessage[] = [];
  const notes: string[] = [];
  let at = 0;
  while (at + PRELUDE <= buffer.length) {
    const prelude = preludeAt(buffer, at);
    if (prelude === null) {
      notes.push(`event stream damaged at byte ${at}: the prelude does not match its checksum`);
      return { messages, notes };
    }
    const end = at + prelude.total;
    if (end > buffer.length) break;
    if (crc32(buffer.subarray(at, end - TRAILER)) !== buffer.readUInt32BE(end - TRAILER)) {
      notes.push(`event stream message at byte ${at} does not match its checksum`);
    } else {
      const body = at + PRELUDE + prelude.headers;
      const headers = readHeaders(buffer.subarray(at + PRELUDE, body));
      messages.push({ headers, payload: buffer.subarray(body, end - TRAILER), end });
    }
    at = end;
  }
  if (at < buffer.length) notes.push(`event stream torn: ${buffer.length - at} bytes left over`);
  return { messages, notes };
}

/**
 * Makes the checksums of `after` right again where it differs from `before` by replacements of the
 * same length. Messages that were damaged before stay so.
 */
export function resealAwsMessages(before: Buffer, after: Buffer): void {
  let at = 0;
  while (at + PRELUDE <= after.length) {
    const prelude = preludeAt(before, at);
    if (prelude === null) return;
    const end = at + prelude.total;
    if (end > before.length || end > after.length) return;
    const sum = end - TRAILER;
    const wasSound = crc32(before.subarray(at, sum)) === before.readUInt32BE(sum);
    if (wasSound) after.writeUInt32BE(crc32(after.subarray(at, sum)), sum);
    at = end;
  }
}

/** Bytes of a header value by its type number; types 6 and 7 carry their own length. */
const VALUE_BYTES = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];

function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes[at]!;
    if (nameEnd >= bytes.length) break;
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const type = bytes[nameEnd]!;
    let start = nameEnd + 1;
    let size = VALUE_BYTES[type];
    if (size === undefined) break;
    if (size < 0) {
      if (start + 2 > bytes.length) break;
      size = bytes.readUInt16BE(start);
      start += 2;
    }
    if (start + size > bytes.length) break;
    if (type === 7) headers.set(name, bytes.toString("utf8", start, start + size));
    at = start + size;
  }
  return headers;
}
