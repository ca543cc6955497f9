/**
 * One capture file on disk: opening it for every append, and noticing when it is not the file that
 * it was.
 *
 * Invariants: an append goes to the file that is visible under the path, after it was found
 * to be the one that the dedupe table was built from (same inode, same size); otherwise the table
 * is built anew from what is visible, so nothing ever refers to a part that a reader cannot find.
 * Regular files only, never through a link, 0600. Torn bytes at the end are moved to the state
 * directory before anything is appended; a last line that is whole but for its LF is kept.
 */
import fs, { constants } from "node:fs";
import { dirname, join } from "node:path";
import { CaptureWriter } from "../../record/bodies/capture-writer.ts";
import { fileModeFor } from "../../record/johnny-decimal/file-mode.ts";
import { LIMITS } from "../../record/limits.ts";
import type { BuiltRecord, StoredForm } from "./build-record.ts";
import type { TornBytes } from "./torn-bytes.ts";
import { UnsyncedAppends } from "./unsynced-appends.ts";

const READ_BYTES = 1024 * 1024;
const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Thrown where something that is no regular file stands in the way. */
export class NotAFile extends Error {
  readonly code = "tree-refused";
}

export class DayFile {
  readonly path: string;
  readonly #day: string;
  readonly #writer: string | null;
  readonly #torn: TornBytes;
  #capture: CaptureWriter;
  /** Ids of the exchanges in the visible file. */
  #ids = new Set<string>();
  #inode = 0;
  #size = 0;
  /** What was appended since the last sync, by inode, and whether the file was new. */
  readonly #unsynced = new Map<number, UnsyncedAppends>();
  #created = false;

  constructor(path: string, day: string, writer: string | null, torn: TornBytes) {
    this.path = path;
    this.#day = day;
    this.#writer = writer;
    this.#torn = torn;
    this.#capture = this.#newCapture();
    this.#load();
  }

  get isFull(): boolean {
    return this.#capture.isFull;
  }

  /** True where the visible file holds this exchange. */
  has(id: string): boolean {
    this.#refresh();
    return this.#ids.has(id);
  }

  /** Appends a record. Throws what the disk says; then nothing of it is in the file. */
  append(record: BuiltRecord): void {
    this.#refresh();
    const draft = this.#capture.draft();
    const { line, request, response } = record;
    if (request !== null) {
      const { layout } = request;
      line.request.body = body(request, (bytes) => draft.request(bytes, layout), draft);
    }
    if (response !== null && line.response !== null) {
      line.response.body = body(response, (bytes) => draft.body(bytes), draft);
      if (record.assembled !== null) line.response.assembled = draft.part(record.assembled, true);
    }
    this.#capture.write(draft, line);
    this.#ids.add(line.id);
  }

  /** Makes what was appended last through a power cut; the folder too where the file is new. */
  sync(): void {
    for (const [inode, appends] of this.#unsynced) {
      appends.sync(this.path);
      this.#unsynced.delete(inode);
    }
    if (this.#created) syncFolders(dirname(this.path));
    this.#created = false;
  }

  #newCapture(): CaptureWriter {
    return new CaptureWriter({
      day: this.#day,
      created: new Date().toISOString(),
      writer: this.#writer,
      append: (lines) => this.#write(lines),
    });
  }

  /** Builds the table anew where the file under the path is another one, or has other bytes. */
  #refresh(): void {
    const stat = fs.lstatSync(this.path, { throwIfNoEntry: false });
    if (stat === undefined ? this.#inode === 0 : this.#isSame(stat)) return;
    this.#load();
  }

