/**
 * Lays a head, body chunks and their framing out for a socket: small ones in one piece of memory,
 * since copying them costs less than handing the kernel a list; large ones from where they lie.
 *
 * What always holds: the bytes are head, then each chunk (with its size line where the body is
 * chunked), then `end`, in this order and nothing else. Pure.
 */
import type { Socket } from "node:net";
import { headText } from "./headers.ts";

export type WriteDone = (error?: Error | null) => void;

/** Up to this size all is copied together. */
const TOGETHER_BYTES = 32 * 1024;
/** In a larger whole, neighbours below this size are. */
const SMALL_BYTES = 8 * 1024;

/** `head` and `end` are latin1 text, either may be empty. */
export function pieces(
  head: string,
  chunks: readonly Buffer[],
  chunked: boolean,
  end: string,
): Buffer[] {
  let bytes = head.length + end.length;
  for (const { length } of chunks) bytes += length + (chunked ? sizeLineBytes(length) + 2 : 0);
  if (bytes === 0) return [];
  if (bytes <= TOGETHER_BYTES)
    return [together(head, chunks, 0, chunks.length, chunked, end, bytes)];
  return apart(head, chunks, chunked, end);
}

/** Writes them with one system call; `done` is called when the kernel has it all. */
export function writePieces(socket: Socket, list: readonly Buffer[], done?: WriteDone): void {
  if (list.length > 1) socket.cork();
  for (let i = 0; i < list.length; i++) {
    if (done !== undefined && i === list.length - 1) socket.write(list[i] as Buffer, done);
    else socket.write(list[i] as Buffer);
  }
  if (list.length > 1) socket.uncork();
}

/** The end of a chunked body; `trailers` is flat. */
export function lastChunk(trailers: readonly string[]): string {
  return headText("0", trailers);
}

/** Large chunks stay where they are; what lies between them is copied together. */
function apart(head: string, chunks: readonly Buffer[], chunked: boolean, end: string): Buffer[] {
  const list: Buffer[] = [];
  let before = head;
  let from = 0;
  let bytes = before.length;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as Buffer;
    const framing = chunked ? sizeLineBytes(chunk.length) + 2 : 0;
    if (chunk.length < SMALL_BYTES) {
      bytes += chunk.length + framing;
      continue;
    }
    const sizeLine = chunked ? `${chunk.length.toString(16)}\r\n` : "";
    bytes += sizeLine.length;
    if (bytes > 0) list.push(together(before, chunks, from, i, chunked, sizeLine, bytes));
    list.push(chunk);
    before = chunked ? "\r\n" : "";
    bytes = before.length;
    from = i + 1;
  }
  bytes += end.length;
  if (bytes > 0) list.push(together(before, chunks, from, chunks.length, chunked, end, bytes));
  return list;
}

function together(
  head: string,
  chunks: readonly Buffer[],
  from: number,
  to: number,
  chunked: boolean,
  end: string,
  bytes: number,
): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  let at = head === "" ? 0 : out.write(head, 0, "latin1");
  for (let i = from; i < to; i++) {
    const chunk = chunks[i] as Buffer;
    if (chunked) at += out.write(`${chunk.length.toString(16)}\r\n`, at, "latin1");
    out.set(chunk, at);
    at += chunk.length;
    if (!chunked) continue;
    out[at++] = 13;
    out[at++] = 10;
  }
  if (end !== "") out.write(end, at, "latin1");
  return out;
}

/** Length of `1a2b\r\n`. */
function sizeLineBytes(length: number): number {
  let digits = 1;
  for (let rest = length >>> 4; rest > 0; rest >>>= 4) digits++;
  return digits + 2;
}
