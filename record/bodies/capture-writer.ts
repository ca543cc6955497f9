/**
 * Writes one capture file: turns bodies into part lines and lists, and exchanges into lines. It owns
 * what has to be known of the file for that: which part has which digest, and which lists there are.
 *
 *   const writer = new CaptureWriter({ day, created, writer: null, append });
 *   const draft = writer.draft();
 *   const request = draft.request(bytes);            // {bytes, sha256, parts}
 *   const response = draft.stream(chunks);           // {bytes, sha256, chunks}
 *   writer.write(draft, { type: "exchange", id, … });  // one append: new parts, then the exchange
 *
 * Invariants: an exchange and the parts that it brings are one call of `append`; when that
 * throws, the writer knows nothing of them and the next write is as good as the first. No file, no
 * clock in here. One draft at a time.
 */
import { hash } from "node:crypto";
import { checkedLine } from "../format/json-line.ts";
import { parseLine } from "../format/parse-line.ts";
import type { ExchangeLine, PartRef } from "../format/schema.ts";
import { FORMAT } from "../format/version.ts";
import { LIMITS } from "../limits.ts";
import { type CarvedPart, carve, insertsOf, type Piece, storedBytes } from "./carve.ts";
import { type Chunk, encodeChunks } from "./chunks.ts";
import { isShallowJson } from "./json-scanner.ts";
import type { Member } from "./layout.ts";
import { ListIndex } from "./list-index.ts";
import { partBytes, partLine, viewPartLine, zstdLine } from "./part-line.ts";
import { type Atom, flatten, isLink, type Link, shorten } from "./part-list.ts";

export interface CaptureWriterOptions {
  /** UTC day of the exchanges, `YYYY-MM-DD`. */
  readonly day: string;
  /** RFC 3339 UTC time for the first line; only used where the file is new. */
  readonly created: string;
  readonly writer: string | null;
  /** Appends all of `lines` to the file, in one write where it can; throws where it could not. */
  readonly append: (lines: Buffer) => void;
}

/** A stored plain body, as the `body` of a request or response holds it. */
export type PlainBody = {
  bytes: number;
  sha256: string;
  parts: PartRef[];
};

/** A stored streamed body. */
export type StreamedBody = {
  bytes: number;
  sha256: string;
  chunks: number;
};

/** What a writer knows of its file. */
class Knowledge {
  /** Part number by SHA-256. */
  readonly parts = new Map<string, number>();
  /** SHA-256 by part number: what a number means at the end of the file. */
  readonly digests: string[] = [];
  readonly lists = new ListIndex();
  partCount = 0;

  learn(n: number, sha256: string): void {
    const earlier = this.digests[n];
    if (earlier !== undefined && this.parts.get(earlier) === n) this.parts.delete(earlier);
    this.digests[n] = sha256;
    this.parts.set(sha256, n);
    this.partCount = Math.max(this.partCount, n);
  }
}

export class Draft {
  readonly lines: Buffer[] = [];
  readonly parts = new Map<string, number>();
  /** Flat list of the request body, and the link it was written with. */
  list: { readonly atoms: Atom[]; readonly link: Link | null } | null = null;
  readonly #known: Knowledge;

  constructor(known: Knowledge) {
    this.#known = known;
  }

  /**
   * Stores a request body. At most one per exchange: later requests may refer to its list.
   * `members` is its layout, where that is known.
   */
  request(bytes: Buffer, members?: readonly Member[] | null): PlainBody {
    const atoms = this.#atoms(bytes, carve(bytes, members));
    const lists = this.#known.lists;
    const match = lists.match(atoms);
    const link = lists.link(match);
    const inFull = shorten(atoms);
    const linked = link ? [{ ...link }, ...shorten(atoms, match.take)] : inFull;
    const pays = link !== null && jsonLength(linked) < jsonLength(inFull);
    this.list = { atoms, link: pays ? link : null };
    return this.#body(bytes, pays ? linked : inFull);
  }

  /** Stores any other body that is not streamed. */
  body(bytes: Buffer): PlainBody {
    return this.#body(bytes, shorten(this.#atoms(bytes, carve(bytes))));
  }

  /**
   * Stores a streamed body chunk by chunk; one whose chunks are longer than readers decompress, as a
   * plain body without their times.
   */
  stream(chunks: readonly Chunk[]): StreamedBody | PlainBody {
    const whole = Buffer.concat(chunks.map(([, bytes]) => bytes));
    const encoded = encodeChunks(chunks);
    if (encoded.length > LIMITS.partDecodeBytes) return this.#body(whole, this.#packed(whole));
    const digest = sha256(encoded);
    const n = this.#part(digest, (next) => zstdLine(next, digest, encoded));
    return { bytes: whole.length, sha256: sha256(whole), chunks: n };
  }

  /**
   * Stores one piece, for instance the assembled message; its number. `json` asks for it to be
   * spliced in as JSON; what turns out to be none (or nests too deep) is stored as text all the same.
   */
  part(bytes: Buffer, json: boolean): number {
    return this.#piece(bytes, json && isShallowJson(bytes));
  }

