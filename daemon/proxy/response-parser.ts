/**
 * Reads HTTP/1.1 responses out of upstream bytes: data in, events out, no sockets (RFC 9112).
 *
 * What always holds: header names and values come out as sent (latin1 text), in order, none merged;
 * body bytes are handed on as views of the chunk that was pushed in, never copied; the framing is
 * read strictly, because what two parsers read differently is how responses are smuggled. Anything
 * doubtful throws ResponseError and the connection is thrown away. Never in here: decoding of
 * content, time, knowledge of any API.
 */
import { LIMITS } from "../../record/limits.ts";

/** The answer is not clean HTTP; `message` says what is wrong. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

export interface ResponseHandler {
  /** A 1xx response other than a 101 that was asked for. */
  information(status: number, reason: string, headers: string[]): void;
  /** `headers` is flat: name, value, name, value. `http` is "1.1" or "1.0". */
  head(status: number, reason: string, http: string, headers: string[]): void;
  data(chunk: Buffer): void;
  /** The message is complete. `trailers` is flat as `headers`; empty where none came. */
  end(trailers: string[]): void;
}

type State = "head" | "length" | "size" | "chunk" | "chunkEnd" | "trailers" | "close" | "done";

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const EMPTY = Buffer.alloc(0);
const LF = 10;
const CR = 13;
/** Longest chunk-size line with extensions. */
const SIZE_LINE_BYTES_MAX = 4096;

export class ResponseParser {
  /** Once the head is read: may the connection carry another request after this response? */
  keepAlive = true;
  /** From the `Keep-Alive: timeout=N` header, milliseconds; null where there is none. */
  idleMs: number | null = null;
  private handler: ResponseHandler | null = null;
  private state: State = "done";
  private bodyless = false;
  private switchable = false;
  private remaining = 0;
  private held: Buffer = EMPTY;
  private trailerLines: string[] = [];

  /** Arms the parser for the answer to a request of `method`; `switchable`: 101 may come. */
  expect(method: string, handler: ResponseHandler, switchable = false): void {
    this.handler = handler;
    this.switchable = switchable;
    this.bodyless = method === "HEAD";
    this.state = "head";
    this.keepAlive = true;
    this.idleMs = null;
    this.held = EMPTY;
    this.trailerLines = [];
  }

  get done(): boolean {
    return this.state === "done";
  }

  /**
   * Takes the next bytes. Returns what lies behind the end of the message (null: nothing), which
   * after a 101 is the new protocol and else rubbish: `keepAlive` is false then, already when
   * `end` is called, so that nothing can be read as the answer to a later request. Throws
   * ResponseError.
   */
  push(chunk: Buffer): Buffer | null {
    let at = 0;
    while (at < chunk.length && this.state !== "done") at = this.step(chunk, at);
    const rest = at < chunk.length ? chunk.subarray(at) : null;
    if (rest !== null) this.keepAlive = false;
    if (this.state === "done") this.finish();
    return rest;
  }

  /** The upstream closed. True where that is how this response ends; false where it is a break. */
  close(): boolean {
    if (this.state !== "close") return false;
    this.state = "done";
    this.finish();
    return true;
  }

  private step(chunk: Buffer, at: number): number {
    switch (this.state) {
      case "head":
        return this.readHead(chunk, at);
      case "length":
      case "chunk":
        return this.readCounted(chunk, at);
      case "close":
        this.handler?.data(at === 0 ? chunk : chunk.subarray(at));
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
    const before = this.held.length;
    const all = before === 0 ? chunk.subarray(at) : Buffer.concat([this.held, chunk.subarray(at)]);
    const end = all.indexOf("\r\n\r\n", Math.max(0, before - 3), "latin1");
    if (end === -1 || end > LIMITS.headBytes) {
      if (all.length > LIMITS.headBytes) throw new ResponseError("the head is larger than 64 KiB");
      if (!"HTTP/1.".startsWith(all.toString("latin1", 0, Math.min(7, all.length)))) {
        throw new ResponseError("the answer does not begin with HTTP/1.");
      }
      this.held = all;
      return chunk.length;
    }
    this.held = EMPTY;
    this.readHeadText(all.toString("latin1", 0, end));
    return at + end + 4 - before;
  }

  private readHeadText(text: string): void {
    const lines = text.split("\r\n");
    const line = STATUS_LINE.exec(lines[0] ?? "");
    if (line === null) throw new ResponseError(`odd status line ${quote(lines[0] ?? "")}`);
    const status = Number(line[2]);
    const reason = line[3] ?? "";
    const headers: string[] = [];
    let framing: Framing = NO_FRAMING;
    for (let i = 1; i < lines.length; i++) {
      const header = HEADER_LINE.exec(lines[i] as string);
      if (header === null) throw new ResponseError(`odd header line ${quote(lines[i] as string)}`);
      const name = header[1] as string;
      const value = header[2] as string;
      headers.push(name, value);
      framing = noteFraming(framing, name, value);
    }
    if (status === 101 && !this.switchable) {
      throw new ResponseError("101 although no switch of protocols was asked for");
    }
    if (status < 200 && status !== 101) {
      this.handler?.information(status, reason, headers);
      return;
    }
    this.applyFraming(status, line[1] === "1", framing);
    this.handler?.head(status, reason, line[1] === "1" ? "1.1" : "1.0", headers);
  }

  private applyFraming(status: number, http11: boolean, framing: Framing): void {
    const { length, encoding, connection, idleMs } = framing;
    if (encoding !== null && length !== null) {
      throw new ResponseError("both content-length and transfer-encoding");
    }
    this.idleMs = idleMs;
    this.keepAlive = http11 ? !connection.includes("close") : connection.includes("keep-alive");
    if (this.bodyless || status === 204 || status === 304 || status === 101) {
      this.state = "done";
    } else if (encoding !== null) {
      const chunked = /(?:^|,)[ \t]*chunked$/i.test(encoding);
      if (!http11) throw new ResponseError("transfer-encoding in HTTP/1.0");
      this.state = chunked ? "size" : "close";
    } else if (length !== null) {
      this.remaining = length;
      this.state = length === 0 ? "done" : "length";
    } else {
      this.state = "close";
    }
    if (this.state === "close") this.keepAlive = false;
  }

  private readCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.remaining);
    this.remaining -= end - at;
    if (this.remaining === 0) this.state = this.state === "length" ? "done" : "chunkEnd";
    this.handler?.data(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    return end;
  }

