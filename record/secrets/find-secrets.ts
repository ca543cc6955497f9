/**
 * Finds what a rule set describes in bytes of any kind: JSON, SSE, NDJSON, a `.env`, plain text.
 *
 * First the anchors in one pass; a body without any costs no more. Around each anchor a window is
 * looked at in its written form and in every form beneath it (JSON escapes up to six levels,
 * percent-encoding, HTML entities), so boundaries are those of the decoded text: in `\nsk-…` the `n` is no letter
 * of the key. Invariants: windows are bounded by the rule's reach, so the work is linear.
 */
import { performance } from "node:perf_hooks";
import { CodedError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { Base64Runs, isInsideBase64 } from "./base64-context.ts";
import { type Base64Hits, Base64Windows } from "./base64-hits.ts";
import { base64Reach, secretsInBase64 } from "./base64-secrets.ts";
import { type Found, mergeOverlaps, plainText, withinBudget } from "./finds.ts";
import {
  compose,
  decodeEntities,
  decodePercent,
  type Layer,
  unescapeJson,
  withoutTerminalCodes,
  written,
} from "./layers.ts";
import type { Occurrence, Rule } from "./rule.ts";
import { ANY_RULE, IN_COLOUR, type RuleSet } from "./rule-set.ts";
import { wrappedBase64 } from "./wrapped-base64.ts";

interface Window {
  start: number;
  end: number;
  readonly rules: Set<number>;
}

const BEFORE = 320;
const REACH = 640;
/** `\\u0041` */
const ESCAPED_CHARS = 6;
const WINDOW_MAX = 256 * 1024;
const EVERYWHERE_STEP = 64 * 1024;
const EVERYWHERE_OVERLAP = 4 * 1024;
const LEVELS = 5;
/** Texts beneath one window: six levels of JSON, or mixtures. */
const LAYERS = 16;
const DENSE = 64;

const noText = (): string => "";

/** Point in time (`performance.now()`) after which the work is given up. */
export class Deadline {
  readonly #at: number;
  constructor(ms: number) {
    this.#at = performance.now() + ms;
  }
  check(): void {
    if (performance.now() > this.#at) {
      throw new CodedError("redaction-deadline", "redaction passed its deadline");
    }
  }
}

/** Where group 1 (or the whole) of a match lies. Our own patterns have group 1 at their end. */
function hiddenPart(match: RegExpExecArray): [number, number] {
  const whole = match[0];
  const group = match[1];
  if (group === undefined) return [match.index, match.index + whole.length];
  if (match.indices !== undefined) return match.indices[1]!;
  const start = match.index + whole.lastIndexOf(group);
  return [start, start + group.length];
}

function occurrences(rule: Rule, text: string): readonly Occurrence[] {
  const { pattern, find } = rule;
  if (pattern === undefined) return find?.(text) ?? [];
  const found: Occurrence[] = [];
  const runs = new Base64Runs(text);
  pattern.lastIndex = 0;
  for (let m = pattern.exec(text); m !== null; m = pattern.exec(text)) {
    const [start, end] = hiddenPart(m);
    if (end > start) {
      const before = text.slice(Math.max(0, start - 64), start);
      if (rule.accept === undefined || rule.accept(text.slice(start, end), before)) {
        if (!isInsideBase64(rule, text, m.index, m.index + m[0].length, runs))
          found.push({ start, end });
      } else if (start > m.index) pattern.lastIndex = start;
    }
    if (pattern.lastIndex === m.index) pattern.lastIndex += 1;
  }
  return found;
}

function liveOccurrences(live: readonly string[], text: string): Occurrence[] {
  const found: Occurrence[] = [];
  for (const secret of live) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length)) {
      found.push({ start: at, end: at + secret.length });
    }
  }
  return found;
}

type Beneath = Layer & { readonly isUncoloured?: boolean };

/** The written text and every text beneath it, outermost first: encodings in encodings too. */
function* layersOf(text: string): Generator<Beneath> {
  const layers: { layer: Layer; level: number }[] = [{ layer: written(text), level: 0 }];
  const seen = new Set<string>();
  for (let i = 0; i < layers.length && i < LAYERS; i += 1) {
    const { layer, level } = layers[i]!;
    yield layer;
    const uncoloured = withoutTerminalCodes(layer.text);
    if (uncoloured !== null) yield { ...compose(layer, uncoloured), isUncoloured: true };
    if (level === LEVELS) continue;
    for (const decode of [unescapeJson, decodePercent, decodeEntities]) {
      const inner = decode(layer.text);
      if (inner === null || seen.has(inner.text)) continue;
      seen.add(inner.text);
      layers.push({ layer: compose(layer, inner), level: level + 1 });
    }
  }
}

