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
export const RULES: readonly Rule[] = [
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
  { name: "prompt hash of the billing line", pattern: /(?<=cch=)[0-9a-f]{5}\b/g },
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
  const [c, d] = [a.map(sortedMetadata), b.map(sortedMetadata)];
  const order = c.some((text, i) => text !== a[i]) ? [KEY_ORDER] : [];
  const rules = RULES.filter(({ pattern }) => {
    const others = RULES.filter((rule) => rule.pattern !== pattern);
    return apply(others, c) !== apply(others, d);
  });
  const [left, right] = [apply(RULES, c), apply(RULES, d)];
  const equal = left === right;
  const zstd = direct.some(isZstd) ? ["length of zstd bodies (decoded, then compared)"] : [];
  const names = [...(equal ? rules : RULES).map(({ name }) => name), ...order, ...zstd];
  return { equal, rules: names, difference: equal ? null : firstDifference(left, right) };
}

const KEY_ORDER = "order of keys in client_metadata (a hash map of Codex)";

/** The text with the keys of that one object in order; everything else stays byte for byte. */
function sortedMetadata(text: string): string {
  return text.replace(/(?<="client_metadata":)\{(?:"[^"]*":"(?:[^"\\]|\\.)*",?)*\}/, (object) => {
    const entries = object.match(/"[^"]*":"(?:[^"\\]|\\.)*"/g) ?? [];
    return `{${entries.toSorted().join(",")}}`;
  });
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
  const plain = (text: string) =>
    rules.reduce((out, { name, pattern }) => out.replace(pattern, `<${name}>`), text);
  const sorted = requests.toSorted((x, y) => (plain(x) < plain(y) ? -1 : 1));
  const numbers = new Map<string, number>();
  let text = sorted.join("\n\0\n");
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
