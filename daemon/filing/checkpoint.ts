/**
 * What the filer has done, so that a restart neither files anything twice nor reads it all again:
 * `<state>/filer/log.jsonl`.
 *
 *   {"try":"9f…:17","id":"01K…","file":"/…/2026-11-23.jsonl"}    about to append this exchange
 *   {"done":[["9f…:17",12,4096]],"from":[12,8192]}               synced; what began where; reading
 *                                                                has to start again at `from`
 *
 * Invariants: `try` is written before the append and `done` after the sync, so for every
 * exchange without `done` there is the name of the one file that can hold it. Losing this file is
 * harmless as long as the tree is as it was: the day's file itself is looked at as well. A torn
 * line is ignored, and costs no other line. Rewritten whole (draft and rename) when it has grown.
 */
import fs from "node:fs";
import { dirname, join } from "node:path";
import { LIMITS } from "../../record/limits.ts";
import type { Position } from "../spool/reader.ts";
import { SEGMENT_HEADER_BYTES } from "../spool/segment.ts";
import { comparePositions } from "./open-exchanges.ts";

/** An append that was begun and perhaps not finished. */
export interface Attempt {
  readonly key: string;
  readonly id: string;
  readonly file: string;
}

export class Checkpoint {
  readonly #path: string;
  #fd = -1;
  #bytes = 0;
  /** Bytes after the last rewriting: what cannot be left out. */
  #least = 0;
  /** The last append was cut short, so the next begins on a line of its own. */
  #torn = false;
  #from: Position | null = null;
  /** Exchanges filed that would be read again, with where they began. */
  readonly #done = new Map<string, Position>();
  readonly #attempts = new Map<string, Attempt>();

  /** Reads what there is. Throws where the folder cannot be made or the file not be read. */
  constructor(stateDir: string) {
    this.#path = join(stateDir, "filer", "log.jsonl");
    this.#load();
    this.#rewrite();
  }

  /** Where reading the spool has to start; null for its beginning. */
  get from(): Position | null {
    return this.#from;
  }

  /** Appends that were begun and not confirmed: their files have to be looked at. */
  get attempts(): readonly Attempt[] {
    return [...this.#attempts.values()];
  }

  isDone(key: string): boolean {
    return this.#done.has(key);
  }

  /** Before the append. */
  begin(attempt: Attempt): void {
    this.#attempts.set(attempt.key, attempt);
    this.#append({ try: attempt.key, id: attempt.id, file: attempt.file });
  }

  /** After the sync: these are filed (or set aside), and reading may start again at `from`. */
  finish(filed: readonly { key: string; start: Position }[], from: Position): void {
    for (const { key, start } of filed) {
      this.#attempts.delete(key);
      this.#done.set(key, start);
    }
    this.#from = from;
    const done = filed.map(({ key, start }) => [key, start.segment, start.offset]);
    this.#append({ done, from: [from.segment, from.offset] });
    if (this.#bytes > LIMITS.filerLogBytes + 2 * this.#least) this.#rewrite();
  }

  /** These segments of the spool are gone: what began in them will not be read again. */
  retired(segments: readonly number[]): void {
    if (segments.length === 0) return;
    const gone = new Set(segments);
    for (const [key, { segment }] of this.#done) if (gone.has(segment)) this.#done.delete(key);
  }

  /**
   * What was left of these segments is now in segment `to`, from its beginning on. Of what began in
   * them only the turns of `open`, which are not over, will be read again.
   */
  moved(
    segments: ReadonlySet<number>,
    to: number,
    open: ReadonlySet<string>,
    from: Position,
  ): void {
    const start = { segment: to, offset: SEGMENT_HEADER_BYTES };
    const again: { key: string; start: Position }[] = [];
    for (const [key, { segment }] of this.#done) {
      if (!segments.has(segment)) continue;
      if (open.has(key.slice(0, key.indexOf("/")))) again.push({ key, start });
      else this.#done.delete(key);
    }
    this.finish(again, from);
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #append(entry: object): void {
    const line = `${this.#torn ? "\n" : ""}${JSON.stringify(entry)}\n`;
    const bytes = Buffer.from(line);
    const count = fs.writeSync(this.#fd, bytes);
    this.#bytes += count;
    this.#torn = count !== bytes.length;
    if (this.#torn) {
      throw Object.assign(new Error("no space for the checkpoint"), { code: "ENOSPC" });
    }
  }

  #load(): void {
    let text = "";
    try {
      text = fs.readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    for (const line of text.split("\n")) {
      try {
        this.#replay(JSON.parse(line));
      } catch {
        // Empty, or torn by the end of the process that wrote it.
      }
    }
  }

  #replay(entry: Record<string, unknown>): void {
    if (typeof entry.try === "string") {
      this.#attempts.set(entry.try, {
        key: entry.try,
        id: String(entry.id),
        file: String(entry.file),
      });
      return;
    }
    for (const [key, segment, offset] of entry.done as [string, number, number][]) {
      this.#attempts.delete(key);
      this.#done.set(key, { segment, offset });
    }
    const [segment, offset] = entry.from as [number, number];
    this.#from = { segment, offset };
  }

  /** Only what a restart needs: what began before `from` will not be read again. */
  #rewrite(): void {
    const from = this.#from;
    for (const [key, start] of this.#done) {
      if (from !== null && comparePositions(start, from) < 0) this.#done.delete(key);
    }
    const lines: object[] = [];
    if (from !== null) {
      const done = [...this.#done].map(([key, at]) => [key, at.segment, at.offset]);
      lines.push({ done, from: [from.segment, from.offset] });
    }
    for (const { key, id, file } of this.#attempts.values()) lines.push({ try: key, id, file });
    const text = lines.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    const draft = `${this.#path}.draft`;
    // Again each time: somebody may have removed the folder meanwhile.
    fs.mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    fs.rmSync(draft, { force: true });
    // The descriptor comes with the draft: one that was opened after the renaming could be refused,
    // and the old one writes into a file that nobody reads any more.
    const fd = fs.openSync(draft, "ax", 0o600);
    try {
      fs.writeFileSync(fd, text);
      fs.renameSync(draft, this.#path);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    this.close();
    this.#fd = fd;
    this.#bytes = Buffer.byteLength(text);
    this.#least = this.#bytes;
    this.#torn = false;
  }
}
