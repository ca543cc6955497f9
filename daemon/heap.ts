/**
 * How far V8 may let the heap of the daemon's process grow, and what it does about read buffers.
 *
 * Left alone V8 doubles the space for young objects while traffic runs, up to tens of MiB, and lets
 * the old ones grow to four times of what is alive before it looks: measured, 10,000 requests left a
 * daemon with 52 MB more than 1,000 did, and 1,000 open streams took it to 340 MB instead of 150. The
 * units give sizes on Node's command line, which serve a loaded daemon a little better
 * (daemon/systemd/units.ts); this is for every other start, because V8 reads sizes only once.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LIMITS } from "../record/limits.ts";

/** Percent of what is alive that may gather in the old space between two collections. */
const OLD_GROWTH_PERCENT = 50;

/** Keeps the heap small, unless Node was started with sizes for it. */
export function keepHeapSmall(): void {
  const started = `${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS ?? ""}`;
  if (/--(?:max|min)[-_](?:semi|old)[-_]space[-_]size/.test(started)) return;
  // Both are read whenever a space might grow.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
}

/**
 * Gives a function that is told how many bytes have passed, and collects the young objects after
 * every LIMITS.collectBytes of them. What is read off a socket lies outside of the heap and counts
 * towards its limit: left alone V8 looks through the whole heap after every 13 MB of large bodies, a
 * third of the processor time that they cost, though all but nothing of it can be let go of. A look
 * at the young objects alone frees the same buffers in half a millisecond.
 */
export function collectorOfReadBuffers(): (bytes: number) => void {
  const collectYoung = youngCollection();
  let passed = 0;
  return (bytes) => {
    passed += bytes;
    if (passed < LIMITS.collectBytes) return;
    passed = 0;
    collectYoung();
  };
}

/** Node offers no call for it but the one that V8 has for tests; without it all works as before. */
function youngCollection(): () => void {
  try {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as (options: { type: "minor" }) => void;
    setFlagsFromString("--no-expose-gc");
    return () => gc({ type: "minor" });
  } catch {
    return () => {};
  }
}
