/**
 * Reads HTTP/1.1 requests out of a client's bytes: data in, calls out, no sockets (RFC 9112).
 *
 * What always holds: what message-reader.ts says of heads and bodies; a request whose borders are
 * open to two readings is handed over with `facts.doubtful` and no body, and nothing behind it is
 * read (`keepAlive` is false). Never in here: what a path or a header means to the daemon. Why not
 * Node's own server: docs/decisions/0016-own-http1-server.md.
 */
import { type RequestFacts, readFacts } from "./headers.ts";
import { MessageError, MessageReader, pushHeader, quote } from "./message-reader.ts";

export interface RequestHead {
  readonly method: string;
  /** As sent: path and query, or whatever else stands in the request line. */
  readonly target: string;
  readonly http: "1.1" | "1.0";
  /** Flat: name, value, name, value; in wire order and case. */
  readonly raw: readonly string[];
  /** By lower-case name; what came more than once is joined by a comma. */
  readonly fields: HeaderFields;
  readonly facts: RequestFacts;
}

export type HeaderFields = Readonly<Record<string, string>>;

export interface RequestHandler {
  head(head: RequestHead): void;
  data(chunk: Buffer): void;
  /** The request is complete. `trailers` is flat; empty where none came. */
  end(trailers: readonly string[]): void;
}

const REQUEST_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
/** RFC 9112 §2.2: one empty line before a request is passed over. */
const BEGINNING = /^(?:\r(?:\n|$))?(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]|$)/;

export class RequestParser extends MessageReader {
  /** Once the head is read: may another request follow this one? */
  keepAlive = true;
  private readonly handler: RequestHandler;
  /** The empty line that may stand in front of a request has been passed over. */
  private skipped = false;

  constructor(handler: RequestHandler) {
    super();
    this.handler = handler;
    this.restart();
  }

  /** Ready for the next request. */
  next(): void {
    this.restart();
    this.skipped = false;
  }

  /**
   * Takes the next bytes from `from` on, up to the end of the request; gives the place behind it,
   * where the next one begins. Throws MessageError.
   */
  push(chunk: Buffer, from: number): number {
    const at = this.read(chunk, this.behindEmptyLine(chunk, from));
    if (this.state === "done") this.handler.end(this.trailers);
    return at;
  }

  /** RFC 9112 §2.2. What is only that is no beginning of a request. */
  private behindEmptyLine(chunk: Buffer, from: number): number {
    if (this.skipped || !this.untouched || chunk[from] !== 13 || chunk[from + 1] !== 10)
      return from;
    this.skipped = true;
    return from + 2;
  }

  protected override checkBeginning(bytes: Buffer): void {
    if (!BEGINNING.test(bytes.toString("latin1", 0, 3)))
      throw new MessageError("this is no HTTP/1.1 request");
  }

  protected override body(chunk: Buffer): void {
    this.handler.data(chunk);
  }

  protected override headText(text: string): void {
    // Cut in two the empty line has been read as a part of the head.
    const led = !this.skipped && text.startsWith("\r\n");
    const lines = (led ? text.slice(2) : text).split("\r\n");
    const line = REQUEST_LINE.exec(lines[0] as string);
    if (line === null) throw new MessageError(`odd request line ${quote(lines[0] as string)}`);
    const raw: string[] = [];
    for (let i = 1; i < lines.length; i++) pushHeader(lines[i] as string, "header", raw);
    const http = line[3] === "1" ? "1.1" : "1.0";
    const facts = readFacts(raw, http);
    const fields = tableOf(raw);
    const method = line[1] as string;
    this.keepAlive = facts.framed && staysOpen(http, fields.connection) && method !== "CONNECT";
    this.remaining = facts.length;
    this.state = facts.body === "chunked" ? "size" : facts.body === "length" ? "length" : "done";
    this.handler.head({ method, target: line[2] as string, http, raw, fields, facts });
  }
}

function tableOf(raw: readonly string[]): HeaderFields {
  const table: Record<string, string> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const before = table[name];
    table[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return table;
}

function staysOpen(http: "1.1" | "1.0", connection: string | undefined): boolean {
  if (connection === undefined) return http === "1.1";
  const options = connection.toLowerCase().split(",");
  const names = (option: string) => options.some((one) => one.trim() === option);
  return http === "1.1" ? !names("close") : names("keep-alive");
}
