/**
 * Files of any length in pieces of whole lines, for who looks through them: memory is one piece and
 * the longest line.
 *
 * Invariants: each piece begins with the last lines of the one before, so that what stands on
 * several lines is whole in one of them; no byte is left out. It must never write.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { CodedError } from "../record/errors.ts";
import { LIMITS } from "../record/limits.ts";
import { inLine } from "./printable.ts";

/** Lines of a file, and how many of its lines stand above them. */
export interface FilePiece {
  readonly bytes: Buffer;
  readonly above: number;
}

const LF = 0x0a;

/** Throws scan-refused where a line is too long to be looked at, and what the file system throws. */
export function* piecesOf(path: string): Generator<FilePiece> {
  const { scanPieceBytes, scanOverlapBytes } = LIMITS;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const size = fstatSync(fd).size;
    let above = 0;
    for (let from = 0, wanted = scanPieceBytes; from < size || from === 0; ) {
      const bytes = readAt(fd, from, Math.min(wanted, size - from));
      const isLast = from + bytes.length >= size || bytes.length < wanted;
      const end = isLast ? bytes.length : bytes.lastIndexOf(LF) + 1;
      if (end <= scanOverlapBytes && !isLast) {
        wanted *= 2;
        if (wanted <= LIMITS.captureLineBytes * 2) continue;
        throw new CodedError("scan-refused", `${inLine(path)}: a line too long to be looked at`);
      }
      yield { bytes: bytes.subarray(0, end), above };
      if (isLast) return;
      // The last lines once more, but fewer than would keep the next piece from going on.
      const again = bytes.indexOf(LF, end - 1 - scanOverlapBytes) + 1;
      above += lineEnds(bytes, again);
      from += again;
      wanted = scanPieceBytes;
    }
  } finally {
    closeSync(fd);
  }
}

function lineEnds(bytes: Buffer, before: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0 && at < before; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

function readAt(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const more = readSync(fd, bytes, got, length - got, from + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}
