/**
 * Makes room for a large body. What lies outside of V8's heap hardly makes it collect, so that what
 * was read for one call is often still there when the next one is read. Changes no result.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LIMITS } from "../limits.ts";

let collect: (() => void) | null = null;

/** To be called before so many bytes are allocated; does nothing for ordinary bodies. */
export function makeRoom(bytes: number): void {
  if (bytes < LIMITS.largeBodyBytes) return;
  collect ??= collection();
  collect();
}

/** Node offers no call for it but the one that V8 has for tests; without it all works as before. */
function collection(): () => void {
  try {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
    return gc;
  } catch {
    return () => {};
  }
}
