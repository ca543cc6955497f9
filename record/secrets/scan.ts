/**
 * Looks for credentials in what is already written: capture files before a commit, pages before
 * they are published. Uses the built-in rules only and changes nothing.
 *
 * Invariants: a hit names the rule and the place and shows no more of the secret than its
 * first four characters, so a report may be printed in a CI log. Compressed parts of a capture file
 * are looked into as well, streams event by event and put together; one that cannot be looked into
 * is a find of its own (`UNREADABLE`): what nobody could look at is not clean.
 */
import { hash } from "node:crypto";
import { streamedBody } from "../bodies/chunks.ts";
import { partBytes, viewPartLine } from "../bodies/part-line.ts";
import { Deadline, findSecrets } from "./find-secrets.ts";
import type { Found } from "./finds.ts";
import { namedIn } from "./named-secrets.ts";
import { builtInRuleSet } from "./rule-set.ts";
import { channelsOf } from "./stream-channels.ts";
import { windowsOf } from "./stream-windows.ts";

export interface ScanHit {
  readonly rule: string;
  /** Line, counted from 1. */
  readonly line: number;
  /** Byte range in that line; null for what lies inside a compressed stream. */
  readonly range: readonly [start: number, end: number] | null;
  /** First characters of the secret, then `…`. */
  readonly preview: string;
  /**
   * Names this find for a list of what is allowed: 16 hex digits over the rule, the bytes of the
   * part or line, and the place in it. Who does not have the whole line cannot test a guess by it,
   * and a part has the same in every file.
   */
  readonly fingerprint: string;
}

/** The rule of a compressed part that is damaged or decompresses to more than readers take. */
export const UNREADABLE = "unreadable-part";

const NOT_LOOKED_INTO = { rule: UNREADABLE, start: 0, secret: "" } as Found;
const LF = 0x0a;

const preview = ({ secret }: Found): string => `${secret.slice(0, 4).replace(/[^ -~]/g, "?")}…`;

/**
 * Secrets in a file's bytes or text, in order of lines. Throws `redaction-deadline` after
 * `deadlineMs`.
 */
export function scan(input: Uint8Array | string, deadlineMs = 60_000): ScanHit[] {
  return finds(input, deadlineMs).map(({ hit }) => hit);
}

/** The secrets of those finds that `wanted` is true of. They must not leave the process. */
export function secretsOfFinds(
  input: Uint8Array,
  wanted: (hit: ScanHit) => boolean,
): ReadonlySet<string> {
  const found = finds(input, 60_000).filter(({ hit }) => wanted(hit));
  return new Set(found.map(({ secret }) => secret));
}

interface Find {
  readonly hit: ScanHit;
  readonly secret: string;
}

function finds(input: Uint8Array | string, deadlineMs: number): Find[] {
  const bytes = typeof input === "string" ? Buffer.from(input, "utf8") : asBuffer(input);
  const deadline = new Deadline(deadlineMs);
  const found = findSecrets(bytes, builtInRuleSet(), deadline);
  const hits: Find[] = [];
  let line = 0;
  let next = 0;
  for (let from = 0; from <= bytes.length; ) {
    const lineEnd = bytes.indexOf(LF, from);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    line += 1;
    if (end > from) {
      const text = bytes.subarray(from, end);
      const inLine: Found[] = [];
      for (; next < found.length && found[next]!.start <= end; next += 1) {
        const one = found[next]!;
        inLine.push({ ...one, start: one.start - from, end: one.end - from });
      }
      for (const hit of findsInLine(text, line, inLine, deadline)) hits.push(hit);
    }
    from = end + 1;
  }
  return hits;
}

/** What stands on a line; `found` is what lies open there, by offsets in it. */
function* findsInLine(
  text: Buffer,
  line: number,
  found: readonly Found[],
  deadline: Deadline,
): Generator<Find> {
  for (const one of found) {
    // From the end: the number of a part, in front of its payload, differs from file to file.
    const fingerprint = fingerprintOf(one.rule, text, `${text.length - one.start}`);
    const range = [one.start, one.end] as const;
    const hit = { rule: one.rule, line, range, preview: preview(one), fingerprint };
    yield { hit, secret: one.secret };
  }
  for (const { rule, where, value } of namedIn(text)) {
    const at = text.indexOf(JSON.stringify(value).slice(1, -1));
    const range = [Math.max(0, at), Math.max(0, at) + value.length] as const;
    if (found.some(({ start, end }) => start >= at && end <= range[1])) continue;
    const fingerprint = fingerprintOf(rule, text, where);
    const shown = preview({ secret: value } as Found);
    yield { hit: { rule, line, range, preview: shown, fingerprint }, secret: value };
  }
  const packed = packedIn(text);
  if (packed === null) return;
  const inside = packed === UNREADABLE ? [NOT_LOOKED_INTO] : secretsInPacked(packed, deadline);
  for (const [n, one] of inside.entries()) {
    const fingerprint = fingerprintOf(one.rule, text, `stream ${n} ${one.start}`);
    const hit = { rule: one.rule, line, range: null, preview: preview(one), fingerprint };
    yield { hit, secret: one.secret };
  }
}

const PART_NUMBER = /^\{"type":"part","n":\d+/;

/** Of the bytes that are there, not of the digest that a line claims: that may be forged. */
function fingerprintOf(rule: string, line: Buffer, where: string): string {
  const number = PART_NUMBER.exec(line.toString("latin1", 0, 48))?.[0] ?? "";
  const content = hash("sha256", line.subarray(number.length), "hex");
  return hash("sha256", JSON.stringify([rule, content, where]), "hex").slice(0, 16);
}

/** How a line begins that readers take for a part; there may be spaces in between. */
const PART = /^\{\s*"type"\s*:\s*"part"/;
const ZSTD_MEMBER = Buffer.from('"zstd"');

/** What a compressed part of a capture file holds; null where the line holds none. */
function packedIn(line: Buffer): Buffer | typeof UNREADABLE | null {
  const view = viewPartLine(line);
  if (view === null) {
    const isPart = PART.test(line.toString("latin1", 0, 64));
    return isPart && line.includes(ZSTD_MEMBER) ? UNREADABLE : null;
  }
  if (view.form !== "zstd") return null;
  try {
    return partBytes(view);
  } catch {
    return UNREADABLE;
  }
}

/** The secrets in chunks of a stream as JSON Lines, or in bytes that are none. */
function secretsInPacked(packed: Buffer, deadline: Deadline): Found[] {
  const stream = streamOf(packed);
  const found = findSecrets(stream, builtInRuleSet(), deadline);
  const known = new Set(found.map(({ secret }) => secret));
  for (const { from, to } of windowsOf(stream)) {
    for (const { text, literal } of channelsOf(stream.toString("latin1", from, to))) {
      if (literal) continue;
      for (const one of findSecrets(Buffer.from(text, "latin1"), builtInRuleSet(), deadline)) {
        // What is read in two ways is one find.
        if (!known.has(one.secret)) found.push(one);
        known.add(one.secret);
      }
    }
  }
  return found;
}

function streamOf(packed: Buffer): Buffer {
  try {
    return streamedBody(packed);
  } catch {
    return packed;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
