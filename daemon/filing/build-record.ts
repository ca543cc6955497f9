/**
 * From what the spool holds of one exchange to what its capture file will hold: read, decode,
 * redact, understand. The carving and the writing come after (day-file.ts).
 *
 * Invariants: a failure to decode or to understand costs the reading, never the record; a
 * failure to redact throws, and the exchange stays out of the tree. Where the stored bytes are not
 * those of the wire, `wire` keeps their size and digest. Bodies are held one exchange at a time.
 */
import { hash } from "node:crypto";
import type { Member } from "../../record/bodies/layout.ts";
import { LayoutMemory } from "../../record/bodies/layout-memory.ts";
import type { Understood, WireExchange } from "../../record/dialects/normal.ts";
import type { ExchangeLine, WireForm } from "../../record/format/schema.ts";
import { LIMITS } from "../../record/limits.ts";
import type { Begin, HeaderPairs } from "../frames.ts";
import type { ChunkMarks } from "../spool/chunk-marks.ts";
import type { Extents, SpoolBytes } from "../spool/extents.ts";
import { contentEncodings, type Decoded, decodeBody } from "./decode.ts";
import { decodePrefix } from "./decode-prefix.ts";
import { noteOmitted, type Omission, omittedError } from "./omission.ts";
import type { SpooledExchange } from "./open-exchanges.ts";
import type { Redact, RedactedExchange, TimedBytes } from "./redact.ts";
import { isBinaryFraming, isStream, mediaType } from "./streams.ts";
import { endsWithTerminalEvent } from "./terminal-event.ts";
import { summariseTiming } from "./timing.ts";

/** A body as it will be stored, before it is carved. */
export interface StoredForm {
  readonly bytes: Buffer | null;
  readonly chunks: readonly TimedBytes[] | null;
  readonly encoding: string | null;
  readonly decodeError: string | null;
  readonly wire: WireForm | null;
  /** True where the body was longer than the limit and its end is missing. */
  readonly truncated: boolean;
  /** Of a request body: its layout, null where it is no JSON object. */
  readonly layout?: readonly Member[] | null;
}

/** An exchange line without the bodies, and the bodies beside it. */
export interface BuiltRecord {
  readonly line: ExchangeLine;
  readonly request: StoredForm | null;
  readonly response: StoredForm | null;
  /** JSON text of the message that a stream adds up to. */
  readonly assembled: Buffer | null;
}

export interface BuildTools {
  readonly bytes: SpoolBytes;
  readonly redact: Redact;
  readonly understand: (exchange: WireExchange) => Understood;
  /** Origin and base path of an upstream, `https://openrouter.ai/api`; empty where unknown. */
  readonly upstreamUrl: (name: string | null) => string;
  readonly bodyLimitBytes: number;
  readonly decodeLimitBytes: number;
}

/** Turns repeat each other; what is remembered changes no result. */
const layouts = new LayoutMemory();

/** Builds the record. Throws where it must not be filed: see redact.ts. */
export async function buildRecord(
  x: SpooledExchange,
  tools: BuildTools,
  omission: Omission | null = null,
): Promise<BuiltRecord> {
  const { begin, responseHead: head, end } = x;
  if (begin === null) throw new Error(`exchange ${x.key} has no beginning`);
  const request = omission?.request
    ? null
    : await readBody(x.request, begin.headers, tools, begin, false);
  const response = omission?.response
    ? null
    : await readBody(x.response, head?.headers ?? [], tools, begin, true);
  const headers = head?.headers ?? [];
  // Where only a readable beginning was kept, chunks would not fit it.
  const whole = response?.decoded.error === null || response?.decoded.bytes === response?.wire;
  const streamed =
    response !== null &&
    whole &&
    isStream(headers, x.response.count, response.decoded.bytes, begin.url);
  const clean = tools.redact({
    begin,
    request: request?.decoded.bytes ?? null,
    requestTrailers: x.requestEnd?.trailers ?? [],
    head,
    response: streamed ? null : (response?.decoded.bytes ?? null),
    chunks: streamed ? chunksOf(response) : null,
    framed: isBinaryFraming(headers),
    responseTrailers: x.responseEnd?.trailers ?? [],
    error: end === null ? INTERRUPTED : (end.error ?? (x.gap ? GAP : omittedError(omission))),
  });
  const layout = clean.request && layouts.layoutOf(clean.request);
  const understood = understandSafely(clean, tools, layout);
  const requestForm = stored(request, clean.request, null);
  const line = lineOf(x, clean, understood);
  noteOmitted(line, x, tools, omission);
  return {
    line,
    request: requestForm && { ...requestForm, layout },
    response: stored(response, clean.response, clean.chunks),
    assembled: clean.chunks && assembledOf(understood, clean),
  };
}

