/**
 * The file system calls that the spool makes, as a value that is passed in: tests put faults
 * (short counts, ENOSPC, EIO) in their place. Nothing in daemon/spool calls node:fs otherwise.
 */
import fs from "node:fs";

export type SpoolFs = Pick<
  typeof fs,
  | "openSync"
  | "closeSync"
  | "writeSync"
  | "writevSync"
  | "readSync"
  | "ftruncateSync"
  | "fstatSync"
  | "statSync"
  | "lstatSync"
  | "fsync"
  | "fdatasync"
  | "mkdirSync"
  | "chmodSync"
  | "readdirSync"
  | "unlinkSync"
>;

export const NODE_FS: SpoolFs = fs;

/** The errno name of an error (`ENOSPC`), `ERROR` where it has none. */
export function errnoName(error: unknown): string {
  const { code, errno } = error as { code?: string; errno?: number };
  // Node has no name for the quota error and hands the number through.
  if (errno === -122) return "EDQUOT";
  return typeof code === "string" ? code : "ERROR";
}
