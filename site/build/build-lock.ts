/**
 * One build at a time in a state folder: `lock` holds the pid of the one that works. A second build
 * waits for it, since what it would read is being written.
 *
 * Invariants: the lock appears whole (a link to a finished file); one whose process is gone is taken
 * over, and two that find it so do not both get it.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";

/** Waits for the lock; returns what lets go of it. Throws site-busy after LIMITS.siteLockMs. */
export async function lockBuild(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "lock");
  const mine = join(folder, `lock.${randomUUID()}.tmp`);
  const until = performance.now() + LIMITS.siteLockMs;
  let isTold = false;
  writeFileSync(mine, nameOf(process.pid));
  try {
    while (!taken(mine, lock)) {
      const holder = textOf(lock);
      if (holder !== null && !isAlive(holder)) {
        dropStale(lock, holder, `${mine}.stale`);
        continue;
      }
      if (performance.now() > until) {
        const pid = holder?.split(" ")[0] ?? "unknown";
        throw new CodedError("site-busy", `the build of process ${pid} holds ${folder}`);
      }
      await sleep(LIMITS.siteWatchMs);
      if (isTold || holder === null) continue;
      isTold = true;
      process.stderr.write(`waiting for the build of process ${holder.split(" ")[0]}\n`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

function taken(mine: string, lock: string): boolean {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves the lock of a dead process away; what turns out to be another's is put back. */
function dropStale(lock: string, holder: string, aside: string): void {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (textOf(aside) !== holder) taken(aside, lock);
  rmSync(aside, { force: true });
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(" ")[0]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Another process may have got the number since.
  return nameOf(pid) === holder;
}

/** A process by its number and, on Linux, when it started. */
function nameOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`);
  return `${pid} ${stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
}
