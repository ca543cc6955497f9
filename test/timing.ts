/**
 * How tests judge time. A budget is a promise about the program and not about the machine that runs
 * its tests, which may be half as fast or pause at any moment. So: a pause is no delay of ours until
 * it comes back (`atBest`), and processor time is judged beside a fixed work that is done at the
 * same place and moment (`slowness`).
 * Nothing here makes a test pass that is slow each time it is tried.
 */

/**
 * The best of up to `times` measurements in ms, which ends at the first that is within `limitMs`.
 * Judge the answer with an assertion.
 */
export async function atBest(
  limitMs: number,
  measure: () => number | Promise<number>,
  times = 5,
): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times && best > limitMs; i += 1) best = Math.min(best, await measure());
  return best;
}

/** What the fixed work takes in ms of processor time on the machine that the budgets were set on. */
const REFERENCE_MS = 20;

const TEXT = Buffer.from(JSON.stringify({ a: "some words, 12345 of them; ".repeat(2_000) }));

function fixedWork(): number {
  let found = 0;
  for (let i = 0; i < 44; i += 1) {
    const { a } = JSON.parse(TEXT.toString("utf8")) as { a: string };
    for (const match of a.matchAll(/(?<![a-z])[a-z]{4,8},\s(\d{3,8})/g)) found += match[1]!.length;
  }
  return found;
}

/**
 * By how much this machine, as it is now, is slower than the one that the budgets were set on;
 * never below 1. Takes about 60 ms.
 */
export function slowness(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i += 1) {
    const begun = process.threadCpuUsage();
    if (fixedWork() === 0) throw new Error("the fixed work found nothing");
    const { user, system } = process.threadCpuUsage(begun);
    best = Math.min(best, (user + system) / 1000);
  }
  return Math.max(1, best / REFERENCE_MS);
}
