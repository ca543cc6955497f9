/**
 * Reads one capture file: exchanges in file order, bodies byte for byte, what is new in each.
 *
 *   const file = CaptureFile.open(path);
 *   for (const x of file.exchanges()) file.requestBody(x);
 *   file.close();
 *
 * Invariants: memory does not grow with the size of the bodies (an index of offsets, parts
 * read when they are asked for, a few lists and parts kept); fields that this version does not know are in the
 * exchange objects as they stand in the file. It must never write.
 */
import { hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { type Chunk, decodeChunks, streamedBody, streamedDigest } from "../bodies/chunks.ts";
import { joinAtoms } from "../bodies/join.ts";
import { makeRoom } from "../bodies/make-room.ts";
import { PartHead } from "../bodies/part-head.ts";
import { partBytes, viewPartLine } from "../bodies/part-line.ts";
import { type Atom, flatten, isLink } from "../bodies/part-list.ts";
import { CodedError } from "../errors.ts";
import { parseLine } from "../format/parse-line.ts";
import type { Body, ExchangeLine, FileLine } from "../format/schema.ts";
import { LIMITS } from "../limits.ts";
import { goneOn } from "./beginnings.ts";
import { ByteCache } from "./byte-cache.ts";
import { CaptureIndex, type Damage } from "./capture-index.ts";
import { ReadWindow } from "./read-window.ts";
import { Recent } from "./recent.ts";

/** A part as a line of the file. */
export interface StoredPart {
  readonly n: number;
  readonly sha256: string;
  /** Line of the file, counted from 1. */
  readonly line: number;
}

export class CaptureFile {
  readonly path: string;
  readonly #fd: number;
  readonly #index: CaptureIndex;
  /** Flat request lists by exchange position. */
  readonly #lists = new Recent<Atom[], number>(LIMITS.keptListBytes);
  readonly #head = new PartHead();
  readonly #parts = new ByteCache(LIMITS.keptPartBytes);
  readonly #window: ReadWindow;
  /** What the bytes that were read last lie in, where others will be read into it. */
  #lent: ArrayBufferLike | null = null;

  /**
   * Opens a file; what is in it is gone through when it is asked for. Throws what the file system
   * throws, as does whatever reads more of it.
   * @param until lines from this offset on are left out: what was appended since somebody looked
   */
  static open(path: string, until?: number): CaptureFile {
    return new CaptureFile(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), until);
  }

  private constructor(path: string, fd: number, until?: number) {
    this.path = path;
    this.#fd = fd;
    this.#index = new CaptureIndex(fd, until);
    this.#window = new ReadWindow(fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Lines that were passed over because they are damaged, conflict markers, or torn. */
  get damage(): readonly Damage[] {
    this.#index.complete();
    return this.#index.damage;
  }

  /** The first line; null where it is missing. */
  get header(): FileLine | null {
    this.#index.complete();
    return this.#index.fileLine === null ? null : JSON.parse(this.#index.fileLine);
  }

  /** Number of exchanges. */
  get count(): number {
    return this.ids.length;
  }

  /** Ids of the exchanges in file order. */
  get ids(): readonly string[] {
    this.#index.complete();
    return this.#index.ids;
  }

  has(id: string): boolean {
    return this.#index.find(id) >= 0;
  }

  /** Position of the exchange in the file; null where it is not there. */
  positionOf(x: Pick<ExchangeLine, "id">): number | null {
    const position = this.#index.find(x.id);
    return position < 0 ? null : position;
  }

  /** Id of the exchange at a position; null behind the last one that was met so far. */
  idAt(position: number): string | null {
    return this.#index.ids[position] ?? null;
  }

  /** When the exchange began, without reading it. Throws no-such-exchange. */
  started(id: string): string {
    return this.#index.started[this.#position(id)]!;
  }

  /** The exchange with this id. Throws no-such-exchange. */
  exchange(id: string): ExchangeLine {
    return this.#exchangeAt(this.#position(id));
  }

  /**
   * The exchanges in file order, each read when it is asked for.
   * @param from position of the first
   */
  *exchanges(from = 0): Generator<ExchangeLine> {
    while (this.#index.ids.length < from) if (this.#index.next() === null) return;
    for (let position = from; ; position++) {
      if (position < this.#index.ids.length) yield this.#exchangeAt(position);
      else {
        const record = this.#index.next();
        if (record === null) return;
        yield record as unknown as ExchangeLine;
      }
    }
  }

  /** Whether, as far as the file was read, a part's number stands on more than one line. */
  get repeatsNumbers(): boolean {
    return this.#index.repeatsNumbers;
  }

  /** Line of the file on which the exchange stands, counted from 1. */
  line(x: Pick<ExchangeLine, "id">): number {
    return this.#index.exchangeLine.at(this.#position(x.id));
  }

  /** The request body, byte for byte as stored; null where there was none. */
  requestBody(x: ExchangeLine): Buffer | null {
    const { body } = x.request;
    if (body === null || body === undefined) return null;
    return this.reading(x, "request body", (at) =>
      body.parts ? this.#joined(body, this.#requestList(at, body), at) : this.#streamed(body, at),
    );
  }

  /** The response body; for a stream, its chunks put end to end; null where there was none. */
  responseBody(x: ExchangeLine): Buffer | null {
    const body = x.response?.body;
    if (body === null || body === undefined) return null;
    return this.reading(x, "response body", (at) =>
      body.parts ? this.#joined(body, this.#flat(body), at) : this.#streamed(body, at),
    );
  }

  /** The chunks of a streamed response as they arrived; null where it was not streamed. */
  chunks(x: ExchangeLine): Chunk[] | null {
    const n = x.response?.body?.chunks;
    if (n === undefined) return null;
    return this.reading(x, "chunks", (at) => decodeChunks(this.#part(n, at)));
  }

  /** The same as JSON Lines, as they are stored, held against the body's digest. */
  chunkLines(x: ExchangeLine): Buffer | null {
    const body = x.response?.body;
    const n = body?.chunks;
    if (body === null || body === undefined || n === undefined) return null;
    return this.reading(x, "chunks", (at) => {
      const lines = this.#part(n, at);
      const { bytes, sha256 } = streamedDigest(lines);
      if (bytes !== body.bytes || sha256 !== body.sha256) throw new RangeError(UNLIKE_DIGEST);
      return lines;
    });
  }

  /** JSON text of the message that a stream adds up to; null where none is stored. */
  assembled(x: ExchangeLine): string | null {
    const n = x.response?.assembled;
    if (n === undefined || n === null) return null;
    return this.partText(n, x);
  }

  /** Flat list of a body's literals and parts, links resolved; null where it has none. */
  atoms(x: ExchangeLine, side: "request" | "response"): readonly Atom[] | null {
    const body = side === "request" ? x.request.body : x.response?.body;
    if (!body?.parts) return null;
    return this.reading(x, `${side} body`, (at) => {
      this.#assertSize(body);
      return side === "request" ? this.#requestList(at, body) : this.#flat(body);
    });
  }

  /** Bytes of part `n` as exchange `x` sees it. */
  part(n: number, x: Pick<ExchangeLine, "id">): Buffer {
    return this.reading(x, `part ${n}`, (at) => this.#part(n, at));
  }

  /** Part `n` as exchange `x` sees it, as text; nothing of it is kept. Throws capture-damaged. */
  partText(n: number, x: Pick<ExchangeLine, "id">): string {
    return this.reading(x, `part ${n}`, (at) => {
      const ordinal = this.#ordinal(n, at);
      const kept = this.#parts.get(ordinal) ?? this.#readPart(n, ordinal);
      return kept.toString("utf8");
    });
  }

  /** Where part `n` as exchange `x` sees it stands; null where it is missing. */
  stored(n: number, x: Pick<ExchangeLine, "id">): StoredPart | null {
    const ordinal = this.#index.ordinal(n, this.#position(x.id));
    return ordinal < 0 ? null : this.#storedAt(ordinal);
  }

  /** The digest of a part as exchange `x` sees it, by its number; empty where it is missing. */
  digests(x: Pick<ExchangeLine, "id">): (n: number) => string {
    const position = this.#position(x.id);
    return (n) => {
      const ordinal = this.#index.ordinal(n, position);
      return ordinal < 0 ? "" : this.#index.digest(ordinal);
    };
  }

  /** The parts that the file holds because of this exchange: those first referred to by it. */
  newParts(x: Pick<ExchangeLine, "id">): StoredPart[] {
    const position = this.#position(x.id);
    const from = position === 0 ? 0 : this.#index.partsAbove.at(position - 1);
    const parts: StoredPart[] = [];
    for (let i = from; i < this.#index.partsAbove.at(position); i++) parts.push(this.#storedAt(i));
    return parts;
  }

  /** Bytes of the lines of those parts and of the exchange's own. */
  newBytes(x: Pick<ExchangeLine, "id">): number {
    const position = this.#position(x.id);
    const { partsAbove, partLength, exchangeLength } = this.#index;
    let bytes = exchangeLength.at(position);
    const from = position === 0 ? 0 : partsAbove.at(position - 1);
    for (let i = from; i < partsAbove.at(position); i++) bytes += partLength.at(i);
    return bytes;
  }

  #storedAt(ordinal: number): StoredPart {
    const { partNumber, partLine } = this.#index;
    const sha256 = this.#index.digest(ordinal);
    return { n: partNumber.at(ordinal), sha256, line: partLine.at(ordinal) };
  }

  #position(id: string): number {
    const position = this.#index.find(id);
    if (position < 0) throw new CodedError("no-such-exchange", `no exchange ${id} in ${this.path}`);
    return position;
  }

  #exchangeAt(position: number): ExchangeLine {
    const { exchangeOffset, exchangeLength } = this.#index;
    const record = parseLine(this.#read(exchangeOffset.at(position), exchangeLength.at(position)));
    if (typeof record !== "string") return record as unknown as ExchangeLine;
    // It was sound when the file was gone through: somebody has written over it since.
    const at = `${this.path}:${this.#index.exchangeLine.at(position)}`;
    throw new CodedError("capture-damaged", `${at}: ${record}`);
  }

  /** Runs `read`; whatever it meets becomes capture-damaged, which names the exchange's line. */
  reading<T>(x: Pick<ExchangeLine, "id">, what: string, read: (position: number) => T): T {
    const position = this.#position(x.id);
    try {
      return read(position);
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      const at = `${this.path}:${this.#index.exchangeLine.at(position)}`;
      const message = `${at}: ${what} cannot be read: ${(cause as Error).message}`;
      throw new CodedError("capture-damaged", message, { cause });
    }
  }

  #checked(body: Body, bytes: Buffer): Buffer {
    if (bytes.length !== body.bytes || hash("sha256", bytes, "hex") !== body.sha256) {
      throw new RangeError(UNLIKE_DIGEST);
    }
    return bytes;
  }

  #streamed(body: Body, position: number): Buffer | null {
    if (body.chunks === undefined) return null;
    return this.#checked(body, streamedBody(this.#part(body.chunks, position)));
  }

  /** What repeats parts can be longer than the file, but not by as much as a hostile list asks. */
  #assertSize({ bytes }: Body): void {
    const { joinedBytes, joinedRatio } = LIMITS;
    if (bytes <= joinedBytes || bytes <= joinedRatio * fstatSync(this.#fd).size) return;
    throw new RangeError(`it claims to be ${bytes} bytes long`);
  }

  #joined(body: Body, atoms: readonly Atom[], position: number): Buffer {
    this.#assertSize(body);
    makeRoom(body.bytes);
    const source = { part: (n: number) => this.#part(n, position) };
    return this.#checked(body, joinAtoms(atoms, source, body.bytes));
  }

  #flat(body: Body): Atom[] {
    return flatten(body.parts ?? [], this.#index.maxPart);
  }

  /** Follows links back to a list that is known or spelled out, then forward again. */
  #requestList(position: number, own: Body): Atom[] {
    const chain: { position: number; body: Body }[] = [];
    let at = position;
    let atoms: Atom[] | undefined;
    for (;;) {
      atoms = this.#lists.get(at);
      if (atoms) break;
      const body = at === position ? own : this.#exchangeAt(at).request.body;
      if (!body?.parts) throw new RangeError(`exchange ${this.#index.ids[at]} has no list`);
      chain.push({ position: at, body });
      const head = body.parts[0];
      if (!isLink(head)) break;
      const earlier = this.#index.find(head.as);
      if (earlier < 0 || earlier >= at) throw new RangeError(`no exchange ${head.as} above`);
      if (chain.length > 2 * LIMITS.asChainCount) throw new RangeError("too many links in a row");
      at = earlier;
    }
    for (const link of chain.reverse()) {
      atoms = this.#extended(atoms ?? [], link.body);
      this.#lists.set(link.position, atoms, listBytes(atoms, link.body.parts ?? []));
    }
    return atoms ?? [];
  }

  #extended(earlier: readonly Atom[], body: Body): Atom[] {
    const refs = body.parts ?? [];
    const head = refs[0];
    if (!isLink(head)) return flatten(refs, this.#index.maxPart);
    if (!(head.take >= 0 && head.take <= earlier.length)) {
      throw new RangeError(`the list of ${head.as} has no ${head.take} entries`);
    }
    return goneOn(earlier, head.take, flatten(refs.slice(1), this.#index.maxPart));
  }

  #part(n: number, position: number): Buffer {
    const ordinal = this.#ordinal(n, position);
    const kept = this.#parts.get(ordinal);
    if (kept) return kept;
    const own = this.#readPart(n, ordinal);
    // What is kept must not keep all that was read with it.
    const bytes = own.buffer === this.#lent ? Buffer.from(own) : own;
    this.#parts.set(ordinal, bytes);
    return bytes;
  }

  #ordinal(n: number, position: number): number {
    const ordinal = this.#index.ordinal(n, position);
    if (ordinal < 0) throw new RangeError(`part ${n} is missing`);
    return ordinal;
  }

  /** Bytes of a part; they hold until the next read. */
  #readPart(n: number, ordinal: number): Buffer {
    const { partOffset, partLength } = this.#index;
    const line = this.#read(partOffset.at(ordinal), partLength.at(ordinal));
    if (this.#head.read(line) && this.#head.form === "json") {
      return line.subarray(this.#head.payloadAt, line.length - 1);
    }
    const view = viewPartLine(line);
    if (!view) throw new RangeError(`part ${n} is damaged`);
    return partBytes(view);
  }

  /** Bytes of the file; they hold until the next call. */
  #read(offset: number, length: number): Buffer {
    const held = this.#index.held(offset, length);
    const bytes = held ?? this.#window.read(offset, length);
    const own = held === null && bytes.buffer !== this.#window.lent;
    this.#lent = own ? null : bytes.buffer;
    return bytes;
  }
}

const UNLIKE_DIGEST = "it does not join back to its digest";

/** What a list that is kept takes in memory, about: its entries, and the literals that it brought. */
function listBytes(atoms: readonly Atom[], own: readonly unknown[]): number {
  let bytes = LIST_BYTES + ENTRY_BYTES * atoms.length;
  for (const entry of own) if (typeof entry === "string") bytes += entry.length;
  return bytes;
}

/** A list without entries and its place in the map; an entry of an array. */
const LIST_BYTES = 256;
const ENTRY_BYTES = 8;
