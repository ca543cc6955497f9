/**
 * Reads HTTP/1.1 responses out of upstream bytes: data in, events out, no sockets (RFC 9112).
 *
 * Invariants: what message-reader.ts says of heads and bodies; a message's end is certain or
 * the connection carries no other. Never in here: decoding of content, time, knowledge of any API.
 */
import { LIMITS } from "../../record/limits.ts";
import { MessageError, MessageReader, pushHeader, quote } from "./message-reader.ts";

export interface ResponseHandler {
  /** A 1xx response other than a 101 that was asked for. */
  information(status: number, reason: string, headers: string[]): void;
  /** `headers` is flat: name, value, name, value. `http` is "1.1" or "1.0". */
  head(status: number, reason: string, http: string, headers: string[]): void;
  data(chunk: Buffer): void;
  /** The message is complete. `trailers` is flat as `headers`; empty where none came. */
  end(trailers: string[]): void;
}

/** What ends a call that gets 1xx answers without end, whatever carries it. */
export const TOO_MANY_INTERIM = `more than ${LIMITS.interimCount} interim answers to one request`;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

export class ResponseParser extends MessageReader {
  /** Once the head is read: may the connection carry another request after this response? */
  keepAlive = true;
  /** From the `Keep-Alive: timeout=N` header, milliseconds; null where there is none. */
  idleMs: number | null = null;
  private handler: ResponseHandler | null = null;
  private bodyless = false;
  private switchable = false;

  /** Arms the parser for the answer to a request of `method`; `switchable`: 101 may come. */
  expect(method: string, handler: ResponseHandler, switchable = false): void {
    this.restart();
    this.handler = handler;
    this.switchable = switchable;
    this.bodyless = method === "HEAD";
    this.keepAlive = true;
    this.idleMs = null;
  }

  /**
   * Takes the next bytes. Returns what lies behind the end of the message (null: nothing), which
   * after a 101 is the new protocol and else rubbish: `keepAlive` is false then, already when
   * `end` is called, so that nothing can be read as the answer to a later request. Throws
   * MessageError.
   */
  push(chunk: Buffer): Buffer | null {
    const at = this.read(chunk, 0);
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

  protected override checkBeginning(bytes: Buffer): void {
    if (!"HTTP/1.".startsWith(bytes.toString("latin1", 0, Math.min(7, bytes.length)))) {
      throw new MessageError("the answer does not begin with HTTP/1.");
    }
  }

  protected override body(chunk: Buffer): void {
    this.handler?.data(chunk);
  }

  protected override headText(text: string): void {
    const lines = text.split("\r\n");
    const line = STATUS_LINE.exec(lines[0] ?? "");
    if (line === null) throw new MessageError(`odd status line ${quote(lines[0] ?? "")}`);
    const status = Number(line[2]);
    const reason = line[3] ?? "";
    const headers: string[] = [];
    let framing: Framing = NO_FRAMING;
    for (let i = 1; i < lines.length; i++) {
      const value = pushHeader(lines[i] as string, "header", headers);
      framing = noteFraming(framing, headers[headers.length - 2] as string, value);
    }
    if (status === 101 && !this.switchable) {
      throw new MessageError("101 although no switch of protocols was asked for");
    }
    checkFraming(status, line[1] === "1", framing);
    if (status < 200 && status !== 101) {
      this.handler?.information(status, reason, headers);
      return;
    }
    this.applyFraming(status, line[1] === "1", framing);
    this.handler?.head(status, reason, line[1] === "1" ? "1.1" : "1.0", headers);
  }

  private applyFraming(status: number, http11: boolean, framing: Framing): void {
    const { length, encoding, connection, idleMs } = framing;
    this.idleMs = idleMs;
    this.keepAlive = http11 ? !connection.includes("close") : connection.includes("keep-alive");
    if (this.bodyless || status === 204 || status === 304 || status === 101) {
      this.state = "done";
      // A body that is announced may come after all, and would be read as the next answer.
      if (encoding !== null || (length ?? 0) > 0) this.keepAlive = false;
    } else if (encoding !== null) {
      this.state = "size";
    } else if (length !== null) {
      this.remaining = length;
      this.state = length === 0 ? "done" : "length";
    } else {
      this.state = "close";
    }
    if (this.state === "close") this.keepAlive = false;
  }

  private finish(): void {
    const handler = this.handler;
    this.handler = null;
    handler?.end(this.trailers);
  }
}

/** Whether there is but one reading of where the answer ends. Throws MessageError. */
function checkFraming(status: number, http11: boolean, { length, encoding }: Framing): void {
  if (status < 200 && status !== 101 && (!http11 || encoding !== null || (length ?? 0) > 0)) {
    throw new MessageError("a 1xx with a body, or in HTTP/1.0");
  }
  if (encoding === null) return;
  if (length !== null) throw new MessageError("both content-length and transfer-encoding");
  if (!http11) throw new MessageError("transfer-encoding in HTTP/1.0");
  if (encoding.toLowerCase() === "chunked") return;
  // We ask for no other, and passing it on undecoded would give its bytes a false label.
  throw new MessageError(`the transfer-encoding ${quote(encoding)}, which nobody asked for`);
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
      if (!/^\d{1,15}$/.test(value)) throw new MessageError(`odd content-length ${quote(value)}`);
      if (framing.length !== null) throw new MessageError("several content-length headers");
      return { ...framing, length: Number(value) };
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
