/**
 * Between the commands and the terminal: the one place where what they print becomes harmless.
 * Captured text is hostile (ids, titles, models, urls, folder names, error messages), and any of it
 * may end up in a line.
 *
 * Invariants: text is written with all that a terminal would obey made visible, as JSON
 * escapes where the answer is JSON, so that it still parses to the same. Bytes (Buffers) are what
 * somebody asked for as they are: they pass untouched to a file or a pipe, and like text to a
 * terminal. Only `progress` moves the cursor, and only on a terminal.
 */

import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { jsonSafe, printable } from "./printable.ts";

type Target = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export class SafeOutput extends Writable {
  readonly #target: Target;
  readonly #decoder = new StringDecoder("utf8");
  /** Whether text is JSON. */
  json = false;

  constructor(target: Writable) {
    super({ decodeStrings: false });
    this.#target = target;
  }

  get isTTY(): boolean {
    return this.#target.isTTY === true;
  }

  get columns(): number | undefined {
    return this.#target.columns;
  }

  /** One line that the next one takes the place of; nothing where this is no terminal. */
  progress(text: string): void {
    if (this.isTTY) this.#target.write(`\r\u001b[K${printable(text)}`);
  }

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    if (this.#target.write(this.#safe(chunk))) done();
    else this.#target.once("drain", done);
  }

  #safe(chunk: Buffer | string): Buffer | string {
    if (typeof chunk !== "string" && !this.isTTY) return chunk;
    const text = typeof chunk === "string" ? chunk : this.#decoder.write(chunk);
    return this.json ? jsonSafe(text) : printable(text);
  }
}

/** Says on a stream how far something is; nothing where that is no terminal. */
export function progressOn(stream: Writable): (text: string) => void {
  return (text) => {
    if (stream instanceof SafeOutput) stream.progress(text);
  };
}
