/**
 * What is where in one capture file: byte offsets of parts and exchanges, part digests, and which
 * lines could not be read. Built in one pass, which goes on as exchanges are asked for, so that who
 * reads a file from its beginning parses each exchange once. Held in typed arrays: about 100 bytes a
 * part and 190 an exchange, whatever they contain, and 90 more for a part whose digest is asked for.
 *
 * Invariants: a part number means the closest line above that has it (a merge of two
 * branches can leave two lines with one number, and both sides' exchanges still read). Lines of an
 * unknown type are passed over; damaged ones are named in `damage`. Nothing in here throws on what a
 * file holds; what reading throws is thrown by whatever needs more of the file.
 */
import { DIGEST_LENGTH, PartHead } from "../bodies/part-head.ts";
import { viewPartLine } from "../bodies/part-line.ts";
import { parseLine } from "../format/parse-line.ts";
import { Column } from "./column.ts";
import { FileLines } from "./file-lines.ts";

/** A line that could not be read. `line` counts from 1. */
export interface Damage {
  readonly line: number;
  readonly message: string;
}

export class CaptureIndex {
  /** By ordinal (position among the part lines of the file). */
  readonly partOffset = new Column();
  readonly partLength = new Column();
  readonly partLine = new Column();
  readonly partNumber = new Column();
  /** In hex, as they stand in the lines. */
  #digests = Buffer.alloc(1024 * DIGEST_LENGTH);
  /** Those that were asked for as text: every request with a part asks again. */
  readonly #digestTexts: string[] = [];

  /** By position among the exchanges of the file. */
  readonly exchangeOffset = new Column();
  readonly exchangeLength = new Column();
  readonly exchangeLine = new Column();
  /** How many part lines stand above the exchange. */
  readonly partsAbove = new Column();
  /** Of those that were met so far; `complete` goes through the rest. */
  readonly ids: string[] = [];
  readonly started: string[] = [];

  readonly damage: Damage[] = [];
  lines = 0;
  maxPart = 0;
  /** The `file` line's JSON text; null where there is none. */
  fileLine: string | null = null;

  #byId = new Map<string, number>();
  /** Ordinal of the last part line with a number. */
  #ordinals = new Map<number, number>();
  /** Ordinal of the part line before it with the same number. */
  #shadowed = new Map<number, number>();
  readonly #head = new PartHead();
  /** What is still to be gone through; null once all is known. */
  #ahead: FileLines | null;

  /**
   * @param fd must be open until the index is complete
   * @param until lines from this offset on are left out
   */
  constructor(fd: number, until?: number) {
    this.#ahead = new FileLines(fd, until);
  }

  /** Goes on to the next exchange that was not met yet, and gives its record; null behind the last. */
  next(): Record<string, unknown> | null {
    for (;;) {
      const line = this.#ahead?.next() ?? null;
      if (line === null) return this.#end();
      const { offset, cut } = this.#ahead!;
      const record = cut === 0 ? this.#visit(line, offset) : this.#passOver(cut);
      if (record !== null) return record;
    }
  }

