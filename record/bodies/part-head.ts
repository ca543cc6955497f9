/**
 * How the part lines begin that this version writes, read byte by byte where they lie: an index
 * looks at every part line of a file, and needs a number and a digest of each.
 *
 *   {"type":"part","n":2,"sha256":"…","json":
 *   {"type":"part","n":5,"sha256":"…","crc32":"9a3f01c2","zstd":
 *
 * What always holds: a line is only read where all of it up to the payload is written just so; for
 * any other line there is viewPartLine in part-line.ts.
 */
export type Payload = "json" | "text" | "base64" | "zstd";

/** Hex digits of a digest and of a checksum. */
export const DIGEST_LENGTH = 64;
export const CRC_LENGTH = 8;

const START = Buffer.from('{"type":"part","n":');
const DIGEST = Buffer.from(',"sha256":"');
const CRC = Buffer.from('"crc32":"');
const NEXT = Buffer.from('",');
const FORMS: readonly (readonly [Payload, Buffer])[] = (
  ["json", "zstd", "text", "base64"] as const
).map((form) => [form, Buffer.from(`"${form}":`)]);
const DIGITS_MAX = 9;
const CLOSE_OBJECT = 0x7d;

/** Which bytes are hex digits, lower case. */
const HEX = new Uint8Array(256);
for (const digit of Buffer.from("0123456789abcdef")) HEX[digit] = 1;

/** Where the members of a part line stand. One object serves for line after line. */
export class PartHead {
  n = 0;
  digestAt = 0;
  /** -1 where there is no checksum. */
  crcAt = -1;
  form: Payload = "json";
  /** The payload ends before the line's last byte. */
  payloadAt = 0;

  /** Whether the line (without LF) is a part line as this version writes it. */
  read(line: Uint8Array): boolean {
    if (line[line.length - 1] !== CLOSE_OBJECT || !has(line, 0, START)) return false;
    let at = this.#number(line, START.length);
    if (at < 0 || !has(line, at, DIGEST)) return false;
    this.digestAt = at + DIGEST.length;
    at = endOfHex(line, this.digestAt, DIGEST_LENGTH);
    if (at < 0) return false;
    this.crcAt = -1;
    if (has(line, at, CRC)) {
      this.crcAt = at + CRC.length;
      at = endOfHex(line, this.crcAt, CRC_LENGTH);
      if (at < 0) return false;
    }
    for (const [form, key] of FORMS) {
      if (!has(line, at, key)) continue;
      this.form = form;
      this.payloadAt = at + key.length;
      return this.payloadAt < line.length - 1;
    }
    return false;
  }

  /** Offset behind the part's number; -1 where there is none. */
  #number(line: Uint8Array, start: number): number {
    let n = 0;
    let at = start;
    for (; at < start + DIGITS_MAX; at++) {
      const digit = line[at]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      n = n * 10 + digit;
    }
    this.n = n;
    return n === 0 || line[start] === 48 ? -1 : at;
  }
}

function has(line: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (line[at + i] !== text[i]) return false;
  return true;
}

/** Offset of the next member behind so many hex digits and `",`; -1 where they are not there. */
function endOfHex(line: Uint8Array, start: number, length: number): number {
  const end = start + length;
  for (let i = start; i < end; i++) if (HEX[line[i]!] !== 1) return -1;
  return has(line, end, NEXT) ? end + NEXT.length : -1;
}
