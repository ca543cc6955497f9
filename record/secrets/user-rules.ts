/**
 * Rules of the configuration (`redact.rules`): checked, compiled, and run where they can be stopped.
 *
 * A pattern that somebody else wrote may take exponential time. Two guards: patterns that repeat
 * what repeats inside are refused when the configuration is read, and whatever is left runs under
 * V8's own watchdog, which ends a regular expression in mid-match.
 */
import vm from "node:vm";
import { CodedError } from "../errors.ts";
import type { Rule } from "./rule.ts";

/** As in callnumber.yaml. The pattern is a JavaScript regular expression; group 1 is what is hidden. */
export interface UserRule {
  readonly name: string;
  readonly pattern: string;
}

const PATTERN_LENGTH = 1000;

interface Group {
  repeats: boolean;
  alternates: boolean;
}

/** Length of an unbounded (or large) quantifier at `at`; 0 where there is none. */
function unboundedQuantifier(pattern: string, at: number): number {
  const match = /^(?:[*+]|\{\d+,(\d*)\})\??/.exec(pattern.slice(at, at + 16));
  if (match === null) return 0;
  return match[1] !== undefined && match[1] !== "" && Number(match[1]) <= 16 ? 0 : match[0].length;
}

function endOfClass(pattern: string, at: number): number {
  for (let i = at + 1; i < pattern.length; i += 1) {
    if (pattern[i] === "\\") i += 1;
    else if (pattern[i] === "]") return i;
  }
  return pattern.length;
}

/** True if a group that can match in more than one way is itself repeated without a bound. */
function repeatsARepetition(pattern: string): boolean {
  const open: Group[] = [{ repeats: false, alternates: false }];
  for (let i = 0; i < pattern.length; i += 1) {
    const c = pattern[i];
    if (c === "\\") i += 1;
    else if (c === "[") i = endOfClass(pattern, i);
    else if (c === "(") open.push({ repeats: false, alternates: false });
    else if (c === "|") open.at(-1)!.alternates = true;
    else if (c === ")" && open.length > 1) {
      const inner = open.pop()!;
      const repeated = unboundedQuantifier(pattern, i + 1) > 0;
      if (repeated && (inner.repeats || inner.alternates)) return true;
      open.at(-1)!.repeats ||= inner.repeats || repeated;
      continue;
    }
    if (unboundedQuantifier(pattern, i + 1) > 0) open.at(-1)!.repeats = true;
  }
  return false;
}

/** What is wrong with a rule, as one sentence for the reader of the configuration; null if nothing. */
export function userRuleProblem(rule: UserRule): string | null {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(rule.name)) {
    return `name "${rule.name}" must be lower-case letters, digits and hyphens`;
  }
  if (rule.pattern.length > PATTERN_LENGTH) return `pattern is over ${PATTERN_LENGTH} characters`;
  let compiled: RegExp;
  try {
    compiled = new RegExp(rule.pattern);
  } catch (error) {
    return `pattern does not compile: ${(error as Error).message}`;
  }
  if (compiled.test("")) return "pattern matches the empty string";
  if (/\\[1-9]|\\k</.test(rule.pattern))
    return "pattern refers back to a group (\\1), which is slow";
  if (/\\[pP]\{|\\u\{/.test(rule.pattern)) {
    return "pattern uses \\p{…} or \\u{…}; it is matched on UTF-8 bytes, so write the characters";
  }
  if (repeatsARepetition(rule.pattern)) {
    return "pattern repeats a group that repeats or branches inside, which can take exponential time";
  }
  return null;
}

/** Text is matched as UTF-8 bytes, so a character beyond ASCII becomes a group of its bytes. */
function asBytes(pattern: string): string {
  return pattern.replace(/[^\0-\x7f]/gu, (c) => `(?:${Buffer.from(c, "utf8").toString("latin1")})`);
}

/** Throws `redaction-rule-invalid`. */
export function compileUserRules(rules: readonly UserRule[]): Rule[] {
  return rules.map((rule) => {
    const problem = userRuleProblem(rule);
    if (problem !== null) {
      throw new CodedError("redaction-rule-invalid", `redact rule ${rule.name}: ${problem}`);
    }
    return { name: rule.name, anchors: [], pattern: new RegExp(asBytes(rule.pattern), "gd") };
  });
}

const CALL = new vm.Script("run()");
const context = vm.createContext({ run: () => undefined });

/**
 * Runs `work`, however deep in a regular expression it sits, for at most `ms` milliseconds.
 * Throws `redaction-deadline`. Costs about 0.2 ms.
 */
export function withinDeadline<T>(ms: number, work: () => T): T {
  let result: { value: T } | undefined;
  context.run = () => {
    result = { value: work() };
  };
  try {
    CALL.runInContext(context, { timeout: Math.max(1, Math.round(ms)) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
    throw new CodedError("redaction-deadline", `redaction took over ${ms} ms`, { cause });
  } finally {
    context.run = () => undefined;
  }
  return result!.value;
}
