/**
 * Whether the two folders that the daemon writes to can be written: at the start, where a fault ends
 * it, and later, where a fault degrades the health.
 *
 * Invariants: what may pass by itself (a full disk, no descriptors left) is no fault of the start;
 * a look at a running daemon's folders writes nothing, so it wakes nobody who watches the tree.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError } from "../record/errors.ts";
import { folderModeFor } from "../record/johnny-decimal/file-mode.ts";
import type { Config } from "./config/types.ts";

/** Errors that are over when somebody makes room, or closes something. */
const PASSING = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "EAGAIN", "EINTR"]);

/** Makes both folders and tries to write. Throws CodedError folder-unusable, naming the key. */
export function checkFolders({ captures, state }: Pick<Config, "captures" | "state">): void {
  for (const [key, folder] of Object.entries({ captures, state })) {
    try {
      probe(folder);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "ERROR";
      if (PASSING.has(code)) continue;
      const message = `\`${key}\` is ${folder}, which cannot be written: ${saying(code, folder)}`;
      throw new CodedError("folder-unusable", message, { cause: error });
    }
  }
}

function probe(folder: string): void {
  makeFolder(folder);
  // The leading dot keeps every scan of the tree away from it.
  const path = join(folder, `.probe.${randomBytes(6).toString("hex")}.tmp`);
  const fd = fs.openSync(path, "wx", 0o600);
  fs.closeSync(fd);
  fs.unlinkSync(path);
}

/**
 * Makes a folder with its parents; throws what the system says. Level by level, because below /proc
 * Node's own way to make parents never comes back.
 */
export function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: folderModeFor(folder) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && fs.statSync(folder).isDirectory()) return;
    if (code !== "ENOENT" || folder === dirname(folder) || fs.existsSync(dirname(folder)))
      throw error;
    makeFolder(dirname(folder));
    fs.mkdirSync(folder, { mode: folderModeFor(folder) });
  }
}

/** Why a folder cannot be written to just now, in words; null where it can, or can be made. */
export async function folderFault(folder: string): Promise<string | null> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      if (!(await stat(path)).isDirectory()) return saying("ENOTDIR", path);
      await access(path, fs.constants.W_OK | fs.constants.X_OK);
      const { bavail, blocks } = await statfs(path);
      // A file system without blocks (tmpfs without a limit) tells nothing of its room.
      return blocks > 0 && bavail === 0 ? saying("ENOSPC", path) : null;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "ERROR";
      // Missing, it is made anew with the next call, as long as its parent allows it.
      const isMissing = code === "ENOENT" && path !== dirname(path) && !isLink(path);
      if (!isMissing) return saying(code, path);
    }
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it is not there and cannot be made",
  ENOTDIR: "something that is no folder is in its place",
  EEXIST: "something that is no folder is in its place",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "it is on a file system that is mounted read-only",
  ELOOP: "links in its path lead round in a circle",
  ENOSPC: "the disk is full",
};

function saying(code: string, path: string): string {
  return isLink(path) && (code === "ENOENT" || code === "EEXIST")
    ? `it is a link to what is not there (${code})`
    : `${WORDS[code] ?? "the system refuses"} (${code})`;
}

function isLink(path: string): boolean {
  try {
    return fs.lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