  #isSame(stat: fs.Stats): boolean {
    return stat.isFile() && stat.ino === this.#inode && stat.size === this.#size;
  }

  #load(): void {
    this.#capture = this.#newCapture();
    this.#ids = new Set();
    this.#inode = 0;
    this.#size = 0;
    const fd = openPlain(this.path, O_RDONLY);
    if (fd === null) return;
    try {
      const rest = this.#absorb(fd);
      const stat = fs.fstatSync(fd);
      this.#inode = stat.ino;
      this.#size = stat.size;
      if (rest.length > 0) this.#mend(rest);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Reads all lines; gives the bytes behind the last LF. */
  #absorb(fd: number): Buffer {
    const window = Buffer.allocUnsafe(READ_BYTES);
    let begun: Buffer[] = [];
    for (;;) {
      const count = fs.readSync(fd, window, 0, window.length, null);
      if (count === 0) return Buffer.concat(begun);
      let from = 0;
      for (;;) {
        const newline = window.subarray(0, count).indexOf(0x0a, from);
        if (newline < 0) break;
        const piece = window.subarray(from, newline);
        this.#learn(begun.length > 0 ? Buffer.concat([...begun, piece]) : piece);
        begun = [];
        from = newline + 1;
      }
      // Copied: the window is about to be filled anew.
      if (from < count) begun.push(Buffer.from(window.subarray(from, count)));
    }
  }

  #learn(line: Buffer): void {
    this.#capture.absorb(line);
    const id = exchangeId(line);
    if (id !== null) this.#ids.add(id);
  }

  #mend(rest: Buffer): void {
    const fd = fs.openSync(this.path, constants.O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (fs.fstatSync(fd).size !== this.#size) return;
      if (isWholeLine(rest)) {
        fs.writeSync(fd, "\n");
        this.#learn(rest);
        this.#size += 1;
      } else {
        this.#torn.keep(this.path, this.#size - rest.length, rest);
        fs.ftruncateSync(fd, this.#size - rest.length);
        this.#size -= rest.length;
      }
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  #write(lines: Buffer): void {
    const isNew = this.#inode === 0;
    if (this.#ids.size > 0 && this.#size + lines.length > LIMITS.captureFileMaxBytes) {
      throw new FileFull(this.path);
    }
    const flags = O_WRONLY | O_APPEND | (isNew ? O_CREAT | O_EXCL : 0);
    const fd = openPlain(this.path, flags);
    // Never made here: whoever renames a folder would find its old name again beside the new one.
    if (fd === null) throw isNew ? new FolderGone(this.path) : new FileChanged(this.path);
    let keep = false;
    try {
      const stat = fs.fstatSync(fd);
      if (!isNew && !this.#isSame(stat)) throw new FileChanged(this.path);
      writeWhole(fd, lines, stat.size);
      this.#inode = stat.ino;
      this.#size = stat.size + lines.length;
      this.#created ||= isNew;
      let appends = this.#unsynced.get(stat.ino);
      keep = appends === undefined;
      appends ??= new UnsyncedAppends(fd, stat.ino, stat.size);
      appends.add(lines);
      this.#unsynced.set(stat.ino, appends);
    } finally {
      if (!keep) fs.closeSync(fd);
    }
  }
}

/** The folder is not there (any more): look for its number again. */
export class FolderGone extends Error {
  readonly code = "ENOENT";
  constructor(path: string) {
    super(`the folder of ${path} is gone`);
  }
}

/** The record would make the file larger than git hosts like: it belongs into the next one. */
export class FileFull extends Error {
  constructor(path: string) {
    super(`${path} has no room for this record`);
  }
}

/** The file was swapped between looking and writing: look again. */
export class FileChanged extends Error {
  constructor(path: string) {
    super(`${path} changed while it was written to`);
  }
}

type Draft = ReturnType<CaptureWriter["draft"]>;

function body(
  form: StoredForm,
  plain: (bytes: Buffer) => object,
  draft: Draft,
): NonNullable<BuiltRecord["line"]["request"]["body"]> {
  const stored = form.chunks === null ? plain(form.bytes ?? EMPTY) : draft.stream(form.chunks);
  return {
    ...(stored as { bytes: number; sha256: string }),
    ...(form.encoding === null ? {} : { encoding: form.encoding }),
    ...(form.decodeError === null ? {} : { decode_error: form.decodeError }),
    ...(form.wire === null ? {} : { wire: form.wire }),
    ...(form.truncated ? { truncated: true } : {}),
  };
}

const EMPTY = Buffer.alloc(0);

/** The id of an exchange line, without parsing all of it; null for any other line. */
export function exchangeId(line: Buffer): string | null {
  return /^\{"type":"exchange","id":"([^"\\]+)"/.exec(line.toString("latin1", 0, 200))?.[1] ?? null;
}

/** Cut exactly before its LF, a line lacks nothing. */
function isWholeLine(line: Buffer): boolean {
  try {
    return typeof JSON.parse(line.toString("utf8")).type === "string";
  } catch {
    return false;
  }
}

/** null where the file does not exist (and is not to be created). */
function openPlain(path: string, flags: number): number | null {
  let fd: number;
  try {
    const mode = (flags & O_CREAT) === 0 ? 0 : fileModeFor(path);
    fd = fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code === "EEXIST") throw new FileChanged(path);
    if (code === "ELOOP" || code === "ENXIO" || code === "EISDIR") {
      throw new NotAFile(`${path} is not a regular file`, { cause: error });
    }
    throw error;
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw new NotAFile(`${path} is not a regular file`);
}

/** All or nothing: a short count is continued, and cut off again where the disk is full. */
function writeWhole(fd: number, bytes: Buffer, sizeBefore: number): void {
  let done = 0;
  try {
    while (done < bytes.length) {
      const count = fs.writeSync(fd, bytes, done, bytes.length - done);
      if (count <= 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      done += count;
    }
  } catch (error) {
    if (done > 0) fs.ftruncateSync(fd, sizeBefore);
    throw error;
  }
}

/** The folder and the three above it: the levels of a Johnny.Decimal tree that may be new. */
function syncFolders(folder: string): void {
  let path = folder;
  for (let level = 0; level < 4; level++, path = join(path, "..")) {
    try {
      const fd = fs.openSync(path, O_RDONLY);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    } catch {
      // Some file systems cannot sync a folder; they keep their own promises.
    }
  }
}
