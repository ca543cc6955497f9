/**
 * What a scan found and somebody looked at: `allowed.jsonl` beside the journal, one line a find, to
 * be reviewed and committed with the captures.
 *
 *   {"at":"2026-11-23T08:00:00.000Z","fingerprint":"1f2e3d4c5b6a7988","rule":"google-key","reason":"pixels"}
 *
 * Invariants: no secret in it, and nothing by which one could be guessed (see ScanHit.fingerprint);
 * a find counts as allowed only with a reason and for the rule that found it; a line that does not
 * parse allows nothing.
 */
import { join } from "node:path";
import { CodedError } from "../errors.ts";
import { SYSTEM_JDEX } from "../johnny-decimal/numbers.ts";
import { appendLine, readPlainFile } from "../johnny-decimal/plain-file.ts";
import { CaptureTree } from "../johnny-decimal/tree.ts";
import { type ScanHit, scan } from "./scan.ts";

export const ALLOWED_FILE = "allowed.jsonl";

type Find = Pick<ScanHit, "fingerprint" | "rule">;

/** Finds that were looked at. */
export interface AllowList {
  has(find: Find): boolean;
}

/** The list of a captures folder; empty where there is none. */
export function readAllowList(captures: string): AllowList {
  const folder = new CaptureTree({ captures }).find(SYSTEM_JDEX);
  const text = folder === null ? null : readPlainFile(join(folder, ALLOWED_FILE));
  const known = new Set((text ?? "").split("\n").flatMap(allowedBy));
  return { has: ({ rule, fingerprint }) => known.has(`${rule} ${fingerprint}`) };
}

/** Adds finds to the list. Throws `allow-refused` without a reason, or where that holds a secret. */
export function allow(
  tree: CaptureTree,
  finds: readonly Find[],
  reason: string,
  now: Date,
): string {
  if (reason.trim() === "") throw new CodedError("allow-refused", "there is no reason given");
  if (scan(reason).length > 0) {
    throw new CodedError("allow-refused", "the reason itself holds what looks like a credential");
  }
  const path = join(tree.systemFolder(), ALLOWED_FILE);
  for (const { fingerprint, rule } of finds) {
    appendLine(path, JSON.stringify({ at: now.toISOString(), fingerprint, rule, reason }));
  }
  return path;
}

function allowedBy(line: string): string[] {
  try {
    const { fingerprint, rule, reason } = JSON.parse(line) as Record<string, unknown>;
    if (typeof reason !== "string" || reason.trim() === "") return [];
    return [`${rule} ${fingerprint}`];
  } catch {
    return [];
  }
}
