/**
 * Whether a capture file still begins with what an earlier build has read of it: only then may its
 * digest be continued and its known bytes count as scanned.
 *
 * Invariants: a file that was put in another's place (every rewriting tool does that: redact,
 * refile, git, rsync, most editors) is another file, whatever its size and time. In one that stayed
 * in place every changed byte of the known part is noticed up to LIMITS.siteKnownBytes; of a larger
 * one its first and last halves of that, so an edit in place between them that moves nothing is not.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";

/** A file as a build has read it. */
export interface KnownFile {
  readonly name: string;
  readonly bytes: number;
  readonly inode: number;
  /** Of its bytes, or of their two ends. */
  readonly sha256: string;
}

/** The file as far as `bytes`, and whether all that was known of it still stands in it. */
export function markFile(
  path: string,
  bytes: number,
  known: readonly KnownFile[],
): { readonly mark: KnownFile; readonly kept: boolean } {
  const fd = openCapture(path);
  try {
    const inode = fstatSync(fd).ino;
    const name = path.slice(path.lastIndexOf("/") + 1);
    // Two folders with one number have files of one name.
    const before = known.find((file) => file.name === name && file.inode === inode);
    const mark = { name, bytes, inode, sha256: digestOf(fd, bytes) };
    if (before === undefined) return { mark, kept: false };
    const kept =
      before.bytes <= bytes &&
      before.sha256 === (before.bytes === bytes ? mark.sha256 : digestOf(fd, before.bytes));
    return { mark, kept };
  } finally {
    closeSync(fd);
  }
}

/** Opens a capture file. Throws site-captures-moved where it is not there any more. */
export function openCapture(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw asMoved(error, path);
  }
}

/** The error as it is told: a file that went away is nobody's bug. */
export function asMoved(error: unknown, what: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  const path = (error as NodeJS.ErrnoException).path ?? what;
  return new CodedError("site-captures-moved", `${path} went away while the site was built`, {
    cause: error,
  });
}

const BLOCK = 1024 * 1024;

function digestOf(fd: number, bytes: number): string {
  const hash = createHash("sha256");
  const half = LIMITS.siteKnownBytes / 2;
  if (bytes <= LIMITS.siteKnownBytes) update(hash, fd, 0, bytes);
  else {
    update(hash, fd, 0, half);
    update(hash, fd, bytes - half, bytes);
  }
  return hash.digest("hex");
}

function update(hash: Hash, fd: number, from: number, to: number): void {
  const block = Buffer.allocUnsafe(Math.min(BLOCK, to - from));
  for (let at = from; at < to; ) {
    const got = readSync(fd, block, 0, Math.min(block.length, to - at), at);
    if (got === 0) break;
    hash.update(block.subarray(0, got));
    at += got;
  }
}
