/**
 * What the pages of a conversation leave out of long texts, in one file a page, fetched when a
 * reader asks for it: `_rest/<conversation>/<page>.bin`, gzip, `["the middle of a text", …]`.
 *
 * What always holds: with head and tail the middle is the whole text, to the character; a page
 * keeps at most LIMITS.siteRawBytes of it (beyond that the raw bytes tell), and a page that leaves
 * out nothing has no file.
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LIMITS } from "../../record/limits.ts";
import { remove, writeChanged } from "./files.ts";

export class Rests {
  readonly #path: string;
  readonly #texts: string[] = [];
  #chars = 0;

  /** `path` of the file from the site's root. */
  constructor(path: string) {
    this.#path = path;
  }

  readonly keep = (middle: string): number | null => {
    if (this.#chars + middle.length > LIMITS.siteRawBytes) return null;
    this.#chars += middle.length;
    return this.#texts.push(middle) - 1;
  };

  /** Writes the file below `out`; null where nothing was left out. */
  write(out: string): { path: string; bytes: number } | null {
    const file = join(out, this.#path);
    if (this.#texts.length === 0) {
      remove(file);
      return null;
    }
    const packed = gzipSync(JSON.stringify(this.#texts));
    writeChanged(file, packed);
    return { path: this.#path, bytes: packed.length };
  }
}
