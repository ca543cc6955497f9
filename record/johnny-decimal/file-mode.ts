/**
 * Who may read what is written into the tree.
 *
 * What always holds: files hold conversations, so the owner reads them and nobody else, unless the
 * folder at hand has the setgid bit: that is how its owner says that it is shared with its group
 * (`chgrp GROUP captures && chmod 2750 captures`), which then may read, never write. New folders
 * inherit the bit, so saying it once for `captures/` is enough. Others never get anything.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";

const SETGID = 0o2000;

/** Mode of a new file at `path`. */
export function fileModeFor(path: string): number {
  return isShared(dirname(path)) ? 0o640 : 0o600;
}

/** Mode of a new folder at `path`. */
export function folderModeFor(path: string): number {
  return isShared(dirname(path)) ? 0o750 : 0o700;
}

/** Whether the nearest folder that exists is shared with its group. */
function isShared(folder: string): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat !== undefined) return (stat.mode & SETGID) !== 0;
  const parent = dirname(folder);
  return parent !== folder && isShared(parent);
}
