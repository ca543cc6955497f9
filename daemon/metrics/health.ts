/**
 * From what is known of the daemon's parts to `ok` or `degraded`, with every reason in plain words.
 *
 * What always holds: pure; a reason is a fault of this moment, so health mends when the fault does
 * (what was lost stays in the counters); no reason holds anything of an exchange.
 */
import { LIMITS } from "../../record/limits.ts";
import type { SupervisorStats } from "../filing/supervisor.ts";
import type { SpoolStats } from "../spool/writer.ts";
import type { DiskRoom } from "./daemon-metrics.ts";

export interface Parts {
  readonly spool: SpoolStats;
  /** Bytes of all segments on disk. */
  readonly spoolBytes: number;
  readonly spoolLimitBytes: number;
  /** Null until it has been started. */
  readonly filer: SupervisorStats | null;
  /** Why the filer could not be started at all. */
  readonly filerFault: string | null;
  /** Age of the oldest exchange that has ended and is not filed. */
  readonly backlogMs: number;
  /** Room on their disks, null where a disk cannot be asked. */
  readonly disk: { readonly state: DiskRoom | null; readonly captures: DiskRoom | null };
  /** Why the configuration on disk is not the one in force. */
  readonly configFault: string | null;
}

export function reasonsOf(parts: Parts): string[] {
  const { spool, filer, disk } = parts;
  const reasons: string[] = [];
  if (spool.degraded !== null) reasons.push(`recording fails: ${spool.degraded}`);
  const full = parts.spoolBytes / parts.spoolLimitBytes;
  if (spool.degraded === null && full > 0.8) {
    reasons.push(`the spool is ${Math.round(100 * full)}% full`);
  }
  if (parts.filerFault !== null) reasons.push(`the filer does not start: ${parts.filerFault}`);
  if (filer !== null && filer.degraded !== null) reasons.push(`filing fails: ${filer.degraded}`);
  if (parts.backlogMs > LIMITS.backlogMs) {
    reasons.push(`nothing was filed for ${Math.round(parts.backlogMs / 60_000)} minutes`);
  }
  for (const [folder, room] of Object.entries(disk)) {
    if (room !== null && isScarce(room)) {
      reasons.push(`only ${Math.round(room.free / 1024 / 1024)} MiB free for ${folder}`);
    }
  }
  if (parts.configFault !== null)
    reasons.push("the configuration on disk has errors and is not in force");
  return reasons;
}

/** Little in itself, and little of that disk: a small one may be meant to be small. */
export function isScarce({ free, total }: DiskRoom): boolean {
  return free < Math.min(LIMITS.diskFreeBytes, total * 0.05);
}
