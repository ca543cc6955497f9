/**
 * One line of a capture file that is not a part: plain JSON with a checksum as its last member.
 *
 *   {"type":"exchange","id":"01K…",…,"crc32":"9a3f01c2"}
 *
 * What always holds: one line for every line reader (U+2028, U+2029 and U+0085 are escaped, as JSON
 * itself escapes CR and LF). `crc32` is over all bytes of the line before `,"crc32":`; it is there
 * because nothing else covers a header, a time or a label, and `verify` names every flipped byte.
 * What would break it: re-serialising a line without computing it anew.
 */
import { crc32 } from "node:zlib";

const LINE_SEPARATORS = /[\u0085\u2028\u2029]/g;
const CHECK = /,"crc32":"([0-9a-f]{8})"\}$/;
/** Length of `,"crc32":"9a3f01c2"}`. */
const CHECK_LENGTH = 20;

/** Eight lower-case hex digits. */
export function crcHex(bytes: Uint8Array | string): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

/** JSON text on one line, for every notion of a line. */
export function oneLineJson(value: unknown): string {
  return JSON.stringify(value).replace(
    LINE_SEPARATORS,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The whole line with its checksum and LF. A `crc32` that `record` already has is replaced. */
export function checkedLine(record: Readonly<Record<string, unknown>>): Buffer {
  const { crc32: _, ...rest } = record;
  const open = oneLineJson(rest).slice(0, -1);
  return Buffer.from(`${open},"crc32":"${crcHex(open)}"}\n`);
}

/** Whether a line (without LF) ends with a checksum, and whether it is right. */
export function lineCheck(line: Buffer): "right" | "wrong" | "missing" {
  if (line.length < CHECK_LENGTH) return "missing";
  const at = line.length - CHECK_LENGTH;
  const match = CHECK.exec(line.toString("latin1", at));
  if (!match) return "missing";
  return match[1] === crcHex(line.subarray(0, at)) ? "right" : "wrong";
}