  /** A part of a body; one that an earlier body had as well need not be read again. */
  #carved(bytes: Buffer, piece: CarvedPart): number {
    const { memo, json } = piece;
    const known = memo?.digest === undefined ? undefined : this.#numberOf(memo.digest);
    if (known !== undefined) return known;
    const stored = storedBytes(bytes, piece);
    const digest = sha256(stored);
    if (memo !== undefined) memo.digest = digest;
    return this.#part(digest, (n) => partLine(n, digest, stored, json));
  }

  #piece(bytes: Buffer, json: boolean): number {
    const digest = sha256(bytes);
    return this.#part(digest, (n) => partLine(n, digest, bytes, json));
  }

  #body(bytes: Buffer, parts: PartRef[]): PlainBody {
    return { bytes: bytes.length, sha256: sha256(bytes), parts };
  }

  #atoms(bytes: Buffer, pieces: readonly Piece[]): Atom[] {
    return pieces.flatMap((piece): Atom | Atom[] => {
      if (typeof piece === "string") return piece;
      if (!piece.json && piece.end - piece.start > LIMITS.textPartBytes) {
        return this.#packed(bytes.subarray(piece.start, piece.end));
      }
      const part = this.#carved(bytes, piece);
      const insert = insertsOf(bytes, piece);
      return insert ? { part, insert } : part;
    });
  }

  /** Bytes that are too long for one line, as parts that each are short enough to be read. */
  #packed(bytes: Buffer): number[] {
    const numbers: number[] = [];
    for (let at = 0; at < bytes.length; at += LIMITS.packedPartBytes) {
      const piece = bytes.subarray(at, at + LIMITS.packedPartBytes);
      const digest = sha256(piece);
      numbers.push(this.#part(digest, (n) => zstdLine(n, digest, piece)));
    }
    return numbers;
  }

  #numberOf(digest: string): number | undefined {
    return this.#known.parts.get(digest) ?? this.parts.get(digest);
  }

  #part(digest: string, line: (n: number) => Buffer): number {
    const known = this.#numberOf(digest);
    if (known !== undefined) return known;
    const n = this.#known.partCount + this.parts.size + 1;
    this.lines.push(line(n));
    this.parts.set(digest, n);
    return n;
  }
}

export class CaptureWriter {
  /** Bytes of the file so far. */
  bytes = 0;
  readonly #options: CaptureWriterOptions;
  readonly #known = new Knowledge();

  constructor(options: CaptureWriterOptions) {
    this.#options = options;
  }

  /** Whether the file has passed the size from which on the next exchange belongs in `+1`. */
  get isFull(): boolean {
    return this.bytes >= LIMITS.captureFileBytes;
  }

  draft(): Draft {
    return new Draft(this.#known);
  }

  /**
   * Appends the draft's new parts and the exchange; returns the bytes appended. Rethrows what
   * `append` throws, and then nothing has changed.
   */
  write(draft: Draft, exchange: ExchangeLine): number {
    const lines = [...draft.lines, checkedLine(exchange)];
    if (this.bytes === 0) lines.unshift(this.#fileLine());
    const buffer = Buffer.concat(lines);
    this.#options.append(buffer);
    this.bytes += buffer.length;
    for (const [digest, n] of draft.parts) this.#known.learn(n, digest);
    if (draft.list) this.#known.lists.add(exchange.id, draft.list.atoms, draft.list.link);
    return buffer.length;
  }

  /**
   * Learns a line that the file already holds (without its LF), after a restart. Damaged lines are
   * passed over: a part that does not match its digest is one that has to be stored again.
   */
  absorb(line: Buffer): void {
    this.bytes += line.length + 1;
    const view = viewPartLine(line);
    if (view) {
      // Even a damaged part uses its number up.
      this.#known.partCount = Math.max(this.#known.partCount, view.n);
      if (isIntact(view)) this.#known.learn(view.n, view.sha256);
      return;
    }
    const record = parseLine(line);
    if (typeof record === "string" || record.type !== "exchange") return;
    const { id, request } = record as unknown as ExchangeLine;
    if (request.body?.parts) this.#absorbList(id, request.body.parts);
  }

  #absorbList(id: string, refs: readonly PartRef[]): void {
    const head = refs[0];
    const link = isLink(head) ? head : null;
    const earlier = link ? this.#known.lists.list(link.as) : [];
    if (!earlier || (link && earlier.length < link.take)) return;
    if (link) earlier.length = link.take;
    try {
      const atoms = flatten(link ? refs.slice(1) : refs, this.#known.partCount, earlier);
      this.#known.lists.add(id, atoms, link);
    } catch {
      // A list that cannot be read is one that nothing will refer to.
    }
  }

  #fileLine(): Buffer {
    const { day, created, writer } = this.#options;
    return checkedLine({ type: "file", format: FORMAT, day, created, writer });
  }
}

const sha256 = (bytes: Buffer) => hash("sha256", bytes, "hex");

const jsonLength = (value: unknown) => JSON.stringify(value).length;

function isIntact(view: NonNullable<ReturnType<typeof viewPartLine>>): boolean {
  try {
    return sha256(partBytes(view)) === view.sha256;
  } catch {
    return false;
  }
}
