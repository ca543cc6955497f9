/**
 * What an exchange means: the one entry for the filer. Takes the bytes of one exchange, gives the
 * `llm` member of its line, the assembled message of a stream, the body's session id and the time of
 * the first token.
 *
 * What always holds: pure (no clock, no file, no socket), linear in the bytes, never throws: what
 * cannot be understood is named in `notes`, and the bytes are kept by others anyway.
 */

import type { Llm } from "../format/schema.ts";
import { isPaid, priceOf } from "../prices/price.ts";
import type { Dialect, Facts } from "./dialect.ts";
import { NO_FACTS } from "./dialect.ts";
import { failureIn, failureOf } from "./failure.ts";
import { type Framed, frame, utf8 } from "./framing.ts";
import { get, isObject, parseJson, toJson } from "./json.ts";
import { parseLaidOut } from "./laid-out-json.ts";
import { countLeftOut } from "./merge.ts";
import { readForm } from "./multipart.ts";
import type { HeaderPairs, Understood, WireExchange } from "./normal.ts";
import { pathOf, recognise } from "./registry.ts";
import { sessionInBody } from "./session.ts";
import { normaliseUsage } from "./usage.ts";

/** Reads one exchange. Never throws. */
export function understand(exchange: WireExchange): Understood {
  try {
    return read(exchange);
  } catch (error) {
    const why = `not understood: ${(error as Error).message}`;
    return { llm: null, assembled: null, session: null, firstTokenMs: null, notes: [why] };
  }
}

function read(x: WireExchange): Understood {
  const notes: string[] = [];
  const request = readRequest(x, notes);
  const ends = (x.chunks ?? []).map((chunk) => chunk.end);
  const contentType = header(x.responseHeaders, "content-type");
  const framed = frame(x.responseBody ?? new Uint8Array(0), contentType, ends);
  notes.push(...framed.notes);
  const answer = framed.framing === "json" ? framed.json : framed.events[0]?.data;
  const known = recognise(x.method, pathOf(x.url), request, answer);
  const session = sessionInBody(request);
  if (known === null) return { llm: null, assembled: null, session, firstTokenMs: null, notes };

  const { dialect, operation } = known;
  const streamed = framed.framing !== "json" && framed.framing !== "other";
  const told = streamed ? assemble(dialect, request, framed, notes) : plain(framed);
  const error = told.error ?? failureOf(x.status, framed.json, () => utf8(x.responseBody ?? NONE));
  const facts = factsOf(dialect, told.body, x.responseHeaders);
  const tools = guard(notes, [], () => dialect.tools(request));
  const calls = guard(notes, [], () => toolCalls(dialect, told.body));
  const model = dialect.model(request, pathOf(x.url));
  const price = isPaid(operation)
    ? priceOf({
        url: x.url,
        model,
        facts,
        response: told.body,
        headers: x.responseHeaders,
        started: x.started,
      })
    : null;
  const llm: Llm = {
    api: dialect.name,
    operation,
    model,
    served_model: facts.servedModel,
    served_by: facts.servedBy,
    stream: streamed || (framed.framing === "other" && get(request, "stream") === true),
    finish_reasons: facts.finishReasons,
    usage: normaliseUsage(facts.usage),
    cost_usd: price?.usd ?? null,
    price_source: price?.source ?? null,
    tools_offered: tools.map((tool) => tool.name),
    tool_calls: calls,
    ...(error === null ? {} : { error }),
    ...(notes.length === 0 ? {} : { notes }),
  };
  const assembled = streamed && told.body !== undefined ? toJson(told.body) : null;
  const firstTokenMs = told.firstChunk === null ? null : (x.chunks?.[told.firstChunk]?.ms ?? null);
  return { llm, assembled, session, firstTokenMs, notes };
}

const NONE = new Uint8Array(0);

function header(headers: HeaderPairs, name: string): string | null {
  for (const [key, value] of headers) {
    if (key.length === name.length && key.toLowerCase() === name) return value;
  }
  return null;
}

function readRequest(x: WireExchange, notes: string[]): unknown {
  if (x.requestBody === null || x.requestBody.length === 0) return undefined;
  const type = header(x.requestHeaders, "content-type");
  const form = readForm(x.requestBody, type);
  if (form !== undefined) return form;
  if (type !== null && /^(?:image|audio|video|multipart)\/|octet-stream/i.test(type))
    return undefined;
  const { requestBody, requestLayout } = x;
  const parsed = requestLayout
    ? parseLaidOut(bytesOf(requestBody), requestLayout)
    : parseJson(utf8(requestBody));
  if (!parsed.ok) notes.push(`request body ${parsed.why}`);
  return parsed.ok ? parsed.value : undefined;
}

function bytesOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

interface Told {
  readonly body: unknown;
  readonly error: string | null;
  /** Index of the chunk that brought the first content. */
  readonly firstChunk: number | null;
}

function plain(framed: Framed): Told {
  return { body: framed.json, error: failureIn(framed.json), firstChunk: null };
}

function assemble(dialect: Dialect, request: unknown, framed: Framed, notes: string[]): Told {
  const assembler = dialect.assembler?.(request);
  const before = countLeftOut();
  let firstChunk: number | null = null;
  let error: string | null = null;
  for (const event of framed.events) {
    error ??= failureIn(event.data);
    if (assembler?.add(event) && firstChunk === null) firstChunk = event.chunk;
  }
  const body = assembler?.result();
  if (countLeftOut() > before) notes.push(CROWDED);
  if (assembler === undefined) notes.push(`${dialect.name} is not known to stream`);
  else if (!assembler.ended && error === null) notes.push("the stream stops before its end");
  return { body, error, firstChunk };
}

const CROWDED =
  "more members, choices, parts or calls than any API sends: not all are in the message";

/** Bedrock counts the tokens of models that do not count themselves, in headers. */
function factsOf(dialect: Dialect, body: unknown, headers: HeaderPairs): Facts {
  const facts = body === undefined ? NO_FACTS : dialect.facts(body);
  const input = header(headers, "x-amzn-bedrock-input-token-count");
  if (isObject(facts.usage) || input === null) return facts;
  const output = header(headers, "x-amzn-bedrock-output-token-count");
  const usage = {
    inputTokenCount: Number(input),
    outputTokenCount: output === null ? null : Number(output),
  };
  return { ...facts, usage };
}

function toolCalls(dialect: Dialect, body: unknown): string[] {
  const names: string[] = [];
  for (const { pieces } of dialect.response(body)) {
    for (const piece of pieces) if (piece.kind === "tool_call") names.push(piece.name);
  }
  return names;
}

/** One part of the understanding failing leaves the others standing. */
function guard<T>(notes: string[], otherwise: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    notes.push(`not understood: ${(error as Error).message}`);
    return otherwise;
  }
}
