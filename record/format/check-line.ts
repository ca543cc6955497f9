/**
 * Whether a parsed line is what docs/format.md says: the one place where what a file claims becomes
 * something that readers may trust. Captures come from merges and from strangers.
 *
 * Invariants: a line that passes has every member that the types of schema.ts promise, of the
 * type that they promise (a test holds both against each other), finite numbers, and nothing nested
 * so deeply that writing it out again could fail. Unknown members pass. Pure and quick: every reader
 * asks for every line, which is why it is no zod schema (95 modules).
 *
 * A body's list of parts is checked where it is expanded (bodies/part-list.ts): a list that cannot
 * be read spoils its body, not the exchange.
 */
import { OUTCOMES } from "./outcomes.ts";

/** What is wrong with a value, in words that begin with the member's path; null where nothing is. */
type Check = (value: unknown) => string | null;

/** Depth of members that this version does not know; what it knows is flat. */
const DEPTH_MAX = 64;
const ID = /^[0-9A-Za-z-]{1,64}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const DIGEST = /^[0-9a-f]{64}$/;

const text: Check = (value) => (typeof value === "string" ? null : "is no text");
const flag: Check = (value) => (typeof value === "boolean" ? null : "is neither true nor false");
const amount: Check = (value) =>
  typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY
    ? null
    : "is no amount";
const figure: Check = (value) => (Number.isFinite(value) ? null : "is no number");
const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : "is no count";
const partNumber: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? null : "is no part number";
const matching =
  (pattern: RegExp, what: string): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? null : `is no ${what}`;
const time: Check = (value) =>
  typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value))
    ? null
    : "is no time in UTC";

const nullable =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);
const nullish =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null ? null : check(value);

function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return "is no list";
    for (let i = 0; i < value.length; i++) {
      const wrong = check(value[i]);
      if (wrong !== null) return at(String(i), wrong);
    }
    return null;
  };
}

/** An object with these members; others pass as long as they are shallow. */
function object(members: Readonly<Record<string, Check>>): Check {
  const known = Object.entries(members);
  return (value) => {
    if (!isObject(value)) return "is no object";
    for (let i = 0; i < known.length; i++) {
      const [name, check] = known[i]!;
      // No member of ours is one that every object inherits.
      const wrong = check(value[name]);
      if (wrong !== null) return at(name, wrong);
    }
    for (const name in value) {
      const other = value[name];
      if (typeof other !== "object" || Object.hasOwn(members, name)) continue;
      if (!isShallow(other, DEPTH_MAX)) return "has a member that nests too deeply";
    }
    return null;
  };
}

const texts: Check = (value) => {
  if (!isObject(value)) return "is no object";
  for (const name in value)
    if (typeof value[name] !== "string") return "has a value that is no text";
  return null;
};

const headers = list((pair) =>
  Array.isArray(pair) &&
  pair.length === 2 &&
  typeof pair[0] === "string" &&
  typeof pair[1] === "string"
    ? null
    : "is no [name, value]",
);

const body = object({
  bytes: count,
  sha256: matching(DIGEST, "digest"),
  parts: optional((value) => (Array.isArray(value) ? null : "is no list")),
  chunks: optional(partNumber),
  encoding: optional(text),
  decode_error: optional(text),
  wire: optional(object({ bytes: count, sha256: matching(DIGEST, "digest") })),
});

const TIMES = [
  ...["connect_ms", "request_sent_ms", "headers_ms", "first_chunk_ms", "first_token_ms"],
  ...["last_chunk_ms", "total_ms", "gap_p50_ms", "gap_max_ms"],
];
const USAGE = [
  ...["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"],
  ...["output_tokens", "reasoning_output_tokens"],
];
const all = (names: readonly string[], check: Check) =>
  Object.fromEntries(names.map((name) => [name, check]));

const llm = object({
  api: text,
  operation: text,
  model: nullable(text),
  served_model: nullable(text),
  served_by: nullable(text),
  stream: flag,
  finish_reasons: list(text),
  usage: nullable(object(all(USAGE, optional(amount)))),
  cost_usd: nullable(amount),
  price_source: nullable(text),
  tools_offered: list(text),
  tool_calls: list(text),
  error: nullish(text),
  notes: optional(list(text)),
});

const exchange = object({
  id: matching(ID, "id"),
  started: time,
  upstream: nullable(text),
  client: object({ name: nullable(text), agent: nullable(text), address: nullable(text) }),
  session: nullable(text),
  labels: texts,
  request: object({
    method: text,
    url: text,
    http: text,
    headers,
    trailers: optional(headers),
    body: nullable(body),
  }),
  response: nullable(
    object({
      status: count,
      http: optional(text),
      headers,
      trailers: optional(headers),
      body: nullable(body),
      assembled: optional(partNumber),
    }),
  ),
  outcome: (value) => (OUTCOMES.some((known) => known === value) ? null : "is no outcome"),
  error: nullish(object({ code: text, message: text })),
  timing: object({ ...all(TIMES, nullish(figure)), chunks: nullish(count) }),
  llm: nullable(llm),
  redactions: list(object({ rule: text, where: text, count })),
  verbatim: flag,
});

const file = object({
  format: text,
  day: matching(DAY, "day"),
  created: text,
  writer: nullish(text),
});

/**
 * What is wrong with a parsed `file` or `exchange` line, such as `client: is no object`; null for a
 * sound one and for one of a type that this version does not know.
 */
export function checkLine(record: Readonly<Record<string, unknown>>): string | null {
  if (record.type === "exchange") return exchange(record);
  return record.type === "file" ? file(record) : null;
}

function at(name: string, wrong: string): string {
  return /^(is|has) /.test(wrong) ? `${name}: ${wrong}` : `${name}.${wrong}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  for (const inner of Object.values(value)) if (!isShallow(inner, depth - 1)) return false;
  return true;
}
