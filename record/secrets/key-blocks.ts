/**
 * Private keys in armour, however they were quoted: with line numbers, diff marks, `>`, comment
 * signs or colours in front of the lines, as strings that a program puts together, cut off at either
 * end.
 *
 * Invariants: a block that is nothing but the key is one occurrence; of any other only the
 * runs of base64 are, so that everything around them (quotes, numbers, escapes) stays. Runs that
 * follow a backslash are left to the text beneath that escape. Each text is read once.
 */
import { hasDistinct, type Occurrence } from "./rule.ts";

/** An RSA key of 16,384 bits, each line quoted. */
export const KEY_BLOCK_REACH = 16_384;

/** How the DER or OpenSSH form of private keys begins, in base64; public keys begin otherwise. */
export const KEY_STARTS = [
  "ADANBgkqhkiG9w0BAQEFAASC", // PKCS #8, RSA
  "IBAAKBgQ", // PKCS #1, 1024 bits
  "IBAAKCAQEA", // 2048 bits
  "IBAAKCAYEA", // 3072 bits
  "IBAAKCAgEA", // 4096 bits
  "MHcCAQEEI", // SEC 1, P-256
  "MIGkAgEBBD", // P-384
  "MIHcAgEBBEI", // P-521
  "AgEAMBMGByqGSM49AgEG", // PKCS #8, P-256
  "AgEAMBAGByqGSM49AgEG", // P-384
  "MC4CAQAwBQYDK2VwBCIEI", // Ed25519
  "b3BlbnNzaC1rZXktdjEA", // OpenSSH
] as const;

const ARMOUR =
  /-{4,5} ?(BEGIN|END)((?:[ +][A-Z0-9]{1,12}){0,4})[ +]PRIVATE[ +]KEY(?:[ +]BLOCK)? ?-{4,5}/g;
const PUTTY = /Private-(Lines:[ +]\d{1,3}|MAC:|Hash:)/g;
const START = new RegExp(KEY_STARTS.map((s) => s.replaceAll("+", "\\+")).join("|"), "g");
/** Characters of a key in front of those. */
const BEFORE_START = 8;
/** Of these and an escape's digits. */
const LEAD_CHARS = 24;

/** A block with no more than the headers of RFC 1421 in it. */
const PLAIN = /^[A-Za-z0-9+/=\s:,.()-]*$/;
const RUN = /(?<![\\A-Za-z0-9+/])[A-Za-z0-9+/]{16,}={0,2}/g;
/** Shorter than a run, in the last line; a line number may follow, that of the END. */
const LAST_RUN =
  /(?<![\\A-Za-z0-9+/])[A-Za-z0-9+/]{2,15}={0,2}(?=[^A-Za-z0-9+/]{0,16}(?:\d{1,6}[^A-Za-z0-9+/]{0,8})?$)/;
/** Between the lines of one key: a line's end, and what quotes the next line. */
const GAP = 160;
/** Between the armour and the first line: the headers of an encrypted key. */
const HEADERS = 400;
const KEY_CHARS_MIN = 32;
/** Of a key without armour: more than how it begins. */
const BARE_CHARS_MIN = 48;
const IS_BASE64 = Uint8Array.from({ length: 256 }, (_, c) =>
  /[A-Za-z0-9+/]/.test(String.fromCharCode(c)) ? 1 : 0,
);
const BARE_RUN = /[A-Za-z0-9+/]*/y;

interface Mark {
  readonly start: number;
  readonly end: number;
  readonly begins: boolean;
}

function marksIn(text: string, pattern: RegExp, begins: (m: RegExpMatchArray) => boolean): Mark[] {
  return [...text.matchAll(pattern)].map((m) => ({
    start: m.index,
    end: m.index + m[0].length,
    begins: begins(m),
  }));
}

export function findKeyBlocks(text: string): Occurrence[] {
  const marks = marksIn(text, ARMOUR, (m) => m[1] === "BEGIN");
  return [...blocks(text, marks), ...bareKeys(text, marks)];
}

/** Keys that are known by how they begin, with no armour in front. */
function bareKeys(text: string, marks: readonly Mark[]): Occurrence[] {
  const found: Occurrence[] = [];
  let readTo = 0;
  let next = 0;
  let armouredTo = 0;
  for (const match of text.matchAll(START)) {
    let lead = match.index;
    while (lead > match.index - LEAD_CHARS && IS_BASE64[text.charCodeAt(lead - 1)] === 1) lead -= 1;
    // Begins with the letter of an escape: the text beneath shows where the key begins.
    if (text[lead - 1] === "\\" && /[bfnrtux0-3]/.test(text[lead]!)) continue;
    const index = Math.max(lead, match.index - BEFORE_START);
    for (; next < marks.length && marks[next]!.end <= index; next += 1) {
      armouredTo = marks[next]!.begins ? marks[next]!.end + HEADERS : 0;
    }
    if (index < readTo || index < armouredTo) continue;
    BARE_RUN.lastIndex = index;
    const run = BARE_RUN.exec(text)?.[0].length ?? 0;
    const runs = run < BARE_CHARS_MIN ? [] : openBlock(text, index, text.length);
    found.push(...runs);
    readTo = runs.at(-1)?.end ?? index + run;
  }
  return found;
}

