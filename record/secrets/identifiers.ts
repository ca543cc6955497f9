/**
 * Who and where the client is, as clients tell the provider: user, device, installation, account
 * and organisation ids in the request's envelope (never in messages or tool results, which may be
 * full of other people's `user_id`). Replaced by pseudonyms where `redact.identifiers: on`.
 *
 * Session ids stay: they tie turns together and point to nobody.
 */
import { type Layer, unescapeJson, written } from "./layers.ts";

/** Byte ranges of identifier values in a request body, in order. */
export type Identifiers = readonly {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}[];

const ENVELOPES = new Set(["metadata", "client_metadata", "extra_body", "telemetry"]);
const NAMED =
  /^(?:x-)?(?:[a-z]+[-_])?(?:end[-_]?)?(?:user|device|install(?:ation)?|account|machine|org(?:ani[sz]ation)?|customer|anonymous|distinct|person|project)[-_]?(?:uu)?id$|^(?:user|safety_identifier|user_?email|email|user_?name)$/i;

const IDENTIFIER_HEADERS = /^(?:openai-organization|openai-project|x-machine-id|x-user-email)$/;

/** True for a header whose value says who or where the client is. */
export function isIdentifierHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return IDENTIFIER_HEADERS.test(lower) || (NAMED.test(lower) && lower !== "user");
}

interface Member {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i += 1;
    else if (c === 0x22) return i + 1;
  }
  return text.length;
}

/** Members of the top-level object with the range of their values; none for anything else. */
function topLevelMembers(text: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let name = "";
  let start = -1;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      const end = endOfString(text, i);
      if (depth === 1 && start < 0) name = text.slice(i + 1, end - 1);
      i = end - 1;
    } else if (c === 0x7b || c === 0x5b) depth += 1;
    else if (c === 0x3a && depth === 1 && start < 0) start = i + 1;
    else if (c === 0x7d || c === 0x5d || c === 0x2c) {
      if (depth === 1 && start >= 0) {
        members.push({ name, start, end: i });
        start = -1;
      }
      if (c !== 0x2c) depth -= 1;
    }
  }
  return members;
}

const PAIR = /"([^"]{1,80})"\s{0,4}:\s{0,4}"([^"{[]{1,256})"/dg;
const CLAUDE_CODE = /user_([0-9a-f]{16,128})_account_([0-9a-f-]{0,40})_session_/dg;

function idsIn(layer: Layer, offset: number): { start: number; end: number; value: string }[] {
  const ids: { start: number; end: number; value: string }[] = [];
  const add = (range: [number, number] | undefined): void => {
    if (range === undefined || range[0] === range[1]) return;
    const [from, upTo] = range;
    const value = layer.text.slice(from, upTo);
    if (value.startsWith("[pseudonym:")) return;
    ids.push({ start: offset + layer.origin(from), end: offset + layer.origin(upTo), value });
  };
  for (const match of layer.text.matchAll(CLAUDE_CODE)) {
    add(match.indices![1]);
    add(match.indices![2]);
  }
  for (const match of layer.text.matchAll(PAIR)) {
    if (NAMED.test(match[1]!) && !match[2]!.includes("_session_")) add(match.indices![2]);
  }
  return ids;
}

/** Identifiers in a request body; empty for one that is no JSON object. */
export function identifiersIn(bytes: Buffer): Identifiers {
  const text = bytes.toString("latin1");
  const found = topLevelMembers(text).flatMap(({ name, start, end }) => {
    if (!ENVELOPES.has(name) && !NAMED.test(name)) return [];
    // A named member is looked at together with its name.
    const from = ENVELOPES.has(name) ? start : text.lastIndexOf(`"${name}"`, start);
    const plain = written(text.slice(from, end));
    const inner = unescapeJson(plain.text);
    return [...idsIn(plain, from), ...(inner === null ? [] : idsIn(inner, from))];
  });
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  return found.filter((f, i) => i === 0 || f.start >= found[i - 1]!.end);
}

const ECHO =
  /"(?:metadata|client_metadata)"\s{0,4}:\s{0,4}\{[^{}]{0,4000}\}|"(?:user|safety_identifier)"\s{0,4}:\s{0,4}"[^"\\]{1,256}"/g;

/**
 * Identifiers that an upstream repeats in the events of a stream (latin1 text). What the model says
 * stands there in escaped quotes and is not looked at.
 */
export function identifiersInStream(text: string): Identifiers {
  return [...text.matchAll(ECHO)].flatMap((match) => {
    const plain = written(match[0]);
    const inner = unescapeJson(plain.text);
    return [...idsIn(plain, match.index), ...(inner === null ? [] : idsIn(inner, match.index))];
  });
}
