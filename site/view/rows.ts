/**
 * One exchange as a line of a list: the figures every list shows, taken from the exchange line
 * alone, without its bodies. Rows are plain data: they are kept in the day digests of the state
 * folder, and pages, search and `/diff/` are made of them.
 */
import { compareModels } from "../../record/findings/model-names.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";

export interface Row {
  readonly id: string;
  readonly started: string;
  readonly client: string | null;
  readonly upstream: string | null;
  readonly operation: string | null;
  readonly model: string | null;
  /** Only where the provider named another model than the one asked for. */
  readonly served: string | null;
  readonly servedBy: string | null;
  readonly status: number | null;
  readonly outcome: string;
  /** Complete, no error status, no provider error in disguise. */
  readonly ok: boolean;
  readonly input: number | null;
  readonly cached: number | null;
  readonly output: number | null;
  readonly cost: number | null;
  readonly ttft_ms: number | null;
  readonly total_ms: number | null;
  /** First words of what is new in the exchange. */
  readonly words: string;
  /** Where it is shown: conversation id and the page of it. */
  readonly conversation: string;
  readonly page: number;
  /** Place among the exchanges of its day, from 0: says which chunk holds it. */
  readonly position: number;
  readonly tool_calls: readonly string[];
  /** `name: value` of the labels that a header or a rule gave the call. */
  readonly labels: readonly string[];
  /** True where its conversation is not shown: see held.ts. */
  readonly held?: true;
}

/** `words`, `conversation` and `page` come from the threading, everything else from the line. */
export function rowOf(
  x: ExchangeLine,
  place: { words: string; conversation: string; page: number; position: number },
): Row {
  const { llm, timing } = x;
  const usage = llm?.usage ?? null;
  return {
    id: x.id,
    started: x.started,
    client: x.client.name,
    upstream: x.upstream,
    operation: llm?.operation ?? null,
    model: llm?.model ?? null,
    served: differs(llm?.model, llm?.served_model) ? (llm?.served_model ?? null) : null,
    servedBy: llm?.served_by ?? null,
    status: x.response?.status ?? null,
    outcome: x.outcome,
    ok: isOk(x),
    input: usage?.input_tokens ?? null,
    cached: usage?.cache_read_input_tokens ?? null,
    output: usage?.output_tokens ?? null,
    cost: llm?.cost_usd ?? null,
    // The first byte of an error is no token.
    ttft_ms: timing.first_token_ms ?? (isOk(x) ? timing.first_chunk_ms : null) ?? null,
    total_ms: timing.total_ms ?? null,
    words: place.words,
    conversation: place.conversation,
    page: place.page,
    position: place.position,
    tool_calls: llm?.tool_calls ?? [],
    labels: Object.entries(x.labels).map(([name, value]) => `${name}: ${value}`),
  };
}

/** True where the client got what it asked for. */
export function isOk(x: ExchangeLine): boolean {
  const status = x.response?.status ?? 0;
  return x.outcome === "complete" && status > 0 && status < 400 && !x.llm?.error;
}

/** True where the served model is another one than was asked for, not merely spelled in full. */
export function differs(
  asked: string | null | undefined,
  served: string | null | undefined,
): boolean {
  return Boolean(asked && served) && compareModels(asked!, served!) === "other";
}
