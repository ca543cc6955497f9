/**
 * What requests and responses of HTTP/1.1 have in common on the wire: a head, then a body counted by
 * length, in chunks, or ended by the close (RFC 9112). Bytes in, calls out; no sockets, no time.
 *
 * Invariants: header names and values come out as sent (latin1 text), in order, none merged;
 * body bytes are handed on as views of the chunk that was pushed in, never copied; the framing is
 * read strictly, because what two readers read differently is how messages are smuggled. Anything
 * doubtful throws MessageError, and the connection is thrown away. What an incomplete head or line
 * costs is in proportion to its bytes, however small the pieces are in which it comes.
 */
import { LIMITS } from "../../record/limits.ts";

/** The bytes are not clean HTTP; `message` says what is wrong. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  /** The head is larger than is accepted; else it is malformed. */
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge = false) {
    super(message);
    this.tooLarge = tooLarge;
  }
}

type State = "head" | "length" | "size" | "chunk" | "chunkEnd" | "trailers" | "close" | "done";

const HEAD_END = Buffer.from("\r\n\r\n");
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NO_TEXT = /[^\t\x20-\x7e\x80-\xff]/;
/** RFC 9112 §7.1.1, without the white space that other readers take for a part of the size. */
const CHUNK_SIZE =
  /^([0-9A-Fa-f]{1,13})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/;
const FRAMING = /^(?:content-length|transfer-encoding)$/i;
const LF = 10;
const CR = 13;
const TAB = 9;
/** Longest chunk-size line with extensions. */
const SIZE_LINE_BYTES_MAX = 4096;
const NO_TRAILERS: string[] = [];

export abstract class MessageReader {
  protected state: State = "done";
  /** Bytes that are left of the body, or of its chunk. */
  protected remaining = 0;
  private readonly held = new Held();
  private afterCr = false;
  private trailerLines: string[] = NO_TRAILERS;
  private trailerBytes = 0;

  /** The text of a head without its empty line; sets `state` to what comes next. */
  protected abstract headText(text: string): void;
  /** Throws where these bytes cannot be the beginning of a head. */
  protected abstract checkBeginning(bytes: Buffer): void;
  protected abstract body(chunk: Buffer): void;

  get done(): boolean {
    return this.state === "done";
  }

  /** True between messages and while nothing of the next one has come. */
  get untouched(): boolean {
    return this.state === "done" || (this.state === "head" && this.held.length === 0);
  }

  protected restart(): void {
    this.state = "head";
    this.held.clear();
    this.afterCr = false;
    this.trailerLines = NO_TRAILERS;
    this.trailerBytes = 0;
  }

  protected get trailers(): string[] {
    return this.trailerLines;
  }

