/**
 * The three ways in which this folder writes files: append a line, replace a whole file, read one.
 *
 * What always holds: symbolic links and special files are refused; an append is one write of whole
 * lines; a replaced file is seen either old or new, never half; what is new is on the disk before
 * the call returns. Never in here: what the bytes mean.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CodedError } from "../errors.ts";
import { fileModeFor } from "./file-mode.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** The text of a file, or null where there is none. Throws `tree-refused` for what is no file. */
export function readPlainFile(path: string): string | null {
  const fd = openPlain(path, O_RDONLY);
  if (fd === null) return null;
  try {
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/**
 * Appends whole lines with one write, after mending a torn last line by ending it. Throws what the
 * file system throws; a short write (full disk) is an error too.
 */
export function appendLine(path: string, line: string) {
  const fd = openPlain(path, O_RDWR | O_APPEND | O_CREAT)!;
  try {
    const bytes = Buffer.from(`${endsTorn(fd) ? "\n" : ""}${line}\n`);
    const written = writeSync(fd, bytes);
    if (written !== bytes.length)
      throw new Error(`only ${written} of ${bytes.length} bytes written`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts a whole file in place of another (or of none). True where that changed anything. */
export function replaceFile(path: string, content: string): boolean {
  if (readPlainFile(path) === content) return false;
  // The leading dot keeps every scan of the tree away from it.
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  rmSync(draft, { force: true });
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileModeFor(path));
  try {
    writeWhole(fd, Buffer.from(content));
    fsyncSync(fd);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
  return true;
}

/** Makes what was created or renamed in a folder last through a power cut. */
export function syncFolder(folder: string) {
  const fd = openSync(folder, O_RDONLY);
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some file systems (network ones) cannot sync a folder; they keep their own promises.
    if (!["EINVAL", "ENOTSUP", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
  } finally {
    closeSync(fd);
  }
}

function openPlain(path: string, flags: number): number | null {
  let fd: number;
  try {
    const mode = (flags & O_CREAT) === 0 ? 0 : fileModeFor(path);
    fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && (flags & O_CREAT) === 0) return null;
    if (code === "ELOOP" || code === "ENXIO" || code === "EISDIR") throw refused(path, error);
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw refused(path);
}

function refused(path: string, cause?: unknown): CodedError {
  return new CodedError("tree-refused", `not a regular file: ${path}`, { cause });
}

function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}

function writeWhole(fd: number, bytes: Buffer) {
  let done = 0;
  while (done < bytes.length) {
    const written = writeSync(fd, bytes, done);
    // A full disk first writes less than it was asked to, without an error.
    if (written === 0) throw new Error("nothing written: the disk is full");
    done += written;
  }
}