/**
 * The message that the stream adds up to, looked through once more: what binary frames wrap in
 * base64 can be read only here.
 */
export function assembledOf({ assembled }: Understood, clean: RedactedExchange): Buffer | null {
  return assembled === null ? null : clean.derived(Buffer.from(assembled), "response.assembled");
}

/** The error of an exchange whose daemon is gone. */
export const INTERRUPTED = {
  code: "interrupted",
  message: "the daemon ended before this exchange did; this is what had arrived",
} as const;
const GAP = {
  code: "record-incomplete",
  message: "the disk refused to take more; this is the part that was recorded",
} as const;

interface ReadBody {
  readonly wire: Buffer;
  readonly wireBytes: number;
  readonly decoded: Decoded;
  readonly marks: ChunkMarks;
}

async function readBody(
  extents: Extents,
  headers: HeaderPairs,
  tools: BuildTools,
  begin: Begin,
  withChunks: boolean,
): Promise<ReadBody | null> {
  if (extents.bytes === 0) return null;
  const wire = tools.bytes.read(extents, tools.bodyLimitBytes);
  const encodings = contentEncodings(headers);
  const marks = stepsOf(extents, encodings);
  const ends = withChunks && encodings.length > 0 ? marks.endsWithin(wire.length) : [];
  const decoded = await decodeBody(wire, encodings, tools.decodeLimitBytes, ends);
  if (decoded.error === null) return { wire, wireBytes: extents.bytes, decoded, marks };
  const bytes = await withoutHidden(wire, encodings, tools, begin);
  return { wire, wireBytes: extents.bytes, decoded: { ...decoded, bytes }, marks };
}

/**
 * A damaged body is stored as it came, unless a secret can be read in what of it decodes: in
 * compressed bytes nothing could be taken out, so then that readable beginning is stored instead.
 */
async function withoutHidden(
  wire: Buffer,
  encodings: readonly string[],
  tools: BuildTools,
  begin: Begin,
): Promise<Buffer> {
  const limit = Math.min(tools.decodeLimitBytes, LIMITS.hiddenSecretBytes);
  const prefix = await decodePrefix(wire, encodings, limit);
  if (prefix.length === 0) return wire;
  const none = { requestTrailers: [], responseTrailers: [], head: null, error: null };
  const body = { request: prefix, response: null, chunks: null, framed: false };
  return tools.redact({ ...none, ...body, begin }).request === prefix ? wire : prefix;
}

/** Each step of decoding takes some 20 µs, however small it is. */
function stepsOf(extents: Extents, encodings: readonly string[]): ChunkMarks {
  const marks = extents.marks();
  return encodings.length === 0 ? marks : marks.atMost(LIMITS.decodeStepsCount);
}

/** Chunks as they came; of a decoded stream, what each of them decoded to (empty ones left out). */
function chunksOf({ decoded, marks }: ReadBody): TimedBytes[] {
  const { bytes } = decoded;
  const wireEnds = marks.endsWithin(bytes.length);
  const ends = decoded.encoding !== null && decoded.error === null ? decoded.ends : wireEnds;
  const chunks: TimedBytes[] = [];
  let from = 0;
  for (const [i, end] of ends.entries()) {
    if (end > from) chunks.push([marks.at(i), bytes.subarray(from, end)]);
    from = Math.max(from, end);
  }
  return chunks;
}

