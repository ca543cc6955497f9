/**
 * Replacements in bytes and in chunks of bytes: applied here, decided elsewhere. Edits come in order
 * and do not overlap; all bytes outside them stay.
 */

/** `[ms since the exchange began, bytes]`, as they arrived. */
export type Chunk = readonly [number, Buffer];

/** A replacement: bytes from `start` to `end` give way for `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function applyEdits(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of edits) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text, "latin1"));
    from = end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

/** Cuts the edited concatenation at the old chunk boundaries; a marker stays in one chunk. */
export function applyToChunks(
  chunks: readonly Chunk[],
  bytes: Buffer,
  edits: readonly Edit[],
): Chunk[] {
  const out: Chunk[] = [];
  let begin = 0;
  let next = 0;
  for (const [ms, chunk] of chunks) {
    const stop = begin + chunk.length;
    const pieces: Buffer[] = [];
    let from = begin;
    for (; next < edits.length && edits[next]!.start < stop; next += 1) {
      const { start, end, text } = edits[next]!;
      if (start >= begin) pieces.push(bytes.subarray(from, start), Buffer.from(text, "latin1"));
      from = Math.min(end, stop);
      if (end > stop) break;
    }
    pieces.push(bytes.subarray(from, stop));
    out.push([ms, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)]);
    begin = stop;
  }
  return out;
}

/** A marker of exactly the old length: cut, or filled up with asterisks. */
export function keepLength({ start, end, text }: Edit): Edit {
  return { start, end, text: text.slice(0, end - start).padEnd(end - start, "*") };
}
