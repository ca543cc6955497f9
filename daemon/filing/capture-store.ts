/**
 * The capture files that are being written: finds the file of a folder and a day, keeps a few of
 * their tables in memory, and goes on in `+1`, `+2` … when one is full.
 *
 * Invariants: an exchange that any file of its day in its folder already holds is not
 * written again; something that is no regular file is never written to, the next name is taken.
 */
import fs from "node:fs";
import { basename, join } from "node:path";
import { captureName, parseCaptureName } from "../../record/format/capture-name.ts";
import { LIMITS } from "../../record/limits.ts";
import type { BuiltRecord } from "./build-record.ts";
import type { Attempt } from "./checkpoint.ts";
import { DayFile, exchangeId, FileChanged, FileFull, NotAFile } from "./day-file.ts";
import type { TornBytes } from "./torn-bytes.ts";

/** The files of one day in one folder. */
interface Day {
  readonly folder: string;
  readonly day: string;
  current: DayFile;
  part: number;
  /** Ids in the parts before the current one. */
  readonly earlier: Set<string>;
}

/** How many names in a row may be taken by something that is no file. */
const OBSTACLES = 20;
/** How often a file may change between looking and writing. */
const CHANGES = 5;

export class CaptureStore {
  readonly #writer: string | null;
  readonly #torn: TornBytes;
  /** By folder and day; the one used last is last. */
  readonly #days = new Map<string, Day>();
  /** Files that were given up since the last sync. */
  readonly #dropped = new Set<DayFile>();

  constructor(writer: string | null, torn: TornBytes) {
    this.#writer = writer;
    this.#torn = torn;
  }

  /**
   * Appends a record to the file of its day in `folder`; gives the file's path. Does nothing where
   * the exchange is there already. `before` learns the path before anything is written. Throws what
   * the disk says, and then nothing was written.
   */
  append(folder: string, record: BuiltRecord, before: (path: string) => void): string {
    for (let tries = 1; ; tries++) {
      const day = this.#day(folder, record.line.started.slice(0, 10));
      try {
        if (day.earlier.has(record.line.id)) return day.current.path;
        if (!day.current.has(record.line.id)) {
          before(day.current.path);
          day.current.append(record);
        }
        return day.current.path;
      } catch (error) {
        if (error instanceof FileFull) {
          this.#continue(day);
          continue;
        }
        this.#days.delete(keyOf(folder, day.day));
        // Looked at anew next time; what it has appended is still to be synced.
        this.#dropped.add(day.current);
        const again = error instanceof FileChanged || error instanceof NotAFile;
        if (!again || tries >= CHANGES) throw error;
      }
    }
  }

  /** Makes all appends since the last call durable. Throws what the disk says. */
  sync(): void {
    for (const { current } of this.#days.values()) current.sync();
    for (const file of this.#dropped) {
      file.sync();
      this.#dropped.delete(file);
    }
  }

  /** Keys of appends that were begun and not confirmed, and are in the tree all the same. */
  found(attempts: readonly Attempt[], say: (message: string) => void): Set<string> {
    const found = new Set<string>();
    for (const [file, those] of Map.groupBy(attempts, (x) => x.file)) {
      try {
        const ids = this.#mend(file);
        for (const { key, id } of those) if (ids.has(id)) found.add(key);
      } catch (error) {
        say(`${file}: ${(error as Error).message}`);
      }
    }
    return found;
  }

  /** Opens a file that may have torn bytes at its end, which moves them away. */
  #mend(path: string): Set<string> {
    const parsed = parseCaptureName(basename(path));
    if (parsed === null) return new Set();
    new DayFile(path, parsed.day, this.#writer, this.#torn).sync();
    return idsOf(path);
  }

  #day(folder: string, day: string): Day {
    const key = keyOf(folder, day);
    let known = this.#days.get(key);
    if (known === undefined) known = this.#open(folder, day);
    else this.#days.delete(key);
    if (known.current.isFull) this.#continue(known);
    this.#days.set(key, known);
    for (const [oldest, { current }] of this.#days) {
      if (this.#days.size <= LIMITS.filerOpenFilesCount) break;
      current.sync();
      this.#days.delete(oldest);
    }
    return known;
  }

  #open(folder: string, day: string): Day {
    const parts = listNames(folder)
      .map(parseCaptureName)
      .filter((name) => name?.day === day && name.writer === this.#writer)
      .map((name) => name?.part ?? 0)
      .sort((a, b) => a - b);
    const earlier = new Set<string>();
    const last = parts.at(-1) ?? 0;
    for (const part of parts) {
      if (part < last) for (const id of idsOf(this.#path(folder, day, part))) earlier.add(id);
    }
    const [current, part] = this.#openPart(folder, day, last);
    return { folder, day, current, part, earlier };
  }

  #continue(day: Day): void {
    day.current.sync();
    for (const id of idsOf(day.current.path)) day.earlier.add(id);
    [day.current, day.part] = this.#openPart(day.folder, day.day, day.part + 1);
  }

  /** The file of this part, or of the next one that is not in the way of something else. */
  #openPart(folder: string, day: string, from: number): [DayFile, number] {
    for (let part = from; ; part++) {
      try {
        const path = this.#path(folder, day, part);
        return [new DayFile(path, day, this.#writer, this.#torn), part];
      } catch (error) {
        if (!(error instanceof NotAFile) || part - from >= OBSTACLES) throw error;
      }
    }
  }

  #path(folder: string, day: string, part: number): string {
    return join(folder, captureName({ day, writer: this.#writer, part }));
  }
}

function keyOf(folder: string, day: string): string {
  return `${day} ${folder}`;
}

function listNames(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Ids of all exchanges in a file; none where it is no regular file. */
function idsOf(path: string): Set<string> {
  const ids = new Set<string>();
  const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
  let fd: number;
  try {
    fd = fs.openSync(path, flags);
  } catch {
    return ids;
  }
  try {
    if (!fs.fstatSync(fd).isFile()) return ids;
    const bytes = fs.readFileSync(fd);
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(0x0a, from);
      const end = newline < 0 ? bytes.length : newline;
      const id = exchangeId(bytes.subarray(from, end));
      if (id !== null) ids.add(id);
      from = end + 1;
    }
  } finally {
    fs.closeSync(fd);
  }
  return ids;
}
