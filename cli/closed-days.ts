/**
 * Which days of a tree nobody writes to any more, for the commands that move or delete them.
 *
 * Invariants: while a daemon has the tree, a day counts as closed only when it has been over
 * for a whole day: an exchange belongs to the day on which it started, and a long one is filed after
 * midnight. Where the daemon's lock is free it is held until the work is done, so that no daemon
 * starts in the midst of it, and every day before today is closed.
 */
import { acquireLock } from "../daemon/lock.ts";
import { CodedError } from "../record/errors.ts";

const DAY_MS = 86_400_000;

/**
 * Runs `work` with the first day, `YYYY-MM-DD` (UTC), that is still open, and whether no daemon can
 * write meanwhile; gives what it gives.
 */
export async function withClosedDays<T>(
  captures: string,
  work: (firstOpenDay: string, isAlone: boolean) => T,
): Promise<T> {
  const lock = await acquireLock(captures).catch((error) => {
    if (error instanceof CodedError && error.code === "tree-locked") return null;
    throw error;
  });
  try {
    const now = Date.now();
    const firstOpen = new Date(lock === null ? now - DAY_MS : now).toISOString().slice(0, 10);
    return work(firstOpen, lock !== null);
  } finally {
    await lock?.release();
  }
}
