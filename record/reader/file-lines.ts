/**
 * The lines of a file with their byte offsets, read in blocks: memory is one block and the longest
 * line, however large the file.
 *
 * What always holds: only complete lines (those that end with LF) are given; what follows the last
 * LF is a torn line, reported by its offset. The file is opened for reading only and closed.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";

const BLOCK_BYTES = 1024 * 1024;
const LF = 0x0a;

/**
 * Calls `visit` with each line without its LF and the offset at which it begins; the buffer is only
 * good until `visit` returns. Returns the bytes of complete lines and the file's size: they differ
 * where the last line is torn. Throws what the file system throws.
 */
export function eachLine(
  path: string,
  visit: (line: Buffer, offset: number) => void,
): { complete: number; size: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    let buffer: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    let filled = 0;
    let base = 0;
    for (;;) {
      if (filled === buffer.length) buffer = widened(buffer);
      const got = readSync(fd, buffer, filled, buffer.length - filled, base + filled);
      if (got === 0) return { complete: base, size: base + filled };
      const searchFrom = filled;
      filled += got;
      let start = 0;
      const block = buffer.subarray(0, filled);
      let end = block.indexOf(LF, searchFrom);
      while (end >= 0) {
        visit(block.subarray(start, end), base + start);
        start = end + 1;
        end = block.indexOf(LF, start);
      }
      buffer.copyWithin(0, start, filled);
      base += start;
      filled -= start;
    }
  } finally {
    closeSync(fd);
  }
}

function widened(buffer: Buffer): Buffer {
  const wider = Buffer.allocUnsafe(buffer.length * 2);
  buffer.copy(wider);
  return wider;
}
