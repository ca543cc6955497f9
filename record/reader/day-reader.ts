/**
 * Reads the files of one day of one stream as if they were one: the first file, its continuations,
 * and those of other writers.
 *
 * Invariants: every exchange is read from the file that it stands in; files are opened when
 * the reader is made and closed with it. The same memory as CaptureFile, once per file.
 */
import type { Chunk } from "../bodies/chunks.ts";
import { CodedError } from "../errors.ts";
import type { ExchangeLine } from "../format/schema.ts";
import { CaptureFile, type StoredPart } from "./capture-file.ts";
import { expandLine } from "./expand.ts";
import { type Outline, Outlines, outlineOf } from "./outline.ts";

/** A damaged line with the file that it stands in. */
export interface FileDamage {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Whatever names an exchange: the exchange itself, or an object with its id. */
export type ExchangeName = Pick<ExchangeLine, "id">;

export class DayReader {
  readonly files: readonly CaptureFile[];
  readonly #outlines = new Map<CaptureFile, Outlines>();
  #outlined: {
    readonly id: string;
    readonly side: string;
    readonly outline: Outline | null;
  } | null = null;

  /**
   * Opens the files. Throws what the file system throws, with nothing left open.
   * @param until for a path, the offset from which on its lines are left out
   */
  static open(
    paths: string | readonly string[],
    until: (path: string) => number | undefined = () => undefined,
  ): DayReader {
    const files: CaptureFile[] = [];
    try {
      for (const path of typeof paths === "string" ? [paths] : paths) {
        files.push(CaptureFile.open(path, until(path)));
      }
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    return new DayReader(files);
  }

  private constructor(files: readonly CaptureFile[]) {
    this.files = files;
  }

  close(): void {
    for (const file of this.files) file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Number of exchanges. */
  get count(): number {
    return this.files.reduce((sum, file) => sum + file.count, 0);
  }

  /** Lines that were passed over because they cannot be read. */
  get damage(): FileDamage[] {
    return this.files.flatMap((file) => file.damage.map((d) => ({ file: file.path, ...d })));
  }

  /**
   * The exchanges, file by file and in file order; each is read when it is asked for.
   * @param from position of the first
   */
  *exchanges(from = 0): Generator<ExchangeLine> {
    let skip = from;
    for (const file of this.files) {
      yield* file.exchanges(skip);
      skip = skip === 0 ? 0 : Math.max(0, skip - file.count);
    }
  }

  /** The file in which an exchange stands. Throws no-such-exchange. */
  fileOf(x: ExchangeName): CaptureFile {
    const [first] = this.files;
    if (this.files.length === 1 && first!.has(x.id)) return first!;
    const file = this.files.find((candidate) => candidate.has(x.id));
    if (!file) throw new CodedError("no-such-exchange", `no exchange ${x.id} in this day`);
    return file;
  }

  /** Position of an exchange among all, file by file; null where it is not of this day. */
  positionOf(x: ExchangeName): number | null {
    let above = 0;
    for (const file of this.files) {
      const position = file.positionOf(x);
      if (position !== null) return above + position;
      above += file.count;
    }
    return null;
  }

  /** Id of the exchange at a position; null behind the last one that was met so far. */
  idAt(position: number): string | null {
    let at = position;
    for (const file of this.files) {
      const id = file.idAt(at);
      // To count a file goes through all of it: not where no other follows.
      if (id !== null || file === this.files.at(-1)) return id;
      at -= file.count;
    }
    return null;
  }

  /** The exchange with exactly this id. Throws no-such-exchange. */
  exchange(id: string): ExchangeLine {
    return this.fileOf({ id }).exchange(id);
  }

  /** When an exchange began, without reading it. Throws no-such-exchange. */
  started(id: string): string {
    return this.fileOf({ id }).started(id);
  }

  /** The request body as stored (decoded, redacted); null where there was none. */
  requestBody(x: ExchangeLine): Buffer | null {
    return this.fileOf(x).requestBody(x);
  }

  /** The response body as stored; of a stream, its chunks put end to end; null where none came. */
  responseBody(x: ExchangeLine): Buffer | null {
    return this.fileOf(x).responseBody(x);
  }

  /** Chunks of a streamed response with their times; null where it was not streamed. */
  chunks(x: ExchangeLine): Chunk[] | null {
    return this.fileOf(x).chunks(x);
  }

  /** The same as JSON Lines, as they are stored, held against the body's digest. */
  chunkLines(x: ExchangeLine): Buffer | null {
    return this.fileOf(x).chunkLines(x);
  }

  /** JSON text of the message that the stream adds up to; null where none is stored. */
  assembled(x: ExchangeLine): string | null {
    return this.fileOf(x).assembled(x);
  }

  /**
   * Parts by top-level key of a body, without joining it; null where it was not carved. That of
   * the exchange that was asked for last is at hand.
   */
  outline(x: ExchangeLine, side: "request" | "response"): Outline | null {
    const known = this.#outlined;
    if (known !== null && known.id === x.id && known.side === side) return known.outline;
    const outline = this.#outline(x, side);
    this.#outlined = { id: x.id, side, outline };
    return outline;
  }

  #outline(x: ExchangeLine, side: "request" | "response"): Outline | null {
    const file = this.fileOf(x);
    const atoms = file.atoms(x, side);
    if (!atoms) return null;
    const { bytes } = (side === "request" ? x.request.body : x.response?.body) ?? { bytes: 0 };
    const source = {
      part: (n: number) => file.part(n, x),
      digest: file.digests(x),
      bytesMax: bytes,
    };
    return file.reading(x, `${side} body`, () => {
      // Where a number means one part to one exchange and another to the next, nothing is shared.
      if (file.repeatsNumbers) return outlineOf(atoms, source);
      let outlines = this.#outlines.get(file);
      if (outlines === undefined) {
        outlines = new Outlines();
        this.#outlines.set(file, outlines);
      }
      return outlines.outlineOf(atoms, source);
    });
  }

  /** Bytes of part `n` as the exchange sees it. Throws capture-damaged. */
  part(n: number, x: ExchangeName): Buffer {
    return this.fileOf(x).part(n, x);
  }

  /** The same as text; nothing of it is kept. */
  partText(n: number, x: ExchangeName): string {
    return this.fileOf(x).partText(n, x);
  }

  /** Parts that were stored because of this exchange: what is new in it. */
  newParts(x: ExchangeName): StoredPart[] {
    return this.fileOf(x).newParts(x);
  }

  /** Bytes of the file that are there because of this exchange. */
  newBytes(x: ExchangeName): number {
    return this.fileOf(x).newBytes(x);
  }

  /** The exchange as one line of plain, self-contained JSON (without LF); see docs/format.md. */
  expand(x: ExchangeLine): Iterable<Buffer> {
    return expandLine(x, this.fileOf(x));
  }
}
