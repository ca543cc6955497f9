/** What `callnumber doctor` says of bodies before redaction that are still on the disk. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import { SEGMENT_HEADER_BYTES } from "../daemon/spool/segment.ts";
import { LIMITS } from "../record/limits.ts";
import type { Finding } from "./doctor-checks.ts";

/** A spool that holds more than what is just being filed is a warning. */
export function spool({ state }: Config, now: Date): Finding {
  const check = "spool";
  const folder = join(state, "spool");
  const { bytes, since } = held(folder);
  if (bytes === 0) return { check, level: "ok", message: "no body before redaction" };
  const message = `${Math.ceil(bytes / 1024)} KiB of bodies before redaction in ${folder}`;
  if (now.getTime() - since < LIMITS.spoolWarnMs) return { check, level: "ok", message };
  const advice =
    "start callnumber: it files and removes them; while it runs they are those of calls that " +
    "are still open, or filing fails (see the health of the daemon)";
  const old = `${message}, since ${new Date(since).toISOString()}`;
  return { check, level: "warning", message: old, advice };
}

function held(folder: string): { bytes: number; since: number } {
  let bytes = 0;
  let since = Number.POSITIVE_INFINITY;
  for (const name of namesIn(folder)) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat === undefined || stat.size <= SEGMENT_HEADER_BYTES) continue;
    bytes += stat.size - SEGMENT_HEADER_BYTES;
    since = Math.min(since, stat.mtimeMs);
  }
  return { bytes, since };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