export function findPuttyKeys(text: string): Occurrence[] {
  return blocks(
    text,
    marksIn(text, PUTTY, (m) => m[1]!.startsWith("Lines")),
  );
}

function blocks(text: string, marks: readonly Mark[]): Occurrence[] {
  const found: Occurrence[] = [];
  for (const [index, mark] of marks.entries()) {
    const next = marks[index + 1];
    const limit = Math.min(next?.start ?? text.length, mark.end + KEY_BLOCK_REACH);
    if (mark.begins && next !== undefined && !next.begins && next.start === limit) {
      found.push(...closedBlock(text, mark, next));
    } else if (mark.begins) found.push(...openBlock(text, mark.end, limit));
    else if (index === 0 || !marks[index - 1]!.begins) {
      found.push(...headlessBlock(text, marks[index - 1]?.end ?? 0, mark.start));
    }
  }
  return found;
}

function* runsIn(text: string, from: number, to: number): Generator<Occurrence> {
  for (const m of text.slice(from, to).matchAll(RUN)) {
    yield { start: from + m.index, end: from + m.index + m[0].length };
  }
}

/** BEGIN and END are there: all that lies between them is the key. */
function closedBlock(text: string, begin: Mark, end: Mark): Occurrence[] {
  const runs = [...runsIn(text, begin.end, end.start)];
  if (!isKey(text, runs)) return [];
  const between = text.slice(begin.end, end.start);
  if (PLAIN.test(between)) return [{ start: begin.start, end: end.end }];
  const from = runs.at(-1)!.end;
  const last = LAST_RUN.exec(text.slice(from, end.start));
  if (last !== null && (/[=A-Z]/.test(last[0]) || last[0].length > 6)) {
    runs.push({ start: from + last.index, end: from + last.index + last[0].length });
  }
  return asOne(text, runs);
}

/** No END: lines of one width, and a last one that may be shorter. */
function openBlock(text: string, from: number, to: number): Occurrence[] {
  const runs: Occurrence[] = [];
  let width = 0;
  for (const run of runsIn(text, from, Math.min(to, from + KEY_BLOCK_REACH))) {
    const last = runs.at(-1);
    if (run.start - (last?.end ?? from) > (last === undefined ? HEADERS : GAP)) break;
    const length = run.end - run.start;
    if (width === 0) width = length;
    if (length > width && runs.length === 1) {
      // The first was an encrypted key's header.
      runs.length = 0;
      width = length;
    }
    if (length > width || (length < width && !isMixed(text, run))) break;
    runs.push(run);
    if (length < width) break;
  }
  if (!isKey(text, runs)) return [];
  const end = runs.at(-1)!.end;
  if (!PLAIN.test(text.slice(from, end))) return asOne(text, runs);
  const armour = text.lastIndexOf("-----BEGIN", from);
  return [{ start: armour >= 0 && from - armour < 80 ? armour : from, end }];
}

/** No BEGIN: lines of one width in front of the END. */
function headlessBlock(text: string, from: number, to: number): Occurrence[] {
  const runs: Occurrence[] = [];
  let width = 0;
  const lines = [...runsIn(text, Math.max(from, to - KEY_BLOCK_REACH), to)];
  for (const run of lines.reverse()) {
    const next = runs[0];
    if ((next?.start ?? to) - run.end > GAP) break;
    const length = run.end - run.start;
    if (runs.length > 1 && length > width) break;
    // A shorter one may be the rest of the line at which the text was cut off.
    const isCut = runs.length > 0 && length < width && isMixed(text, run);
    if (runs.length > 0 && length < width && !isCut) break;
    runs.unshift(run);
    width = Math.max(width, length);
    if (isCut) break;
  }
  // Keys of elliptic curves are shorter than a line.
  const isLine = width >= 48 || (runs.length === 1 && isMixed(text, runs[0]!));
  return isLine && isKey(text, runs) ? asOne(text, runs) : [];
}

const isMixed = (text: string, { start, end }: Occurrence): boolean => {
  const run = text.slice(start, end);
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /[\d+/]/.test(run);
};

function isKey(text: string, runs: readonly Occurrence[]): boolean {
  const key = runs.map(({ start, end }) => text.slice(start, end)).join("");
  return key.length >= KEY_CHARS_MIN && hasDistinct(key, 12) && !/redacted|x{16}/i.test(key);
}

function asOne(text: string, runs: readonly Occurrence[]): Occurrence[] {
  const secret = runs.map(({ start, end }) => text.slice(start, end)).join("\n");
  return runs.map((run, index) => ({ ...run, secret, continued: index > 0 }));
}
