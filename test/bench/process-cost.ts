/** What processes have cost so far, read from the kernel (Linux). */
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of CPU that the processes' living threads have used. */
export function cpuMs(pids: readonly number[]): number {
  let ns = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const [used] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ");
      ns += Number(used);
    }
  }
  return ns / 1e6;
}

/** MiB: now, and the most that there ever was. */
export function residentMiB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** A process, and those that it has started. */
export function withChildren(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [pid, ...text.trim().split(/\s+/).filter(Boolean).map(Number)];
}