  /** Goes through all that was not met yet. */
  complete(): void {
    while (this.#ahead !== null) this.next();
  }

  /** Bytes that were read to find the lines, good until more is read; null where they are gone. */
  held(offset: number, length: number): Buffer | null {
    return this.#ahead === null ? null : this.#ahead.held(offset, length);
  }

  /** Position of the exchange with this id; -1 where there is none. */
  find(id: string): number {
    const position = this.#byId.get(id);
    if (position !== undefined || this.#ahead === null) return position ?? -1;
    this.complete();
    return this.#byId.get(id) ?? -1;
  }

  /** Whether a part's number was met on more than one line. */
  get repeatsNumbers(): boolean {
    return this.#shadowed.size > 0;
  }

  /** Ordinal of part `n` as seen by the exchange at `position`; -1 where there is none. */
  ordinal(n: number, position: number): number {
    const above = this.partsAbove.at(position);
    let ordinal = this.#ordinals.get(n) ?? -1;
    while (ordinal >= above) ordinal = this.#shadowed.get(ordinal) ?? -1;
    return ordinal;
  }

  /** SHA-256 of a part in lower-case hex. */
  digest(ordinal: number): string {
    const known = this.#digestTexts[ordinal];
    if (known !== undefined) return known;
    const at = ordinal * DIGEST_LENGTH;
    const text = this.#digests.toString("latin1", at, at + DIGEST_LENGTH);
    this.#digestTexts[ordinal] = text;
    return text;
  }

  #end(): null {
    if (this.#ahead === null) return null;
    const { complete, size } = this.#ahead;
    this.#ahead = null;
    if (complete < size) {
      const message = `torn line of ${size - complete} bytes at the end`;
      this.damage.push({ line: this.lines + 1, message });
    }
    return null;
  }

  #passOver(bytes: number): null {
    this.lines++;
    const message = `a line of ${bytes} bytes, longer than any that is read`;
    this.damage.push({ line: this.lines, message });
    return null;
  }

  /** Gives the record where the line is a whole exchange. */
  #visit(line: Buffer, offset: number): Record<string, unknown> | null {
    this.lines++;
    if (this.#head.read(line)) {
      const { n, digestAt } = this.#head;
      this.#addPart(n, line, offset, line, digestAt);
      return null;
    }
    const part = viewPartLine(line);
    if (part) {
      const digits = Buffer.from(part.sha256, "hex").toString("hex").padEnd(DIGEST_LENGTH, "0");
      this.#addPart(part.n, line, offset, Buffer.from(digits), 0);
      return null;
    }
    const record = parseLine(line);
    if (typeof record === "string") this.damage.push({ line: this.lines, message: record });
    else if (record.type === "exchange") return this.#addExchange(record, line, offset);
    else if (record.type === "file") this.fileLine ??= line.toString();
    else if (record.type === "part") {
      this.damage.push({ line: this.lines, message: "damaged part line" });
    }
    return null;
  }

  /** @param digits bytes in which the digest stands, in hex, from `digitsAt` on */
  #addPart(n: number, line: Buffer, offset: number, digits: Uint8Array, digitsAt: number): void {
    const ordinal = this.partOffset.length;
    const earlier = this.#ordinals.get(n);
    if (earlier !== undefined) this.#shadowed.set(ordinal, earlier);
    this.#ordinals.set(n, ordinal);
    this.maxPart = Math.max(this.maxPart, n);
    this.partOffset.push(offset);
    this.partLength.push(line.length);
    this.partLine.push(this.lines);
    this.partNumber.push(n);
    this.#keepDigest(ordinal, digits, digitsAt);
  }

  #addExchange(
    record: Record<string, unknown>,
    line: Buffer,
    offset: number,
  ): Record<string, unknown> | null {
    const { id, started } = record as { id: string; started: string };
    const earlier = this.#byId.get(id);
    if (earlier !== undefined) {
      // A merge can bring a call twice; it is one call, and its first line counts.
      const first = this.exchangeLine.at(earlier);
      this.damage.push({ line: this.lines, message: `exchange ${id} stands on line ${first} too` });
      return null;
    }
    this.#byId.set(id, this.ids.length);
    this.ids.push(id);
    this.started.push(started);
    this.exchangeOffset.push(offset);
    this.exchangeLength.push(line.length);
    this.exchangeLine.push(this.lines);
    this.partsAbove.push(this.partOffset.length);
    return record;
  }

  #keepDigest(ordinal: number, digits: Uint8Array, digitsAt: number): void {
    const at = ordinal * DIGEST_LENGTH;
    if (at + DIGEST_LENGTH > this.#digests.length) {
      this.#digests = Buffer.concat([this.#digests, Buffer.alloc(this.#digests.length)]);
    }
    const digests = this.#digests;
    for (let i = 0; i < DIGEST_LENGTH; i++) digests[at + i] = digits[digitsAt + i]!;
  }
}
