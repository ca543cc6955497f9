/**
 * How much the event loop of this process works. It keeps no timer: each call looks back to the one
 * before.
 */
import { performance } from "node:perf_hooks";

/** Says whether the event loop has worked for more than `share` of the time since the last call. */
export function loopWatch(share: number): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization > share;
  };
}