/** True for a credential of digits that stands as a JSON number does: a mark there is no JSON. */
function isNumber(text: string, start: number, end: number): boolean {
  if (/[^\d]/.test(text.slice(start, end))) return false;
  const before = text.slice(Math.max(0, start - 8), start);
  return /[:,[]\s*$/.test(before) && /^\s*[,}\]]/.test(text.slice(end, end + 8));
}

/** Behind a backslash that escapes what follows, or within `\u00e9`. */
const IN_ESCAPE = /(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$/;

/** Where a find begins; not in the middle of an escape, of which half would break its JSON. */
function startOf({ start }: Occurrence, text: string): number {
  if (!/[bfnrtu"/0-9a-fA-F]/.test(text[start]!)) return start;
  const before = text.slice(Math.max(0, start - 40), start);
  return start - (IN_ESCAPE.exec(before)?.[1]?.length ?? 0);
}

function textFor({ start, end, continued }: Occurrence, text: string): Found["text"] {
  if (continued === true) return noText;
  return isNumber(text, start, end) ? () => "0" : plainText;
}

class Search {
  found: Found[] = [];
  readonly windows: Window[] = [];
  readonly #wide = new Map<number, Window>();
  readonly #bytes: Buffer;
  readonly #set: RuleSet;
  readonly #deadline: Deadline;
  readonly #base64: Base64Windows;
  #lastRule = Number.NaN;
  #lastHit = 0;

  constructor(bytes: Buffer, set: RuleSet, deadline: Deadline) {
    this.#bytes = bytes;
    this.#base64 = new Base64Windows(bytes);
    this.#set = set;
    this.#deadline = deadline;
  }

  run(): Found[] {
    const { scan, uses, everywhere } = this.#set;
    scan(this.#bytes, (index, start) => {
      const { rule, phase } = uses[index]!;
      if (phase === null) this.#extendWindow(start, rule);
      else this.#hitInBase64(start, rule, phase);
    });
    this.#scanForLive();
    for (const hits of this.#base64.rest()) this.#lookIntoBase64(hits);
    if (everywhere.length > 0) {
      for (let at = 0; at < this.#bytes.length; at += EVERYWHERE_STEP) {
        const end = Math.min(this.#bytes.length, at + EVERYWHERE_STEP + EVERYWHERE_OVERLAP);
        this.windows.push({ start: at, end, rules: new Set(everywhere) });
      }
    }
    for (const window of this.windows) this.#lookInto(window);
    return this.found;
  }

  #scanForLive(): void {
    for (const { bytes, phase } of this.#set.liveForms) {
      for (let at = this.#bytes.indexOf(bytes); at >= 0; at = this.#bytes.indexOf(bytes, at + 1)) {
        if (phase === null) this.#extendWindow(at, this.#set.rules.length);
        else this.#hitInBase64(at, this.#set.rules.length, phase);
      }
    }
  }

  #extendWindow(hit: number, rule: number): void {
    // Where one rule's anchor stands again and again, one hit in 64 bytes says as much.
    const gap = hit - this.#lastHit;
    if (rule === this.#lastRule && gap >= 0 && gap < DENSE) return;
    this.#lastRule = rule;
    this.#lastHit = hit;
    const isLive = rule === this.#set.rules.length;
    // A rule's reach is what people write; of a live credential each letter may be escaped.
    const reach = this.#reach(rule) * (isLive ? ESCAPED_CHARS : 1.25);
    const before = BEFORE + (isLive ? this.#set.liveOffset * ESCAPED_CHARS : 0);
    const end = Math.min(this.#bytes.length, hit + Math.ceil(reach) + 128 + DENSE);
    const wide = this.#set.rules[rule]?.before;
    if (wide !== undefined) {
      this.#extendWideWindow(hit, end, rule, wide);
      return;
    }
    const last = this.windows.at(-1);
    if (last !== undefined && this.#continues(last, hit, before)) {
      if (end > last.end) last.end = end;
      last.rules.add(rule);
      return;
    }
    this.windows.push({ start: this.#cut(hit - before), end, rules: new Set([rule]) });
  }

  /** A window of its own for a rule that looks far back; the other rules do without that length. */
  #extendWideWindow(hit: number, end: number, rule: number, before: number): void {
    const last = this.#wide.get(rule);
    if (last !== undefined && hit <= last.end && hit - last.start < WINDOW_MAX) {
      last.end = Math.max(last.end, end);
      return;
    }
    const start = this.#cut(hit - Math.ceil(before * 1.25) - 128);
    const window = { start, end, rules: new Set([rule]) };
    this.#wide.set(rule, window);
    this.windows.push(window);
  }

  /** The nearest offset in front that is not between a backslash and what it escapes. */
  #cut(at: number): number {
    let start = Math.max(0, at);
    while (start > 0 && this.#bytes[start - 1] === 0x5c) start -= 1;
    return start;
  }

  #continues({ start, end }: Window, hit: number, before: number): boolean {
    const isCovered = hit - before >= start || start === 0;
    return isCovered && hit - BEFORE <= end && hit - start < WINDOW_MAX;
  }

  /** Length of what is looked for, decoded. */
  #reach(rule: number): number {
    if (rule === this.#set.rules.length) return this.#set.liveReach;
    return this.#set.rules[rule]?.reach ?? REACH;
  }

  #occurrences(rule: number, text: string): readonly Occurrence[] {
    const known = this.#set.rules[rule];
    return known === undefined ? liveOccurrences(this.#set.live, text) : occurrences(known, text);
  }

  /** The live credential outranks every rule: it is what was really sent. */
  #rank(rule: number): number {
    return rule === this.#set.rules.length ? -1 : rule;
  }

  #name(rule: number): string {
    return this.#set.rules[rule]?.name ?? "live-credential";
  }

  #lookInto(window: Window): void {
    const latin1 = this.#bytes.toString("latin1", window.start, window.end);
    const rules = new Set(window.rules);
    const disguised = rules.delete(ANY_RULE);
    const coloured = rules.delete(IN_COLOUR);
    if ((disguised || coloured) && this.#set.live.length > 0) rules.add(this.#set.rules.length);
    for (const layer of layersOf(latin1)) {
      const { text } = layer;
      if (disguised || (coloured && layer.isUncoloured === true)) this.#addRulesOf(text, rules);
      for (const rule of rules) {
        this.#deadline.check();
        for (const place of this.#occurrences(rule, text)) {
          this.#add({
            start: window.start + layer.origin(startOf(place, text)),
            end: window.start + layer.end(place.end),
            rule: this.#name(rule),
            secret: place.secret ?? text.slice(place.start, place.end),
            rank: this.#rank(rule),
            text: textFor(place, text),
          });
        }
      }
    }
  }

  #addRulesOf(text: string, rules: Set<number>): void {
    this.#set.scan(Buffer.from(text, "latin1"), (index) => {
      const { rule, phase } = this.#set.uses[index]!;
      if (phase === null && rule >= 0) rules.add(rule);
    });
  }

  #hitInBase64(hit: number, rule: number, phase: 0 | 1 | 2): void {
    const reach = base64Reach(this.#reach(rule));
    const ended = this.#base64.add(hit, rule, phase, reach);
    if (ended !== null) this.#lookIntoBase64(ended);
  }

  #lookIntoBase64({ first, last, rule, phase }: Base64Hits): void {
    this.#deadline.check();
    const isLive = rule === this.#set.rules.length;
    const reach = this.#reach(rule) + (isLive ? BEFORE : 0);
    const before = isLive ? this.#set.liveOffset : (this.#set.rules[rule]?.before ?? 0);
    const place = { first, last, phase, reach, before, isLive };
    const find = (text: string): readonly Occurrence[] => this.#occurrences(rule, text);
    for (const secret of secretsInBase64(this.#bytes, place, find)) {
      this.#add({ ...secret, rule: this.#name(rule), rank: this.#rank(rule) });
    }
  }

  #add(found: Found): void {
    this.found.push(found);
    if (this.found.length > LIMITS.redactionFindsCount) this.found = withinBudget(this.found);
  }
}

/**
 * Everything in `bytes` that the rule set describes, non-overlapping and in order.
 * Throws `redaction-deadline`.
 */
export function findSecrets(bytes: Buffer, set: RuleSet, deadline: Deadline): Found[] {
  const found = new Search(bytes, set, deadline).run();
  for (const { at, layer } of wrappedBase64(bytes)) {
    const block = new Search(Buffer.from(layer.text, "latin1"), set, deadline).run();
    for (const one of mergeOverlaps(block)) {
      found.push({ ...one, start: at + layer.origin(one.start), end: at + layer.end(one.end) });
    }
  }
  return mergeOverlaps(found);
}
