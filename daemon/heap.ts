/**
 * How far V8 may let the heap of the daemon's process grow.
 *
 * Left alone V8 doubles the space for young objects while traffic runs, up to tens of MiB, and lets
 * the old ones grow to four times of what is alive before it looks: measured, 10,000 requests left a
 * daemon with 52 MB more than 1,000 did, and 1,000 open streams took it to 340 MB instead of 150. The
 * units give sizes on Node's command line, which serve a loaded daemon a little better
 * (daemon/systemd/units.ts); this is for every other start, because V8 reads sizes only once.
 */
import { setFlagsFromString } from "node:v8";

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