function stored(
  read: ReadBody | null,
  bytes: Buffer | null,
  chunks: readonly TimedBytes[] | null,
): StoredForm | null {
  if (read === null) return null;
  const { wire, wireBytes, decoded } = read;
  const same = chunks === null ? bytes === wire : isSame(chunks, wire);
  return {
    bytes,
    chunks,
    encoding: decoded.encoding,
    decodeError: decoded.error,
    wire: same ? null : { bytes: wireBytes, sha256: hash("sha256", wire, "hex") },
    truncated: wireBytes > wire.length,
  };
}

/** What was decoded or redacted can be longer than the wire's bytes, so each end is checked first. */
function isSame(chunks: readonly TimedBytes[], wire: Buffer): boolean {
  let at = 0;
  for (const [, bytes] of chunks) {
    const end = at + bytes.length;
    if (end > wire.length || bytes.compare(wire, at, end) !== 0) return false;
    at = end;
  }
  return at === wire.length;
}

/** What it means; nothing where that cannot be found out. */
export function understandSafely(
  clean: RedactedExchange,
  tools: BuildTools,
  requestLayout: readonly Member[] | null = null,
): Understood {
  const { begin, request, head, response, chunks } = clean;
  let end = 0;
  const ends = chunks?.map(([ms, bytes]) => {
    end += bytes.length;
    return { ms, end };
  });
  try {
    return tools.understand({
      method: begin.method,
      // Whole, because what a model costs depends on who serves it.
      url: `${tools.upstreamUrl(begin.upstream)}${begin.url}`,
      started: new Date(begin.started),
      requestHeaders: begin.headers,
      requestBody: request,
      requestLayout,
      status: head?.status ?? null,
      responseHeaders: head?.headers ?? [],
      responseBody: chunks ? Buffer.concat(chunks.map(([, bytes]) => bytes)) : response,
      chunks: ends ?? null,
    });
  } catch {
    return { llm: null, assembled: null, session: null, firstTokenMs: null, notes: [] };
  }
}

/** The line without its bodies. */
export function lineOf(
  x: SpooledExchange,
  clean: RedactedExchange,
  understood: Understood,
): ExchangeLine {
  const { begin, head } = clean;
  const whole = x.end?.outcome === "client_aborted" && cameToItsEnd(clean);
  return {
    type: "exchange",
    id: begin.id,
    started: begin.started,
    upstream: begin.upstream,
    client: begin.client,
    session: begin.session ?? understood.session,
    labels: begin.labels,
    request: {
      method: begin.method,
      url: begin.url,
      http: begin.http,
      headers: begin.headers as [string, string][],
      ...trailers(clean.requestTrailers),
      body: null,
    },
    response: head && {
      status: head.status,
      http: head.http,
      headers: head.headers as [string, string][],
      ...trailers(clean.responseTrailers),
      body: null,
    },
    outcome: whole ? "complete" : (x.end?.outcome ?? "interrupted"),
    ...(clean.error === null || whole ? {} : { error: clean.error }),
    timing: summariseTiming(x.response.marks(), x.end, x.lastAt, understood.firstTokenMs),
    llm: understood.llm,
    redactions: clean.redactions,
    verbatim: x.end?.verbatim ?? false,
  };
}

/** A client that closes behind the terminal event has got all there was. */
function cameToItsEnd({ chunks, head }: RedactedExchange): boolean {
  if (chunks === null) return false;
  const body = Buffer.concat(chunks.map(([, bytes]) => bytes));
  return endsWithTerminalEvent(body, mediaType(head?.headers ?? []));
}

function trailers(pairs: HeaderPairs): { trailers?: [string, string][] } {
  return pairs.length === 0 ? {} : { trailers: pairs as [string, string][] };
}
