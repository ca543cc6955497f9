/**
 * What has come into the tree since the last look: for `tail`, which shows exchanges as they end.
 *
 * Invariants: only the bytes appended since are read; a torn line is left for the next look;
 * a file that became shorter or was replaced is read from its beginning, and an exchange that was
 * shown is not shown again; a line that is damaged is named and passed over. It must never write.
 */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { parseLine } from "../format/parse-line.ts";
import type { ExchangeLine } from "../format/schema.ts";
import { FileLines } from "./file-lines.ts";
import { openTree, type Stream } from "./tree.ts";

export interface Arrived {
  readonly exchange: ExchangeLine;
  readonly stream: Stream;
  readonly path: string;
}

/** How far a file was read. */
interface Read {
  readonly inode: number;
  readonly offset: number;
  readonly lines: number;
}

const EXCHANGE = Buffer.from('{"type":"exchange","id":"');
const PART = Buffer.from('{"type":"part"');
const ID_LENGTH_MAX = 64;

export class Follower {
  readonly #captures: string;
  readonly #damaged: (message: string) => void;
  readonly #read = new Map<string, Read>();
  readonly #seen = new Set<string>();

  /** What is there already counts as seen. `damaged` is told of lines that cannot be read. */
  constructor(captures: string, damaged: (message: string) => void = () => {}) {
    this.#captures = captures;
    this.#damaged = damaged;
    for (const { path } of openTree(captures).files()) {
      for (const { line } of this.#appended(path)) {
        const id = idOf(line);
        if (id !== null) this.#seen.add(id);
      }
    }
  }

  /** Exchanges that were filed since the last call, file by file. Throws what the file system throws. */
  *look(): Generator<Arrived> {
    for (const { stream, path } of openTree(this.#captures).files()) {
      for (const { line, at } of this.#appended(path)) {
        if (startsWith(line, PART)) continue;
        const id = idOf(line);
        if (id !== null && this.#seen.has(id)) continue;
        const record = parseLine(line);
        if (typeof record === "string") this.#damaged(`${path}:${at}: ${record}`);
        else if (record.type === "exchange" && !this.#seen.has(record.id as string)) {
          this.#seen.add(record.id as string);
          yield { exchange: record as unknown as ExchangeLine, stream, path };
        }
      }
    }
  }

  /** The complete lines that were not read yet, each good until the next. */
  *#appended(path: string): Generator<{ line: Buffer; at: number }> {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { ino, size } = fstatSync(fd);
      const known = this.#read.get(path);
      const isSame = known?.inode === ino && known.offset <= size;
      if (isSame && known.offset === size) return;
      const lines = new FileLines(fd, size, isSame ? known.offset : 0);
      let at = isSame ? known.lines : 0;
      for (let line = lines.next(); line !== null; line = lines.next()) {
        at++;
        this.#read.set(path, { inode: ino, offset: lines.complete, lines: at });
        yield { line, at };
      }
    } finally {
      closeSync(fd);
    }
  }
}

function startsWith(line: Buffer, text: Buffer): boolean {
  return text.equals(line.subarray(0, text.length));
}

function idOf(line: Buffer): string | null {
  if (!startsWith(line, EXCHANGE)) return null;
  const end = line.indexOf('"', EXCHANGE.length);
  if (end < 0 || end > EXCHANGE.length + ID_LENGTH_MAX) return null;
  return line.toString("latin1", EXCHANGE.length, end);
}
