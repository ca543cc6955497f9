/**
 * Looks for credentials in what is already written: capture files before a commit, pages before
 * they are published. Uses the built-in rules only and changes nothing.
 *
 * What always holds: a hit names the rule and the place and shows no more of the secret than its
 * first four characters, so a report may be printed in a CI log.
 */
import { Deadline, findSecrets } from "./find-secrets.ts";
import { BUILT_IN_RULES, compileRuleSet, type RuleSet } from "./rule-set.ts";

export interface ScanHit {
  readonly rule: string;
  /** Byte range within what was scanned. */
  readonly start: number;
  readonly end: number;
  /** Line, counted from 1. */
  readonly line: number;
  /** First characters of the secret, then `…`. */
  readonly preview: string;
}

let builtIn: RuleSet | undefined;

/** Secrets in bytes or text, in order. Throws `redaction-deadline` after `deadlineMs`. */
export function scan(input: Uint8Array | string, deadlineMs = 60_000): ScanHit[] {
  builtIn ??= compileRuleSet(BUILT_IN_RULES);
  const bytes = typeof input === "string" ? Buffer.from(input, "utf8") : asBuffer(input);
  let line = 1;
  let counted = 0;
  return findSecrets(bytes, builtIn, new Deadline(deadlineMs)).map((found) => {
    for (; counted < found.start; counted += 1) if (bytes[counted] === 0x0a) line += 1;
    const { rule, start, end, secret } = found;
    return { rule, start, end, line, preview: `${secret.slice(0, 4)}…` };
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
