/**
 * Makes exchanges for tests from request bodies: an exchange line without stored bodies, and the
 * view that a reader would give of it.
 */
import type { ExchangeView } from "../../../../record/conversation/view.ts";
import { normaliseRequest, normaliseResponse } from "../../../../record/dialects/normalise.ts";
import type { ExchangeLine, Llm } from "../../../../record/format/schema.ts";

export interface Made {
  api?: string;
  /** Parsed request body. */
  body: Record<string, unknown>;
  /** Parsed response body; absent: no answer was recorded though the call succeeded. */
  answer?: unknown;
  session?: string;
  client?: string | null;
  /** Seconds since the first exchange. */
  at?: number;
  status?: number;
  llm?: Partial<Llm>;
  line?: Partial<ExchangeLine>;
}

let count = 0;

/** Ids rise with every call, as ULIDs do. */
export function madeExchange(made: Made): ExchangeView {
  const n = count++;
  const api = made.api ?? "openai.chat";
  const request = normaliseRequest(api, made.body, "/v1/chat/completions");
  const answer = made.answer === undefined ? [] : normaliseResponse(api, made.answer);
  const calls = answer.flatMap(({ pieces }) => pieces.filter(({ kind }) => kind === "tool_call"));
  const llm: Llm = {
    api,
    operation: "chat",
    model: request.model,
    served_model: null,
    served_by: null,
    stream: false,
    finish_reasons: [],
    usage: null,
    cost_usd: null,
    price_source: null,
    tools_offered: request.tools.map(({ name }) => name),
    tool_calls: calls.map((call) => (call.kind === "tool_call" ? call.name : "")),
    ...made.llm,
  };
  const text = JSON.stringify(made.body);
  const line: ExchangeLine = {
    type: "exchange",
    id: `01KAQ${String(n).padStart(21, "0")}`,
    started: new Date(Date.UTC(2026, 10, 23) + (made.at ?? n) * 1000).toISOString(),
    upstream: "sample",
    client: { name: made.client ?? null, agent: null, address: null },
    session: made.session ?? null,
    labels: {},
    request: {
      method: "POST",
      url: "/v1/chat/completions",
      http: "1.1",
      headers: [],
      body: { bytes: text.length, sha256: text, parts: [text] },
    },
    response: { status: made.status ?? 200, headers: [], body: null },
    outcome: "complete",
    timing: { total_ms: 900 },
    llm,
    redactions: [],
    verbatim: true,
    ...made.line,
  };
  const id = (made.answer as { id?: unknown } | undefined)?.id;
  return { line, request, answer, responseId: typeof id === "string" ? id : null };
}

/** A Chat Completions answer. */
export function chatAnswer(text: string, calls: { name: string; arguments: object }[] = []) {
  return {
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text,
          ...(calls.length > 0
            ? {
                tool_calls: calls.map((call, i) => ({
                  id: `call_${i}`,
                  type: "function",
                  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
                })),
              }
            : {}),
        },
        finish_reason: "stop",
      },
    ],
  };
}
