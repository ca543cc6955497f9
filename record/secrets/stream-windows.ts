/**
 * Cuts a long stream into pieces that are put together one at a time, since its strings take many
 * times their bytes.
 *
 * Invariants: each piece begins before the end of the one before, by more events than a key
 * is ever said in, and where a line begins if there are any. Pure.
 */
import { LIMITS } from "../limits.ts";

const LF = 0x0a;

/** Byte ranges in order that cover all of it. */
export function* windowsOf(bytes: Buffer): Generator<{ from: number; to: number }> {
  const { streamWindowBytes: size, streamOverlapBytes: overlap } = LIMITS;
  for (let from = 0; ; ) {
    if (bytes.length - from <= size + overlap) {
      yield { from, to: bytes.length };
      return;
    }
    const to = lineStart(bytes, from + overlap, from + size);
    yield { from, to };
    from = lineStart(bytes, from, to - overlap);
  }
}

/** The last line that begins behind `least`, at `at` or before it; `at` itself where none does. */
function lineStart(bytes: Buffer, least: number, at: number): number {
  const end = bytes.subarray(least, at).lastIndexOf(LF);
  return end < 0 ? at : least + end + 1;
}
