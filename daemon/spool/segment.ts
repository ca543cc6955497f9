/**
 * The segment file of the spool: its bytes, and nothing else. Pure: data in, data out.
 *
 * A segment is `NNNNNNNNNNNN.seg`: one header, then frames without gaps. All numbers little-endian.
 *
 *   segment header (32 bytes)                       frame (24 bytes, then the payload)
 *    0  "CNSPOOL"    magic                           0  u32  payload length in bytes
 *    7  u8           version, 1                      4  u32  crc32 of bytes 8 … end of payload
 *    8  u64          segment number                  8  u8   kind (0 is the spool's own: gap)
 *   16  8 bytes      run id: who wrote it            9  3 bytes zero
 *   24  u32          numbers it stands for, see below 12  u32  exchange number, unique within a run
 *   28  u32          crc32 of bytes 0 … 27          16  f64  milliseconds since the exchange began
 *
 * As the writer makes it a segment stands for itself (0 at byte 24). One that the filer has written
 * anew, with only the frames that are still needed, counts how many numbers up to its own it stands
 * for: whatever is left under those is the same once more.
 *
 * Invariants: a frame whose checksum does not fit is where the segment ends; a stretch of
 * zeros (what a crashed file system leaves behind) never passes for a frame. The numbers of the
 * kinds other than gap belong to whoever appends; the spool does not look into payloads.
 */
import { crc32 } from "node:zlib";

export const SEGMENT_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
const MAGIC = Buffer.from("CNSPOOL\x01", "latin1");

/** Kind of the frame that the writer puts in where frames of an exchange could not be written. */
export const GAP_KIND = 0;

/** What a segment's first 32 bytes say. `run` is 16 hex digits, new for each start of a writer. */
export interface SegmentHeader {
  readonly number: number;
  readonly run: string;
  /** Numbers up to its own that it stands for; 0 where it is as the writer made it. */
  readonly standsFor?: number;
}

/** One frame as read; `bytes` is its whole length in the segment, header included. */
export interface FrameHeader {
  readonly kind: number;
  readonly exchange: number;
  readonly at: number;
  readonly payloadBytes: number;
  readonly crc: number;
}

/** `000000000042.seg` for 42: names sort as their numbers do. */
export function segmentName(number: number): string {
  return `${String(number).padStart(12, "0")}.seg`;
}

/** The number in a segment's file name; null for any other name. */
export function segmentNumber(name: string): number | null {
  return /^\d{12}\.seg$/.test(name) ? Number(name.slice(0, 12)) : null;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const out = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(out, 0);
  out.writeBigUInt64LE(BigInt(header.number), 8);
  out.write(header.run, 16, 8, "hex");
  out.writeUInt32LE(header.standsFor ?? 0, 24);
  out.writeUInt32LE(crc32(out.subarray(0, 28)), 28);
  return out;
}

/** null where these are not the first 32 bytes of a segment of this version. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | null {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) return null;
  return {
    number: Number(bytes.readBigUInt64LE(8)),
    run: bytes.toString("hex", 16, 24),
    standsFor: bytes.readUInt32LE(24),
  };
}

/**
 * Writes a frame header at `offset` of `target`, all but the checksum, which `sealFrame` fills in
 * once the payload is known. Writes into memory that the caller reuses: nothing is allocated.
 */
export function putFrameHeader(
  target: Buffer,
  offset: number,
  kind: number,
  exchange: number,
  at: number,
  payloadBytes: number,
): void {
  target.writeUInt32LE(payloadBytes, offset);
  target.writeUInt32LE(kind, offset + 8);
  target.writeUInt32LE(exchange, offset + 12);
  target.writeDoubleLE(at, offset + 16);
}

/** Checksum over header and payload where both lie in one piece of memory. */
export function sealFrame(target: Buffer, offset: number, payloadBytes: number): void {
  const end = offset + FRAME_HEADER_BYTES + payloadBytes;
  target.writeUInt32LE(crc32(target.subarray(offset + 8, end)), offset + 4);
}

/** Checksum where the payload lies elsewhere. */
export function sealFrameWith(target: Buffer, offset: number, payload: Uint8Array): void {
  const head = crc32(target.subarray(offset + 8, offset + FRAME_HEADER_BYTES));
  target.writeUInt32LE(crc32(payload, head), offset + 4);
}

/** Reads the 24 bytes at `offset`; the caller sees to it that they are there. */
export function readFrameHeader(bytes: Buffer, offset: number): FrameHeader {
  return {
    payloadBytes: bytes.readUInt32LE(offset),
    crc: bytes.readUInt32LE(offset + 4),
    kind: bytes.readUInt32LE(offset + 8),
    exchange: bytes.readUInt32LE(offset + 12),
    at: bytes.readDoubleLE(offset + 16),
  };
}

/** True where the frame that starts at `offset` lies whole within `bytes` and its checksum fits. */
export function frameIsSound(bytes: Buffer, offset: number, header: FrameHeader): boolean {
  const end = offset + FRAME_HEADER_BYTES + header.payloadBytes;
  return end <= bytes.length && crc32(bytes.subarray(offset + 8, end)) === header.crc;
}
