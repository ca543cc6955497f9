/**
 * Files of the state and published folders, written so that a reader sees the old or the new one
 * and never half of either. No other module of the site's build writes a file.
 */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { threadId } from "node:worker_threads";

/** Writes beside the target and renames over it; makes the folders that are missing. */
export function writeWhole(
  path: string,
  data: string | Uint8Array,
  written: (temporary: string) => void = () => {},
): void {
  const temporary = `${path}.${process.pid}-${threadId}.tmp`;
  try {
    try {
      writeFileSync(temporary, data);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, data);
    }
    written(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** As `writeWhole`, and on the disk when it returns: for what decides about other files. */
export function writeDurable(path: string, data: string): void {
  writeWhole(path, data, sync);
  sync(dirname(path));
}

function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Appends a line to a file that is there. A torn one is the reader's to pass over. */
export function appendLine(path: string, line: string): void {
  appendFileSync(path, `${line}\n`);
}

/** Removes what processes that were killed left of files they were writing. */
export function removeTorn(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\.\d+-\d+\.tmp$/.test(entry.name)) rmSync(path, { force: true });
  }
}

/** As `writeWhole`, but leaves a file alone that already holds just this. True where it wrote. */
export function writeChanged(path: string, data: string | Uint8Array): boolean {
  const bytes =
    typeof data === "string"
      ? Buffer.from(data)
      : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const before = readIfThere(path);
  if (before?.equals(bytes)) return false;
  writeWhole(path, bytes);
  return true;
}

/** The bytes of a file, null where it does not exist. */
export function readIfThere(path: string): Buffer | null {
  // Mostly a page that is new: an error would be dear.
  if (!existsSync(path)) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Names in a folder; none where it does not exist. */
export function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Parsed JSON of a file; null where it does not exist or is damaged (then it is made anew). */
export function readJson<T>(path: string): T | null {
  const bytes = readIfThere(path);
  if (bytes === null) return null;
  try {
    return JSON.parse(bytes.toString()) as T;
  } catch {
    return null;
  }
}

export function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
