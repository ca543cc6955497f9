/**
 * Redacts capture files that are already written, as the filer would have done: the same pieces of
 * each exchange by the same rules, with the fingerprints of the same state key.
 *
 * Invariants: bodies, streams and assembled messages are redacted as wholes and carved again, so
 * every digest is that of what is stored, and `wire` keeps that of what crossed the wire; exchanges
 * without a secret are copied as they are. A file is replaced whole and verified, or not at all.
 * The live credentials of an exchange are not known any more: only rules and names find anything.
 */
import type { CaptureWriter } from "../../record/bodies/capture-writer.ts";
import type { Body, ExchangeLine, Redaction } from "../../record/format/schema.ts";
import { copyExchange, rewriteCapture } from "../../record/johnny-decimal/rewrite-capture.ts";
import type { CaptureFile } from "../../record/reader/capture-file.ts";
import type { Redact, Redactable, RedactedExchange } from "./redact.ts";
import { isBinaryFraming } from "./streams.ts";

/** What is to be replaced in an exchange, by rule and place. */
export type Replaced = ReadonlyMap<string, readonly Redaction[]>;

/** By exchange, what a redaction would replace; exchanges without are left out. */
export function replacedIn(source: CaptureFile, redact: Redact): Replaced {
  const found = new Map<string, Redaction[]>();
  for (const exchange of source.exchanges()) {
    const { redactions } = cleanOf(source, exchange, redact).pieces;
    if (redactions.length > 0) found.set(exchange.id, redactions);
  }
  return found;
}

/** Writes the file anew without what `replacedIn` has found. Throws as rewriteCapture does. */
export function redactFile(source: CaptureFile, replaced: Replaced, redact: Redact): void {
  rewriteCapture(source, new Set(source.ids), source.path, true, (from, exchange, capture) => {
    if (replaced.has(exchange.id)) copyClean(from, exchange, capture, redact);
    else copyExchange(from, exchange, capture);
  });
}

interface Clean {
  readonly before: Redactable;
  readonly pieces: RedactedExchange;
  readonly assembled: Buffer | null;
  readonly llm: ExchangeLine["llm"];
}

function cleanOf(source: CaptureFile, exchange: ExchangeLine, redact: Redact): Clean {
  const before = redactableOf(source, exchange);
  const pieces = redact(before);
  const assembled = source.assembled(exchange);
  const { llm } = exchange;
  return {
    before,
    pieces,
    assembled:
      assembled === null ? null : pieces.derived(Buffer.from(assembled), "response.assembled"),
    llm: llm && JSON.parse(pieces.derived(Buffer.from(JSON.stringify(llm)), "llm").toString()),
  };
}

function redactableOf(source: CaptureFile, exchange: ExchangeLine): Redactable {
  const { id, started, upstream, client, session, labels, request, response, error } = exchange;
  const { method, url, http, headers } = request;
  const chunks = source.chunks(exchange);
  return {
    begin: {
      ...{ id, started, upstream, client, session, labels, method, url, http, headers },
      number: null,
      sealed: null,
    },
    request: source.requestBody(exchange),
    requestTrailers: request.trailers ?? [],
    head: response && {
      status: response.status,
      reason: "",
      http: response.http ?? "",
      headers: response.headers,
    },
    response: chunks === null ? source.responseBody(exchange) : null,
    chunks,
    framed: isBinaryFraming(response?.headers ?? []),
    responseTrailers: response?.trailers ?? [],
    error: error ?? null,
  };
}

function copyClean(
  source: CaptureFile,
  exchange: ExchangeLine,
  capture: CaptureWriter,
  redact: Redact,
): void {
  const { before, pieces, assembled, llm } = cleanOf(source, exchange, redact);
  const { begin, request, head, response, chunks, error, redactions } = pieces;
  const draft = capture.draft();
  const line = structuredClone(exchange);
  const { method, url, labels, session, client } = begin;
  Object.assign(line, { labels, session, client, llm });
  Object.assign(line.request, { method, url, headers: begin.headers });
  if (line.request.trailers) line.request.trailers = [...pieces.requestTrailers] as Pairs;
  if (error) line.error = { ...exchange.error, ...error };
  if (line.request.body && request !== null) {
    const isSame = request === before.request;
    line.request.body = storedAs(line.request.body, draft.request(request), isSame);
  }
  if (line.response !== null && head !== null) {
    line.response.headers = [...head.headers] as Pairs;
    if (line.response.trailers) line.response.trailers = [...pieces.responseTrailers] as Pairs;
    if (line.response.body && (chunks ?? response) !== null) {
      const isSame = chunks === before.chunks && response === before.response;
      const form = chunks === null ? draft.body(response!) : draft.stream(chunks);
      line.response.body = storedAs(line.response.body, form, isSame);
    }
    if (assembled !== null) line.response.assembled = draft.part(assembled, true);
  }
  line.redactions = summed([...exchange.redactions, ...redactions]);
  capture.write(draft, line);
}

type Pairs = [string, string][];

/** The body with another form of storage; `wire` says what crossed the wire where that differs. */
function storedAs(body: Body, form: Body, isSame: boolean): Body {
  const { parts: _parts, chunks: _chunks, bytes, sha256, ...rest } = body;
  const wire = body.wire ?? (isSame ? undefined : { bytes, sha256 });
  return { ...form, ...rest, ...(wire && { wire }) };
}

/** One entry a rule and place. */
function summed(redactions: readonly Redaction[]): Redaction[] {
  const sums = new Map<string, Redaction>();
  for (const one of redactions) {
    const key = `${one.rule} ${one.where}`;
    const known = sums.get(key);
    sums.set(key, known ? { ...known, count: known.count + one.count } : one);
  }
  return [...sums.values()];
}
