/**
 * The line types of a `callnumber/1` capture file, as zod schemas: the contract between whatever
 * writes captures (daemon/filing) and whatever reads them (cli/, site/, other people's tools).
 *
 * It is for those who check lines. Who only writes or reads them takes the types alone: the schemas
 * bring zod along, 95 modules.
 *
 * Invariants: readers are lenient (unknown fields and unknown line types pass through), the
 * writer is strict (it only ever emits what is described here). The prose reference is
 * docs/format.md. Never in here: file access, carving, joining.
 *
 *   {"type":"file","format":"callnumber/1","day":"2026-11-23","created":"…","writer":null}
 *   {"type":"part","n":1,"sha256":"…","json":{"role":"system","content":"You are …"}}
 *   {"type":"exchange","id":"01K…","started":"…","request":{…},"response":{…},"outcome":"complete",…}
 */
import { z } from "zod";
import { OUTCOMES } from "./outcomes.ts";

/** First line of a file. `day` is the UTC day on which its exchanges started, `YYYY-MM-DD`. */
export const FileLine = z.looseObject({
  type: z.literal("file"),
  format: z.string(),
  day: z.string(),
  created: z.string(),
  writer: z.string().nullish(),
  /** CRC-32 of the line's bytes before `,"crc32":`; see record/format/json-line.ts. */
  crc32: z.string().optional(),
});
export type FileLine = z.infer<typeof FileLine>;

/**
 * A piece of a body, stored once per file. Exactly one of json | text | base64 | zstd, and always
 * the last member of the line: the bytes of a `json` part are sliced out of the line, never
 * re-serialised, so this schema only serves to look at a part, not to get its bytes.
 */
export const PartLine = z.looseObject({
  type: z.literal("part"),
  n: z.number().int().positive(),
  sha256: z.string(),
  /** With `zstd` only: CRC-32 of the payload's base64 text. */
  crc32: z.string().optional(),
  json: z.unknown().optional(),
  text: z.string().optional(),
  base64: z.string().optional(),
  zstd: z.string().optional(),
});
export type PartLine = z.infer<typeof PartLine>;

/** One entry of a body's `parts` list; see docs/format.md, "Bodies". */
export const PartRef = z.union([
  z.string(),
  z.number().int().positive(),
  z.tuple([z.number().int(), z.number().int()]),
  z.tuple([z.number().int(), z.number().int(), z.string()]),
  z.looseObject({
    part: z.number().int(),
    insert: z.array(z.tuple([z.number().int(), z.string()])),
  }),
  z.looseObject({ as: z.string(), take: z.number().int() }),
]);
export type PartRef = z.infer<typeof PartRef>;

/** Size in bytes and SHA-256 (lower-case hex) of a body as it crossed the wire. */
export const WireForm = z.looseObject({ bytes: z.number().int(), sha256: z.string() });
export type WireForm = z.infer<typeof WireForm>;

/**
 * A stored body. `parts` for a plain body, `chunks` (a part number) for a streamed one.
 * `bytes` and `sha256` are of what `parts`/`chunks` join to. `wire` is there when that differs
 * from the wire: content-encoded, or redacted.
 */
export const Body = z.looseObject({
  bytes: z.number().int(),
  sha256: z.string(),
  parts: z.array(PartRef).optional(),
  chunks: z.number().int().optional(),
  encoding: z.string().optional(),
  decode_error: z.string().optional(),
  wire: WireForm.optional(),
});
export type Body = z.infer<typeof Body>;

/** A body that is not in the file: its size, its digest where that is known, and why not. */
export const Omitted = z.looseObject({
  bytes: z.number().int(),
  sha256: z.string().optional(),
  reason: z.string(),
});

/** Header pairs in wire order and case. Values of credential headers are masked. */
export const Headers = z.array(z.tuple([z.string(), z.string()]));
export type Headers = z.infer<typeof Headers>;

export const Request = z.looseObject({
  method: z.string(),
  url: z.string(),
  http: z.string(),
  headers: Headers,
  trailers: Headers.optional(),
  body: Body.nullable(),
  omitted: Omitted.optional(),
});
export type Request = z.infer<typeof Request>;

export const Response = z.looseObject({
  status: z.number().int(),
  http: z.string().optional(),
  headers: Headers,
  trailers: Headers.optional(),
  body: Body.nullable(),
  omitted: Omitted.optional(),
  /** Part number of the message that a stream adds up to, in the provider's non-streaming shape. */
  assembled: z.number().int().optional(),
});
export type Response = z.infer<typeof Response>;

export const Outcome = z.enum(OUTCOMES);
export type Outcome = z.infer<typeof Outcome>;

/** All in milliseconds since the request began (fractions allowed); null where it never came. */
export const Timing = z.looseObject({
  connect_ms: z.number().nullish(),
  request_sent_ms: z.number().nullish(),
  headers_ms: z.number().nullish(),
  first_chunk_ms: z.number().nullish(),
  first_token_ms: z.number().nullish(),
  last_chunk_ms: z.number().nullish(),
  total_ms: z.number().nullish(),
  chunks: z.number().int().nullish(),
  gap_p50_ms: z.number().nullish(),
  gap_max_ms: z.number().nullish(),
});
export type Timing = z.infer<typeof Timing>;

/** Token counts, one meaning for every API: `input_tokens` includes cached, `output_tokens` reasoning. */
export const Usage = z.looseObject({
  input_tokens: z.number().optional(),
  cache_read_input_tokens: z.number().optional(),
  cache_creation_input_tokens: z.number().optional(),
  output_tokens: z.number().optional(),
  reasoning_output_tokens: z.number().optional(),
});
export type Usage = z.infer<typeof Usage>;

export const Llm = z.looseObject({
  /** Dialect name as in record/dialects, e.g. `openai.chat`. */
  api: z.string(),
  operation: z.string(),
  model: z.string().nullable(),
  served_model: z.string().nullable(),
  served_by: z.string().nullable(),
  stream: z.boolean(),
  finish_reasons: z.array(z.string()),
  usage: Usage.nullable(),
  cost_usd: z.number().nullable(),
  price_source: z.string().nullable(),
  tools_offered: z.array(z.string()),
  tool_calls: z.array(z.string()),
  /** Provider error in any of its disguises (error status, error in a 200, error event). */
  error: z.string().nullish(),
  /** Why something could not be understood; empty when all was. */
  notes: z.array(z.string()).optional(),
});
export type Llm = z.infer<typeof Llm>;

export const Redaction = z.looseObject({
  rule: z.string(),
  where: z.string(),
  count: z.number().int(),
});
export type Redaction = z.infer<typeof Redaction>;

export const Client = z.looseObject({
  name: z.string().nullable(),
  agent: z.string().nullable(),
  address: z.string().nullable(),
});
export type Client = z.infer<typeof Client>;

export const ExchangeLine = z.looseObject({
  type: z.literal("exchange"),
  id: z.string(),
  started: z.string(),
  upstream: z.string().nullable(),
  client: Client,
  session: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  request: Request,
  response: Response.nullable(),
  outcome: Outcome,
  error: z.looseObject({ code: z.string(), message: z.string() }).nullish(),
  timing: Timing,
  llm: Llm.nullable(),
  redactions: z.array(Redaction),
  verbatim: z.boolean(),
  /** CRC-32 of the line's bytes before `,"crc32":`; written last. */
  crc32: z.string().optional(),
});
export type ExchangeLine = z.infer<typeof ExchangeLine>;

/** Every line type that this version knows. A reader skips any other. */
export const Line = z.discriminatedUnion("type", [FileLine, PartLine, ExchangeLine]);
export type Line = z.infer<typeof Line>;
