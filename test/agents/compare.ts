/**
 * Whether an agent sent the same bytes with and without the daemon.
 *
 * What always holds: bytes are compared first as they are; only where they differ are the rules
 * below applied, and which of them were needed is told. A rule stands for something that the agent
 * draws anew in every run; none of them hides a header, its order, its case or its presence.
 */
import { zstdDecompressSync } from "node:zlib";
import type { SeenRequest } from "./fake-upstream.ts";

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
}

/** What an agent draws anew, and how it looks; each find is replaced by a number of order. */
const RULES: readonly Rule[] = [
  {
    name: "uuid",
    pattern: /(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])/g,
  },
  { name: "installation id (64 hex digits)", pattern: /\b[0-9a-f]{64}\b/g },
  { name: "Sec-WebSocket-Key", pattern: /(?<=^sec-websocket-key: )\S{22}==$/gim },
  { name: "time of a message (Unix s)", pattern: /(?<="create_time":)\d{10}(?:\.\d+)?/g },
  { name: "start of the stream (Unix ms)", pattern: /(?<=stream-request-start-ms":")\d{13}/g },
  {
    name: "start of the turn (Unix ms)",
    pattern: /(?<=turn_started_at_unix_ms\\?\\?\\?":)\d{13}/g,
  },
  { name: "opencode ids", pattern: /\b(?:ses|msg|prt)_[0-9a-zA-Z]{26}\b/g },
];

interface Shuffle {
  readonly name: string;
  /** The whole list, and one entry of it. */
  readonly list: RegExp;
  readonly entry: RegExp;
  /** What stands between two entries. */
  readonly between: string;
}

/** Lists whose order an agent draws anew; they are compared entry by entry, in order of text. */
const SHUFFLES: readonly Shuffle[] = [
  {
    name: "order of keys in client_metadata (a hash map of Codex)",
    list: /(?<="client_metadata":\{)(?:"[^"]*":"(?:[^"\\]|\\.)*",?)+(?=\})/,
    entry: /"[^"]*":"(?:[^"\\]|\\.)*"/g,
    between: ",",
  },
  {
    // It reads the files of its skills side by side and lists them in the order of their arrival.
    name: "order of the skills (Gemini CLI)",
    list: /(?<=<available_skills>\\n {2})<skill>.*<\/skill>(?=\\n<\/available_skills>)/,
    entry: /<skill>.*?<\/skill>/g,
    between: "\\n  ",
  },
];

const ZSTD = "length of zstd bodies (decoded, then compared)";
/** Names of everything that may be put aside, so that what nobody needs any more can be told. */
export const NORMALISATIONS: readonly string[] = [
  ...[...RULES, ...SHUFFLES].map(({ name }) => name),
  ZSTD,
];

export interface Comparison {
  readonly equal: boolean;
  /** Names of the rules without which they would differ. */
  readonly rules: readonly string[];
  /** Where they first differ; null where they do not. */
  readonly difference: string | null;
}

/** Compares what the upstream saw in two runs. Requests that run side by side may change places. */
export function compare(
  direct: readonly SeenRequest[],
  through: readonly SeenRequest[],
): Comparison {
  const [a, b] = [direct.map(textOf), through.map(textOf)];
  if (a.join("\0") === b.join("\0")) return { equal: true, rules: [], difference: null };
  const [c, d] = [a.map(sorted), b.map(sorted)];
  const order = SHUFFLES.filter((shuffle) => reordered(shuffle, a, b)).map(({ name }) => name);
  const rules = RULES.filter(({ pattern }) => {
    const others = RULES.filter((rule) => rule.pattern !== pattern);
    return apply(others, c) !== apply(others, d);
  });
  const [left, right] = [apply(RULES, c), apply(RULES, d)];
  const equal = left === right;
  const zstd = direct.some(isZstd) ? [ZSTD] : [];
  const names = [...(equal ? rules : RULES).map(({ name }) => name), ...order, ...zstd];
  return { equal, rules: names, difference: equal ? null : firstDifference(left, right) };
}

/** The text with the entries of shuffled lists in order; everything else stays byte for byte. */
function sorted(text: string): string {
  return SHUFFLES.reduce((out, shuffle) => inOrder(shuffle, out), text);
}

function inOrder({ list, entry, between }: Shuffle, text: string): string {
  return text.replace(list, (whole) => {
    const entries = whole.match(entry) ?? [];
    // Only what is a list of entries and nothing else is touched.
    return entries.join(between) === whole ? entries.toSorted().join(between) : whole;
  });
}

/** Whether a list of this kind stands in another order in one of the runs. */
function reordered({ list, entry }: Shuffle, a: readonly string[], b: readonly string[]): boolean {
  const names = (texts: readonly string[]) =>
    texts.map((text) => (list.exec(text)?.[0].match(entry) ?? []).map(plain).join("\n")).toSorted();
  return names(a).join("\0") !== names(b).join("\0");
}

/** A text without what is drawn anew. */
function plain(text: string): string {
  return RULES.reduce((out, { name, pattern }) => out.replace(pattern, `<${name}>`), text);
}

/** The request as text; a compressed body as what it decodes to. */
function textOf(request: SeenRequest): string {
  const { line, headers, body } = request;
  const zstd = isZstd(request);
  let head = `${line}\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = zstd && /^content-length$/i.test(name) ? "(zstd)" : headers[i + 1];
    head += `${name}: ${value}\n`;
  }
  return `${head}\n${(zstd ? zstdDecompressSync(body) : body).toString("latin1")}`;
}

function isZstd({ headers }: SeenRequest): boolean {
  return headers.some((value, i) => i % 2 === 1 && value === "zstd" && isEncoding(headers[i - 1]));
}

function isEncoding(name: string | undefined): boolean {
  return name?.toLowerCase() === "content-encoding";
}

/** The same find gets the same number wherever it stands, so that its repetition is compared too. */
function apply(rules: readonly Rule[], requests: readonly string[]): string {
  const ordered = requests.toSorted((x, y) => (plain(x) < plain(y) ? -1 : 1));
  const numbers = new Map<string, number>();
  let text = ordered.join("\n\0\n");
  for (const { name, pattern } of rules) {
    text = text.replace(pattern, (found) => {
      if (!numbers.has(found)) numbers.set(found, numbers.size);
      return `<${name} ${numbers.get(found)}>`;
    });
  }
  return text;
}

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 80), at + 80));
  return `direct ${around(a)} through ${around(b)}`;
}
