/**
 * The seam between the filer and record/secrets: which pieces of an exchange are looked through,
 * and with which live credentials.
 *
 * Invariants: nothing goes on to the tree that has not been through here; the credentials of
 * the request are opened only here and only in the filer's memory; what passes its deadline, or
 * whose sealed credentials cannot be opened, throws and is kept out of the tree.
 */
import { resealAwsMessages } from "../../record/dialects/aws-event-stream.ts";
import type { Redaction } from "../../record/format/schema.ts";
import { decodePercents, spansOfMembers } from "../../record/secrets/credential-spans.ts";
import { createRedactor, type Hit, type Redactor } from "../../record/secrets/redactor.ts";
import type { Config } from "../config/types.ts";
import type { Begin, HeaderPairs, ResponseHead } from "../frames.ts";
import { loadStateKey, type StateKey } from "../state-key.ts";
import { mediaType } from "./streams.ts";

/** Milliseconds since the exchange began, and bytes; the third names a WebSocket client's frame. */
export type TimedBytes = readonly [ms: number, bytes: Buffer, from?: "client"];

/** All pieces of an exchange that can hold a secret. */
export interface Redactable {
  readonly begin: Begin;
  readonly request: Buffer | null;
  readonly requestTrailers: HeaderPairs;
  readonly head: ResponseHead | null;
  /** One of the two, or neither. */
  readonly response: Buffer | null;
  readonly chunks: readonly TimedBytes[] | null;
  /** Binary framing with lengths in it: replacements must keep theirs. */
  readonly framed: boolean;
  readonly responseTrailers: HeaderPairs;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RedactedExchange extends Redactable {
  readonly redactions: Redaction[];
  /** Redacts what was derived from the pieces afterwards; its hits join `redactions`. */
  readonly derived: (bytes: Buffer, where: string) => Buffer;
}

export type Redact = (exchange: Redactable) => RedactedExchange;

/**
 * Makes the redaction for a configuration; some tens of milliseconds, once. What `keep` is true of
 * stays.
 */
export function createRedaction(
  config: Pick<Config, "state" | "redact">,
  keep?: (secret: string) => boolean,
): Redact {
  const key = loadStateKey(config.state);
  const { rules, headers, pii, identifiers } = config.redact;
  const { fingerprint, pseudonym } = key;
  const base = createRedactor({
    ...{ rules, headers, pii, identifiers, fingerprint, pseudonym },
    ...(keep && { keep }),
  });
  return (exchange) => {
    const { sealed } = exchange.begin;
    const live = [...(sealed === null ? [] : unseal(key, sealed)), ...formSecrets(exchange)];
    return redactWith(live.length === 0 ? base : base.withLive(live), exchange);
  };
}

/** The live credentials of an exchange cannot be had, so it cannot be made safe to file. */
export class UnsealError extends Error {
  override readonly name = "UnsealError";
}

function unseal(key: StateKey, sealed: string): string[] {
  try {
    return key.open(sealed);
  } catch (cause) {
    throw new UnsealError("its credentials were sealed with another state key", { cause });
  }
}

const isForm = (headers: HeaderPairs): boolean =>
  mediaType(headers) === "application/x-www-form-urlencoded";

/** What a form asks for a token with comes back in errors like any other credential. */
function formSecrets({ begin, request }: Redactable): string[] {
  if (request === null || !isForm(begin.headers)) return [];
  const text = request.toString("latin1");
  return spansOfMembers(text).map(({ start, end }) => decodePercents(text.slice(start, end)));
}

function redactWith(redactor: Redactor, x: Redactable): RedactedExchange {
  const redactions: Redaction[] = [];
  const note = <T>({ value, hits }: { value: T; hits: readonly Hit[] }): T => {
    redactions.push(...hits.map((hit) => ({ ...hit })));
    return value;
  };
  const text = (value: string, where: string): string => note(redactor.redactText(value, where));
  const { begin } = x;
  const headers = note(redactor.redactHeaders(begin.headers, "request.headers"));
  /** What was taken out of a header is masked as that header is. */
  const field = (name: string, value: string, where: string): string =>
    note(redactor.redactHeaders([[name, value]], where))[0]?.[1] ?? "";
  const labels = Object.entries(begin.labels).map(([k, v]) => [
    text(k, "labels"),
    field(`x-callnumber-${k}`, v, "labels"),
  ]);
  const { agent, ...client } = begin.client;
  const kind = isForm(begin.headers) ? "form" : "bytes";
  const request = x.request && note(redactor.redactBody(x.request, kind, "request.body"));
  return {
    begin: {
      ...begin,
      method: text(begin.method, "request.method"),
      headers,
      url: note(redactor.redactUrl(begin.url, "request.url")),
      labels: Object.fromEntries(labels),
      session:
        begin.session &&
        (sessionAsIn(headers, begin) ?? field("x-session-id", begin.session, "session")),
      client: { ...client, agent: agent && field("user-agent", agent, "client") },
      sealed: null,
    },
    request,
    requestTrailers: note(redactor.redactHeaders(x.requestTrailers, "request.trailers")),
    head: x.head && {
      ...x.head,
      headers: note(redactor.redactHeaders(x.head.headers, "response.headers")),
    },
    response: x.response && redactPlain(redactor, x, x.response, note),
    chunks: x.chunks && redactStream(redactor, x.chunks, x.framed, note),
    framed: x.framed,
    responseTrailers: note(redactor.redactHeaders(x.responseTrailers, "response.trailers")),
    error: x.error && { ...x.error, message: text(x.error.message, "error") },
    redactions,
    derived: (bytes, where) => note(redactor.redactPart(bytes, where)),
  };
}

type Note = <T>(result: { value: T; hits: readonly Hit[] }) => T;

function redactPlain(redactor: Redactor, x: Redactable, bytes: Buffer, note: Note): Buffer {
  const { framed } = x;
  const kind = framed ? "frames" : isForm(x.head?.headers ?? []) ? "form" : "bytes";
  const clean = note(redactor.redactBody(bytes, kind, "response.body"));
  return framed && clean !== bytes ? (reseal([[0, bytes]], [[0, clean]])[0]?.[1] ?? clean) : clean;
}

function redactStream(
  redactor: Redactor,
  chunks: readonly TimedBytes[],
  framed: boolean,
  note: Note,
): readonly TimedBytes[] {
  const plain = chunks.map(([ms, bytes]) => [ms, bytes] as const);
  const clean = note(redactor.redactChunks(plain, "response.body", framed ? "frames" : "bytes"));
  if (clean === plain) return chunks;
  const sealed = framed ? reseal(plain, clean) : clean;
  return sealed.map(([ms, bytes], i) => withSender(ms, bytes, chunks[i]?.[2]));
}

type Chunks = readonly (readonly [number, Buffer])[];

/** Readers leave frames out whose checksum is wrong, and with them the text around a secret. */
function reseal(before: Chunks, after: Chunks): Chunks {
  const whole = Buffer.concat(after.map(([, bytes]) => bytes));
  resealAwsMessages(Buffer.concat(before.map(([, bytes]) => bytes)), whole);
  let at = 0;
  return after.map(([ms, bytes]) => {
    at += bytes.length;
    return [ms, whole.subarray(at - bytes.length, at)] as const;
  });
}

function withSender(ms: number, bytes: Buffer, sender: "client" | undefined): TimedBytes {
  return sender === undefined ? [ms, bytes] : [ms, bytes, sender];
}

/** A session id becomes what the header in which it came is now; null where no header is like it. */
function sessionAsIn(headers: HeaderPairs, begin: Begin): string | null {
  const at = begin.headers.findIndex(([, value]) => value === begin.session);
  return headers[at]?.[1] ?? null;
}
