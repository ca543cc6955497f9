/**
 * The built-in rules and whatever is added to them (user rules, personal data, live credentials),
 * compiled: one automaton over all anchors, each anchor also as it looks in base64.
 *
 * Base64 of a literal has three forms, by its position within a group of three bytes; of each form
 * the characters at the ends depend on the neighbours and are left off.
 */
import { type Anchor, type AnchorScan, compileAnchors } from "./anchor-scan.ts";
import type { Rule } from "./rule.ts";
import { CLOUD_RULES } from "./rules-cloud.ts";
import { GENERIC_RULES } from "./rules-generic.ts";
import { LLM_RULES } from "./rules-llm.ts";
import { SERVICE_RULES } from "./rules-services.ts";

/** In order of precedence: where two match the same text, the first names it. */
export const BUILT_IN_RULES: readonly Rule[] = [
  ...LLM_RULES,
  ...CLOUD_RULES,
  ...SERVICE_RULES,
  ...GENERIC_RULES,
];

/** What an anchor's hit means: try `rule` here; `phase` 0–2 if it is the base64 form, else null. */
export interface AnchorUse {
  readonly rule: number;
  readonly phase: 0 | 1 | 2 | null;
}

/** All that is looked for in one record. Immutable; compiled once and used for many records. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** Credentials replaced literally, longest first. Rule number `rules.length` stands for them. */
  readonly live: readonly string[];
  /** Indexes of rules without anchors: tried everywhere. */
  readonly everywhere: readonly number[];
  readonly scan: AnchorScan;
  readonly uses: readonly AnchorUse[];
}

const MIN_BASE64_LITERAL = 3;

function base64Form(text: string, phase: number): string {
  const encoded = Buffer.from("\0".repeat(phase) + text, "latin1").toString("base64");
  const from = Math.ceil((phase * 8) / 6);
  const upTo = Math.floor(((phase + text.length) * 8) / 6);
  return encoded.slice(from, upTo);
}

const toUrlSafe = (s: string): string => s.replaceAll("+", "-").replaceAll("/", "_");

class Anchors {
  readonly list: Anchor[] = [];
  readonly uses: AnchorUse[] = [];

  add(text: string, fold: boolean, rule: number, phase: AnchorUse["phase"]): void {
    this.list.push({ text, fold });
    this.uses.push({ rule, phase });
  }

  addBase64(text: string, rule: number): void {
    for (const phase of [0, 1, 2] as const) {
      const form = base64Form(text, phase);
      if (form.length < MIN_BASE64_LITERAL) continue;
      for (const variant of new Set([form, toUrlSafe(form)])) this.add(variant, false, rule, phase);
    }
  }
}

/** The parts of a literal credential that look the same in JSON, in a URL and in plain text. */
function plainRun(live: string): string {
  const runs = live.match(/[A-Za-z0-9_.-]+/g) ?? [];
  return runs.reduce((best, run) => (run.length > best.length ? run : best), "").slice(0, 24);
}

function addLive(anchors: Anchors, live: string, rule: number): void {
  const run = plainRun(live);
  if (run.length >= 3) {
    anchors.add(run, false, rule, null);
    anchors.addBase64(run, rule);
  } else {
    // Nothing but punctuation: each written form is an anchor of its own.
    const escaped = JSON.stringify(live).slice(1, -1);
    for (const form of new Set([live, escaped, encodeURIComponent(live)])) {
      anchors.add(Buffer.from(form, "utf8").toString("latin1"), false, rule, null);
    }
  }
}

// Letters and digits are percent-encoded or \u-escaped only by who wants to hide them; where it
// happens every rule is tried. (`\u003c`, `%7B` and their kind are what encoders really write.)
const DISGUISES = [
  ..."234567".split("").map((d) => `\\u00${d}`),
  ..."3456".split("").map((d) => `%${d}`),
  "%7",
];

/**
 * Compiles a rule set. `live` are literal credentials; too short ones are the caller's to leave out.
 */
export function compileRuleSet(rules: readonly Rule[], live: readonly string[] = []): RuleSet {
  const anchors = new Anchors();
  const everywhere: number[] = [];
  for (const [index, rule] of rules.entries()) {
    if (rule.anchors.length === 0) everywhere.push(index);
    for (const text of rule.anchors) {
      anchors.add(text, rule.fold === true, index, null);
      anchors.addBase64(text, index);
      if (rule.fold) anchors.addBase64(text.toUpperCase(), index);
    }
  }
  for (const secret of live) addLive(anchors, secret, rules.length);
  for (const text of DISGUISES) anchors.add(text, true, ANY_RULE, null);
  return { rules, live, everywhere, scan: compileAnchors(anchors.list), uses: anchors.uses };
}

/** Stands for "every rule" in `AnchorUse.rule`. */
export const ANY_RULE = -1;
