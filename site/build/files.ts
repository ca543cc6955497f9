/**
 * Files of the state and published folders, written so that a reader sees the old or the new one
 * and never half of either. No other module of the site's build writes a file.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { threadId } from "node:worker_threads";

/** Writes beside the target and renames over it; makes the folders that are missing. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}-${threadId}.tmp`;
  try {
    writeFileSync(temporary, data);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, data);
  }
  renameSync(temporary, path);
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
