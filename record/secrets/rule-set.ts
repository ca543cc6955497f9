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
import { FILE_RULES } from "./rules-files.ts";
import { GENERIC_RULES } from "./rules-generic.ts";
import { LLM_RULES } from "./rules-llm.ts";
import { NAMED_RULES } from "./rules-named.ts";
import { SERVICE_RULES } from "./rules-services.ts";

/** In order of precedence: where two match the same text, the first names it. */
export const BUILT_IN_RULES: readonly Rule[] = [
  ...LLM_RULES,
  ...CLOUD_RULES,
  ...SERVICE_RULES,
  ...NAMED_RULES,
  ...FILE_RULES,
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
  /** Indexes of rules without anchors: tried everywhere. */
  readonly everywhere: readonly number[];
  readonly scan: AnchorScan;
  /** What a hit of `scan` means, by anchor. */
  readonly uses: readonly AnchorUse[];
  /** Credentials replaced literally, longest first. Rule number `rules.length` stands for them. */
  readonly live: readonly string[];
  readonly liveForms: readonly { readonly bytes: Buffer; readonly phase: AnchorUse["phase"] }[];
  /** Length of the longest of them, and how far into one its form may begin. */
  readonly liveReach: number;
  readonly liveOffset: number;
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

  addWritten(text: string, fold: boolean, rule: number): void {
    for (const form of writtenForms(text)) this.add(form, fold, rule, null);
  }

  addBase64(text: string, rule: number): void {
    for (const { form, phase } of base64Forms(text)) this.add(form, false, rule, phase);
  }
}

/**
 * As JSON (in strings within strings too) and URLs write it. What has only letters, digits and
 * hyphens looks the same in all.
 */
function writtenForms(text: string): Set<string> {
  const percent = encodeURIComponent(text);
  const forms = new Set([text, percent, percent.replaceAll("%20", "+")]);
  let plain = text;
  let slashed = text.replaceAll("/", "\\/");
  for (let level = 0; level < JSON_LEVELS; level += 1) {
    plain = JSON.stringify(plain).slice(1, -1);
    forms.add(plain).add(slashed);
    slashed = JSON.stringify(slashed).slice(1, -1);
  }
  return forms;
}

/** Strings within strings; the slashes of PHP are escaped in the innermost. */
const JSON_LEVELS = 3;

function base64Forms(text: string): { form: string; phase: 0 | 1 | 2 }[] {
  return ([0, 1, 2] as const).flatMap((phase) => {
    const form = base64Form(text, phase);
    if (form.length < MIN_BASE64_LITERAL) return [];
    return [...new Set([form, toUrlSafe(form)])].map((f) => ({ form: f, phase }));
  });
}

/**
 * The part of a credential by which it is looked for: it looks the same in JSON, in a URL and in
 * plain text. One near the beginning will do where it is long enough to be rare.
 */
function plainRun(live: string): { text: string; at: number } {
  let best = { text: "", at: 0 };
  for (const { 0: run, index } of live.matchAll(/[A-Za-z0-9_.-]+/g)) {
    if (run.length > best.text.length) best = { text: run.slice(0, RUN_CHARS), at: index };
    if (best.text.length >= RARE_RUN_CHARS) break;
  }
  return best;
}

const RUN_CHARS = 24;
const RARE_RUN_CHARS = 12;

function formsOfLive(live: string): RuleSet["liveForms"] {
  const run = plainRun(live).text;
  // Nothing but punctuation: each written form is looked for.
  const written = run.length >= 3 ? [run] : [...writtenForms(live)];
  return [
    ...written.map((form) => ({ bytes: Buffer.from(form, "latin1"), phase: null })),
    ...base64Forms(run.length >= 3 ? run : live).map(({ form, phase }) => ({
      bytes: Buffer.from(form, "latin1"),
      phase,
    })),
  ];
}

// Letters and digits are percent-encoded or \u-escaped only by who wants to hide them; where it
// happens every rule is tried. (`\u003c`, `%7B` and their kind are what encoders really write.)
const DISGUISES = [
  ..."234567".split("").map((d) => `\\u00${d}`),
  ..."3456".split("").map((d) => `%${d}`),
  "%7",
  "%25",
  "&#",
  ..."234567".split("").map((d) => `\\x${d}`),
];

/** The codes of a terminal may stand within a key (`grep --color`), and so within its anchor. */
const COLOURS = [
  ...["\x1b[", "\x1b]", "\x1bP", "\xc2\x9b", "\xe2\x90\x9b"],
  ...[
    "\\u001b",
    "\\u009b",
    "\\u241b",
    "\\x1b",
    "\\x9b",
    "\\033",
    "\\27[",
    "\\e[",
    "\\u{1b",
    "\\N{ESC",
  ],
  ...["%1b", "%9b", "0x1b", "#033", "<1b>", "<esc>", "esc[", "^[["],
  // Without its ESC, as a log may keep it.
  ...["[0m", "[00m", "[m[", "[39m", "[22m"],
];

const NO_LIVE = { live: [], liveForms: [], liveReach: 0, liveOffset: 0 };

/** Compiles rules; takes some tens of milliseconds for the built-in ones. */
export function compileRuleSet(rules: readonly Rule[]): RuleSet {
  const anchors = new Anchors();
  const everywhere: number[] = [];
  for (const [index, rule] of rules.entries()) {
    if (rule.anchors.length === 0) everywhere.push(index);
    for (const text of rule.anchors) {
      anchors.addWritten(text, rule.fold === true, index);
      const cases = rule.fold ? [text, text.toLowerCase(), text.toUpperCase()] : [text];
      for (const form of new Set(cases)) anchors.addBase64(form, index);
    }
  }
  for (const text of DISGUISES) anchors.add(text, true, ANY_RULE, null);
  for (const text of COLOURS) anchors.add(text, true, IN_COLOUR, null);
  const scan = compileAnchors(anchors.list);
  return { rules, everywhere, scan, uses: anchors.uses, ...NO_LIVE };
}

let builtIn: RuleSet | null = null;

/** The built-in rules alone, compiled once in a process. */
export function builtInRuleSet(): RuleSet {
  builtIn ??= compileRuleSet(BUILT_IN_RULES);
  return builtIn;
}

/** The same rules with these credentials; costs next to nothing. The caller leaves out short ones. */
export function withLive(set: RuleSet, live: readonly string[]): RuleSet {
  // Found in text whose characters are bytes, so a credential beyond ASCII is taken as its bytes.
  const bytes = live.map((s) => (/[^\0-\xff]/.test(s) ? Buffer.from(s).toString("latin1") : s));
  return {
    ...set,
    live: bytes,
    liveForms: bytes.flatMap(formsOfLive),
    liveReach: Math.max(0, ...bytes.map(({ length }) => length)),
    liveOffset: Math.max(0, ...bytes.map((one) => plainRun(one).at)),
  };
}

/** Stands for "every rule" in `AnchorUse.rule`. */
export const ANY_RULE = -1;
/** Stands for "every rule, in the text without its colours". */
export const IN_COLOUR = -2;
