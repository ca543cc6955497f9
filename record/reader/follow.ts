/**
 * What has come into the tree since the last look: for `tail`, which shows exchanges as they end.
 *
 * What always holds: only the bytes appended since are read; a torn line is left for the next look;
 * a file that became shorter or was replaced is read from its beginning, and an exchange that was
 * shown is not shown again. It must never write.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { ExchangeLine } from "../format/schema.ts";
import { openTree, type Stream } from "./tree.ts";

export interface Arrived {
  readonly exchange: ExchangeLine;
  readonly stream: Stream;
  readonly path: string;
}

const EXCHANGE = '{"type":"exchange"';
const LF = 0x0a;

export class Follower {
  readonly #captures: string;
  readonly #read = new Map<string, { inode: number; offset: number }>();
  readonly #seen = new Set<string>();

  /** What is there already counts as seen. */
  constructor(captures: string) {
    this.#captures = captures;
    for (const { exchange } of this.#arrived()) this.#seen.add(exchange.id);
  }

  /** Exchanges that were filed since the last call, file by file. Throws what the file system throws. */
  *look(): Generator<Arrived> {
    for (const arrived of this.#arrived()) {
      if (this.#seen.has(arrived.exchange.id)) continue;
      this.#seen.add(arrived.exchange.id);
      yield arrived;
    }
  }

  *#arrived(): Generator<Arrived> {
    for (const { stream, path } of openTree(this.#captures).files()) {
      for (const line of this.#appended(path)) {
        const exchange = parsed(line);
        if (exchange !== null) yield { exchange, stream, path };
      }
    }
  }

  #appended(path: string): string[] {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { ino, size } = fstatSync(fd);
      const known = this.#read.get(path);
      const offset = known?.inode === ino && known.offset <= size ? known.offset : 0;
      const bytes = Buffer.alloc(size - offset);
      const got = readSync(fd, bytes, 0, bytes.length, offset);
      const end = bytes.subarray(0, got).lastIndexOf(LF) + 1;
      this.#read.set(path, { inode: ino, offset: offset + end });
      return bytes
        .toString("utf8", 0, end)
        .split("\n")
        .filter((line) => line.startsWith(EXCHANGE));
    } finally {
      closeSync(fd);
    }
  }
}

function parsed(line: string): ExchangeLine | null {
  try {
    return JSON.parse(line) as ExchangeLine;
  } catch {
    return null;
  }
}