  /** Reads up to the end of the message; gives the place behind what was read. */
  protected read(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.state !== "done") at = this.step(chunk, at);
    return at;
  }

  private step(chunk: Buffer, at: number): number {
    switch (this.state) {
      case "head":
        return this.readHead(chunk, at);
      case "length":
      case "chunk":
        return this.readCounted(chunk, at);
      case "close":
        this.body(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case "size":
        return this.readSize(chunk, at);
      case "chunkEnd":
        return this.readChunkEnd(chunk, at);
      default:
        return this.readTrailers(chunk, at);
    }
  }

  private readHead(chunk: Buffer, at: number): number {
    const { held } = this;
    if (held.length === 0) {
      const end = chunk.indexOf(HEAD_END, at);
      if (end !== -1 && end - at <= LIMITS.headBytes) {
        this.headText(chunk.toString("latin1", at, end));
        return end + HEAD_END.length;
      }
    }
    const before = held.length;
    held.add(chunk, at, chunk.length);
    const all = held.bytes;
    const end = all.indexOf(HEAD_END, Math.max(0, before - 3));
    if (end === -1 || end > LIMITS.headBytes) {
      if (all.length > LIMITS.headBytes) throw new MessageError("the head is over 64 KiB", true);
      this.checkBeginning(all);
      checkLines(all, before);
      return chunk.length;
    }
    const text = all.toString("latin1", 0, end);
    held.clear();
    this.headText(text);
    return at + end + HEAD_END.length - before;
  }

  private readCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.remaining);
    this.remaining -= end - at;
    if (this.remaining === 0) this.state = this.state === "length" ? "done" : "chunkEnd";
    this.body(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    return end;
  }

  private readSize(chunk: Buffer, at: number): number {
    const [line, next] = this.readLine(chunk, at, SIZE_LINE_BYTES_MAX, "chunk size");
    if (line === null) return next;
    const size = CHUNK_SIZE.exec(line);
    if (size === null) throw new MessageError(`odd chunk size ${quote(line)}`);
    this.remaining = Number.parseInt(size[1] as string, 16);
    this.state = this.remaining === 0 ? "trailers" : "chunk";
    return next;
  }

  private readChunkEnd(chunk: Buffer, at: number): number {
    if (chunk[at] !== (this.afterCr ? LF : CR)) {
      throw new MessageError("a chunk is longer than its size says");
    }
    if (this.afterCr) this.state = "size";
    this.afterCr = !this.afterCr;
    return at + 1;
  }

  private readTrailers(chunk: Buffer, at: number): number {
    const [line, next] = this.readLine(chunk, at, LIMITS.headBytes, "trailer");
    if (line === null) return next;
    if (line === "") {
      this.state = "done";
      return next;
    }
    if (this.trailerLines === NO_TRAILERS) this.trailerLines = [];
    pushHeader(line, "trailer", this.trailerLines);
    this.trailerBytes += line.length;
    const { trailerLines, trailerBytes } = this;
    if (trailerLines.length > LIMITS.headersCount * 2 || trailerBytes > LIMITS.headBytes) {
      throw new MessageError("too many trailers", true);
    }
    return next;
  }

  /** A line ended by CRLF, without it; null (and the rest held back) while it is not complete. */
  private readLine(
    chunk: Buffer,
    at: number,
    bytesMax: number,
    what: string,
  ): [line: string | null, next: number] {
    const { held } = this;
    const lf = chunk.indexOf(LF, at);
    const end = lf === -1 ? chunk.length : lf + 1;
    if (held.length + end - at > bytesMax) throw new MessageError(`a ${what} line is too long`);
    if (held.length === 0 && lf !== -1) {
      if (lf === at || chunk[lf - 1] !== CR) throw bareLf(what);
      return [chunk.toString("latin1", at, lf - 1), end];
    }
    const before = held.length;
    held.add(chunk, at, end);
    if (lf === -1) {
      checkLines(held.bytes, before);
      return [null, end];
    }
    const all = held.bytes;
    if (all[all.length - 2] !== CR) throw bareLf(what);
    const line = all.toString("latin1", 0, all.length - 2);
    held.clear();
    return [line, end];
  }
}

/** Bytes of a head or line that is not complete yet; grows by doubling. */
class Held {
  length = 0;
  private memory: Buffer | null = null;

  get bytes(): Buffer {
    return (this.memory as Buffer).subarray(0, this.length);
  }

  add(chunk: Buffer, from: number, to: number): void {
    const length = this.length + to - from;
    if (this.memory === null || this.memory.length < length) {
      const larger = Buffer.allocUnsafe(Math.max(256, length * 2));
      this.memory?.copy(larger, 0, 0, this.length);
      this.memory = larger;
    }
    chunk.copy(this.memory, this.length, from, to);
    this.length = length;
  }

  clear(): void {
    this.length = 0;
    this.memory = null;
  }
}

/**
 * `Name: value` → appended to the flat list. Returns the value. Throws MessageError. Blanks are taken
 * off by hand: an expression that does it goes back and forth through those within a value.
 */
export function pushHeader(line: string, what: string, into: string[]): string {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  let from = colon + 1;
  let to = line.length;
  while (from < to && isBlank(line.charCodeAt(from))) from++;
  while (to > from && isBlank(line.charCodeAt(to - 1))) to--;
  const value = line.slice(from, to);
  // Some readers take a tab behind the value for a part of it: `chunked\t` is no chunked to them.
  const odd = to < line.length && line.includes("\t", to) && FRAMING.test(name);
  if (odd || !NAME.test(name) || NO_TEXT.test(value)) {
    throw new MessageError(`odd ${what} line ${quote(colon < 0 ? line : name)}`);
  }
  into.push(name, value);
  return value;
}

const isBlank = (unit: number): boolean => unit === 32 || unit === 9;

/** What can become no line is refused when it comes: its end would be waited for in vain. */
function checkLines(bytes: Buffer, from: number): void {
  for (let i = Math.max(0, from - 1); i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte >= 32 || byte === TAB) continue;
    const next = bytes[i + 1];
    if (byte === CR && (next === LF || next === undefined)) continue;
    if (byte !== LF) throw new MessageError(`a head holds the byte ${byte} (bare CR is 13)`);
    if (bytes[i - 1] !== CR) throw bareLf("header");
  }
}

function bareLf(what: string): MessageError {
  return new MessageError(`a ${what} line ends with a bare LF`);
}

/** As much of a text as says what is wrong with it: what follows a first word may be a key. */
export function quote(text: string): string {
  const shown = /^(?:[a-z]{1,8}:\/\/)?[\w:[\].-]{0,60}/i.exec(text)?.[0] ?? "";
  return JSON.stringify(shown.length < text.length ? `${shown}…` : text);
}
