/**
 * With which rules the tree was last scanned clean: `scanned.json` in the state folder. After an
 * update of the rules `doctor` says that captures were not looked at with these.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesDigest } from "../record/secrets/rules-digest.ts";

export function noteScan(state: string): void {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const record = { rules: rulesDigest(), at: new Date().toISOString() };
  writeFileSync(join(state, "scanned.json"), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Whether the rules are those of the last clean scan; null where there was none. */
export function isScanned(state: string): boolean | null {
  try {
    const { rules } = JSON.parse(readFileSync(join(state, "scanned.json"), "utf8"));
    return rules === rulesDigest();
  } catch {
    return null;
  }
}
