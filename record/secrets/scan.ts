/**
 * Looks for credentials in what is already written: capture files before a commit, pages before
 * they are published. Uses the built-in rules only and changes nothing.
 *
 * What always holds: a hit names the rule and the place and shows no more of the secret than its
 * first four characters, so a report may be printed in a CI log. Compressed streams in a capture
 * file are looked into as well, event by event and put together.
 */
import { hash } from "node:crypto";
import { streamedBody } from "../bodies/chunks.ts";
import { unpackedPart } from "../bodies/part-line.ts";
import { Deadline, findSecrets } from "./find-secrets.ts";
import type { Found } from "./finds.ts";
import { namedIn } from "./named-secrets.ts";
import { builtInRuleSet } from "./rule-set.ts";
import { channelsOf } from "./stream-channels.ts";

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
  const lines = lineStarts(bytes);
  const hits = findSecrets(bytes, builtInRuleSet(), deadline).map((found): Find => {
    const line = lineAt(lines, found.start);
    const from = lines[line - 1]!;
    const range = [found.start - from, found.end - from] as const;
    const text = lineBytes(bytes, lines, line);
    // From the end: the number of a part, in front of its payload, differs from file to file.
    const fingerprint = fingerprintOf(found.rule, text, `${text.length - range[0]}`);
    const hit = { rule: found.rule, line, range, preview: preview(found), fingerprint };
    return { hit, secret: found.secret };
  });
  for (const [index, start] of lines.entries()) {
    const text = lineBytes(bytes, lines, index + 1);
    for (const { rule, where, value } of namedIn(text)) {
      const fingerprint = fingerprintOf(rule, text, where);
      const at = text.indexOf(JSON.stringify(value).slice(1, -1));
      const range = [Math.max(0, at), Math.max(0, at) + value.length] as const;
      const known = hits.some(
        ({ hit }) =>
          hit.line === index + 1 && hit.range && hit.range[0] >= at && hit.range[1] <= range[1],
      );
      if (known) continue;
      const shown = preview({ secret: value } as Found);
      hits.push({
        hit: { rule, line: index + 1, range, preview: shown, fingerprint },
        secret: value,
      });
    }
    const stream = streamIn(bytes.subarray(start, lines[index + 1] ?? bytes.length));
    if (stream === null) continue;
    for (const [n, found] of secretsInStream(stream, deadline).entries()) {
      const fingerprint = fingerprintOf(found.rule, text, `stream ${n} ${found.start}`);
      const { rule } = found;
      const hit = { rule, line: index + 1, range: null, preview: preview(found), fingerprint };
      hits.push({ hit, secret: found.secret });
    }
  }
  return hits.sort((a, b) => a.hit.line - b.hit.line);
}

/** A line without its LF. */
function lineBytes(bytes: Buffer, starts: readonly number[], line: number): Buffer {
  return bytes.subarray(starts[line - 1], (starts[line] ?? bytes.length + 1) - 1);
}

const PART_NUMBER = /^\{"type":"part","n":\d+/;

/** Of the bytes that are there, not of the digest that a line claims: that may be forged. */
function fingerprintOf(rule: string, line: Buffer, where: string): string {
  const number = PART_NUMBER.exec(line.toString("latin1", 0, 48))?.[0] ?? "";
  const content = hash("sha256", line.subarray(number.length), "hex");
  return hash("sha256", JSON.stringify([rule, content, where]), "hex").slice(0, 16);
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) starts.push(at + 1);
  return starts;
}

/** Number of the line, counted from 1, that holds the byte at `offset`. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (starts[mid]! <= offset) low = mid;
    else high = mid - 1;
  }
  return low + 1;
}

const ZSTD_MEMBER = Buffer.from('"zstd":"');

/** The streamed body that a part line holds, or null. A line that is damaged is `verify`'s business. */
function streamIn(line: Buffer): Buffer | null {
  const at = line.subarray(0, 256).indexOf(ZSTD_MEMBER);
  if (at < 0) return null;
  const text = line.toString("latin1", at + ZSTD_MEMBER.length);
  const packed = Buffer.from(text.slice(0, text.indexOf('"')), "base64");
  try {
    return streamedBody(unpackedPart(packed));
  } catch {
    return null;
  }
}

function secretsInStream(stream: Buffer, deadline: Deadline): Found[] {
  const found = findSecrets(stream, builtInRuleSet(), deadline);
  const known = new Set(found.map(({ secret }) => secret));
  for (const { text, literal } of channelsOf(stream.toString("latin1"))) {
    if (literal) continue;
    for (const one of findSecrets(Buffer.from(text, "latin1"), builtInRuleSet(), deadline)) {
      // What is read in two ways is one find.
      if (!known.has(one.secret)) found.push(one);
      known.add(one.secret);
    }
  }
  return found;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