  private readSize(chunk: Buffer, at: number): number {
    const [line, next] = this.readLine(chunk, at, SIZE_LINE_BYTES_MAX, "chunk size");
    if (line === null) return next;
    const size = CHUNK_SIZE.exec(line);
    if (size === null) throw new ResponseError(`odd chunk size ${quote(line)}`);
    this.remaining = Number.parseInt(size[1] as string, 16);
    this.state = this.remaining === 0 ? "trailers" : "chunk";
    return next;
  }

  private readChunkEnd(chunk: Buffer, at: number): number {
    const expected = this.held.length === 0 ? CR : LF;
    if (chunk[at] !== expected) throw new ResponseError("a chunk is longer than its size says");
    if (expected === CR) {
      this.held = chunk.subarray(at, at + 1);
    } else {
      this.held = EMPTY;
      this.state = "size";
    }
    return at + 1;
  }

  private readTrailers(chunk: Buffer, at: number): number {
    const [line, next] = this.readLine(chunk, at, LIMITS.headBytes, "trailer");
    if (line === null) return next;
    if (line === "") {
      this.state = "done";
      return next;
    }
    const header = HEADER_LINE.exec(line);
    if (header === null) throw new ResponseError(`odd trailer ${quote(line)}`);
    this.trailerLines.push(header[1] as string, header[2] as string);
    if (this.trailerLines.length > LIMITS.headersCount * 2) {
      throw new ResponseError("too many trailers");
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
    const lf = chunk.indexOf(LF, at);
    const end = lf === -1 ? chunk.length : lf + 1;
    const piece = chunk.subarray(at, end);
    const all = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    if (all.length > bytesMax) throw new ResponseError(`a ${what} line is too long`);
    if (lf === -1) {
      this.held = all;
      return [null, end];
    }
    this.held = EMPTY;
    if (all[all.length - 2] !== CR) throw new ResponseError(`a ${what} line ends with a bare LF`);
    return [all.toString("latin1", 0, all.length - 2), end];
  }

  private finish(): void {
    const handler = this.handler;
    this.handler = null;
    handler?.end(this.trailerLines);
  }
}

interface Framing {
  readonly length: number | null;
  readonly encoding: string | null;
  readonly connection: string;
  readonly idleMs: number | null;
}
const NO_FRAMING: Framing = { length: null, encoding: null, connection: "", idleMs: null };

function noteFraming(framing: Framing, name: string, value: string): Framing {
  // The lengths of the four names that matter; every other header is passed over cheaply.
  const size = name.length;
  if (size !== 10 && size !== 14 && size !== 17) return framing;
  switch (name.toLowerCase()) {
    case "content-length": {
      if (!/^\d{1,15}$/.test(value)) throw new ResponseError(`odd content-length ${quote(value)}`);
      const length = Number(value);
      if (framing.length !== null && framing.length !== length) {
        throw new ResponseError("two different content-lengths");
      }
      return { ...framing, length };
    }
    case "transfer-encoding":
      return {
        ...framing,
        encoding: framing.encoding === null ? value : `${framing.encoding},${value}`,
      };
    case "connection":
      return { ...framing, connection: `${framing.connection},${value.toLowerCase()}` };
    case "keep-alive": {
      const seconds = /timeout=(\d{1,6})/i.exec(value);
      return seconds === null ? framing : { ...framing, idleMs: Number(seconds[1]) * 1000 };
    }
    default:
      return framing;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
