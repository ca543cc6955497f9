/**
 * `callnumber scan --fix`: redacts what an older version wrote, file by file.
 *
 * Invariants: with the tree's lock every file, else only those of closed days, since a daemon may
 * append to the others; the journal's line is written before a file is replaced; one file that cannot
 * be rewritten keeps no other from being.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import { createRedaction, type Redact } from "../daemon/filing/redact.ts";
import { type Replaced, redactFile, replacedIn } from "../daemon/filing/redact-captures.ts";
import { CodedError } from "../record/errors.ts";
import { parseCaptureName } from "../record/format/capture-name.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import { assertRewritable } from "../record/johnny-decimal/rewrite-capture.ts";
import type { TreeFile } from "../record/johnny-decimal/scan.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import { CaptureFile } from "../record/reader/capture-file.ts";
import { type AllowList, readAllowList } from "../record/secrets/allow-list.ts";
import { scan, secretsOfFinds } from "../record/secrets/scan.ts";
import { withClosedDays } from "./closed-days.ts";
import type { Io, Options } from "./command.ts";
import { noteScan } from "./scanned.ts";

/** What became of a file. */
interface Outcome {
  readonly file: string;
  readonly state: "clean" | "redacted" | "would be redacted" | "waits" | "failed";
  readonly exchanges: number;
  /** How often each rule replaced something. */
  readonly rules: Readonly<Record<string, number>>;
  readonly message?: string;
}

/** Returns the exit code: 1 where something is left that looks like a credential. */
export async function fixCaptures(config: Config, options: Options, io: Io): Promise<number> {
  const tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
  const allow = readAllowList(config.captures);
  const isDry = options.dryRun === true;
  // Of the file at hand: what somebody has looked at stays.
  let allowed: ReadonlySet<string> = new Set();
  const redact = createRedaction(config, (secret) => allowed.has(secret));
  const outcomes = await withClosedDays(config.captures, (firstOpenDay, isAlone) => {
    const files = tree.scan().files.filter(({ name }) => parseCaptureName(name) !== null);
    return files.map((file) => {
      const { day } = parseCaptureName(file.name)!;
      const mayWrite = isAlone || day < firstOpenDay;
      allowed = secretsOfFinds(readFileSync(join(tree.captures, file.path)), allow.has);
      const outcome = fixFile(tree, file, { redact, allow, isDry, mayWrite });
      tell(outcome, options, io);
      return outcome;
    });
  });
  const left = outcomes.filter(({ state }) => state !== "clean" && state !== "redacted");
  if (left.length === 0) noteScan(config.state);
  io.stderr.write(summary(outcomes));
  return left.length > 0 ? 1 : 0;
}

interface Fixing {
  readonly redact: Redact;
  readonly allow: AllowList;
  readonly isDry: boolean;
  readonly mayWrite: boolean;
}

function fixFile(
  tree: CaptureTree,
  { path, name, number }: TreeFile,
  { redact, allow, isDry, mayWrite }: Fixing,
): Outcome {
  const full = join(tree.captures, path);
  const none = { file: path, exchanges: 0, rules: {} };
  try {
    using source = CaptureFile.open(full);
    const replaced = replacedIn(source, redact);
    const found = { file: path, exchanges: replaced.size, rules: rulesOf(replaced) };
    if (replaced.size === 0) return leftIn(full, allow) ?? { ...none, state: "clean" };
    if (!mayWrite) return { ...found, state: "waits" };
    if (isDry) return { ...found, state: "would be redacted" };
    assertRewritable(full);
    const to = `${replaced.size} exchanges`;
    tree.record({ id: number, kind: "redact", from: name, to, by: "scan" });
    redactFile(source, replaced, redact);
    return leftIn(full, allow) ?? { ...found, state: "redacted" };
  } catch (error) {
    // What the disk says of one file may not hold for the next.
    if (!(error instanceof CodedError) && !isOfSystem(error)) throw error;
    return { ...none, state: "failed", message: (error as Error).message };
  }

  /** What no redaction reaches: a line that is no exchange's, a body that cannot be read. */
  function leftIn(file: string, list: AllowList): Outcome | null {
    const hits = scan(readFileSync(file)).filter((hit) => !list.has(hit));
    if (hits.length === 0) return null;
    const { line, rule } = hits[0]!;
    const message = `line ${line} still holds what looks like a credential (${rule})`;
    return { ...none, state: "failed", message };
  }
}

function isOfSystem(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === "string";
}

function rulesOf(replaced: Replaced): Record<string, number> {
  const rules: Record<string, number> = {};
  for (const { rule, count } of [...replaced.values()].flat()) {
    rules[rule] = (rules[rule] ?? 0) + count;
  }
  return rules;
}

function tell(outcome: Outcome, options: Options, io: Io): void {
  if (outcome.state === "clean") return;
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { file, state, exchanges, rules, message } = outcome;
  const named = Object.entries(rules).map(([rule, count]) => `${rule} ${count}`);
  const what = message ?? `${exchanges} exchange${exchanges === 1 ? "" : "s"}: ${named.join(", ")}`;
  io.stdout.write(`${file}: ${state}: ${what}\n`);
}

function summary(outcomes: readonly Outcome[]): string {
  const of = (state: Outcome["state"]) => outcomes.filter((one) => one.state === state).length;
  const counts = [`${outcomes.length} files`];
  for (const state of ["redacted", "would be redacted", "failed"] as const) {
    if (of(state) > 0) counts.push(`${of(state)} ${state}`);
  }
  const lines = [counts.join(", ")];
  if (of("waits") > 0) {
    lines.push(
      `${of("waits")} of days that the daemon still writes to: stop it and run this again`,
    );
  }
  if (of("redacted") > 0) {
    lines.push(
      "revoke what was found: it was on a disk, and is in git's history where you committed",
    );
  }
  return `${lines.join("\n")}\n`;
}
