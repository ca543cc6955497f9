/** One exchange as readable lines: head, messages, tools, answer, timing. What `show` prints. */

import type { NormalMessage, Piece } from "../record/dialects/normal.ts";
import { normaliseRequest, normaliseResponse } from "../record/dialects/normalise.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import type { OpenExchange } from "./captures.ts";
import { printable } from "./printable.ts";

/** A body that no dialect reads is shown up to this many characters; `--raw` has the whole. */
const RAW_SHOWN_CHARS = 4000;

export function* describeExchange({
  exchange: x,
  reader,
  stream,
  day,
}: OpenExchange): Generator<string> {
  yield `${x.id}   ${stream.number} ${printable(stream.title ?? "")}   ${day}`;
  yield* head(x);
  const api = x.llm?.api;
  const sent = reader.requestBody(x);
  const request = api ? normaliseRequest(api, parsed(sent), x.request.url) : null;
  if (request && request.messages.length > 0) {
    yield "";
    yield "── request ──";
    for (const message of request.messages) yield* describeMessage(message);
    if (request.tools.length > 0) {
      yield "";
      yield `tools offered (${request.tools.length}): ${request.tools.map(({ name }) => printable(name)).join(", ")}`;
    } else {
      yield "";
      yield "tools offered: none";
    }
    const parameters = Object.entries(request.parameters);
    if (parameters.length > 0) {
      yield `parameters: ${parameters.map(([key, value]) => `${key}=${printable(JSON.stringify(value))}`).join(" ")}`;
    }
  } else if (sent && sent.length > 0) {
    yield* raw("request body", sent);
  }
  const answer = reader.assembled(x);
  const received = answer === null ? reader.responseBody(x) : Buffer.from(answer);
  const messages = api ? normaliseResponse(api, parsed(received)) : [];
  if (messages.length > 0) {
    yield "";
    yield "── response ──";
    for (const message of messages) yield* describeMessage(message);
  } else if (received && received.length > 0) {
    yield* raw("response body", received);
  }
}

function* head(x: ExchangeLine): Generator<string> {
  const { request, response, llm, timing } = x;
  yield `${x.started}   ${request.method} ${printable(request.url)} → ${x.upstream ?? "no upstream"}`;
  const error = x.error ? `: ${printable(x.error.message)} (${x.error.code})` : "";
  yield `${response ? `status ${response.status}` : "no answer"}, ${x.outcome}${error}`;
  yield `client ${x.client.name ?? "unknown"}${x.client.agent ? ` (${printable(x.client.agent)})` : ""}${x.session ? `, session ${printable(x.session)}` : ""}`;
  if (llm) {
    const served =
      llm.served_model && llm.served_model !== llm.model ? `, served ${llm.served_model}` : "";
    const by = llm.served_by ? ` by ${llm.served_by}` : "";
    yield `${llm.api}: model ${printable(`${llm.model ?? "?"}${served}${by}`)}, finish ${llm.finish_reasons.join(", ") || "—"}`;
    if (llm.error) yield `error: ${printable(llm.error)}`;
    const usage = llm.usage;
    if (usage) {
      const cost = llm.cost_usd === null ? "" : `, $${llm.cost_usd} (${llm.price_source})`;
      yield `tokens in ${usage.input_tokens ?? "?"} (cached ${usage.cache_read_input_tokens ?? 0}), out ${usage.output_tokens ?? "?"} (reasoning ${usage.reasoning_output_tokens ?? 0})${cost}`;
    }
    for (const note of llm.notes ?? []) yield `note: ${printable(note)}`;
  }
  const times = [
    ["headers", timing.headers_ms],
    ["first chunk", timing.first_chunk_ms],
    ["first token", timing.first_token_ms],
    ["total", timing.total_ms],
  ] as const;
  yield times
    .filter(([, ms]) => typeof ms === "number")
    .map(([name, ms]) => `${name} ${Math.round(ms ?? 0)} ms`)
    .join(", ");
  if (x.redactions.length > 0) {
    yield `redacted: ${x.redactions.map(({ rule, where, count }) => `${count}× ${rule} in ${where}`).join(", ")}`;
  }
}

function* describeMessage({ role, pieces }: NormalMessage): Generator<string> {
  yield "";
  yield `[${role}]`;
  for (const piece of pieces) yield* describePiece(piece);
}

function* describePiece(piece: Piece): Generator<string> {
  switch (piece.kind) {
    case "text":
      return yield printable(piece.text);
    case "reasoning":
      return yield piece.encrypted
        ? "(reasoning, encrypted)"
        : `(reasoning) ${printable(piece.text)}`;
    case "tool_call":
      return yield `→ ${printable(piece.name)}(${printable(piece.arguments)})`;
    case "tool_result":
      return yield `← ${piece.error ? "error: " : ""}${printable(piece.text)}`;
    case "unknown":
      return yield `(${printable(piece.type)}) ${printable(piece.json)}`;
    default:
      return yield `(${piece.kind}, ${piece.media ?? "unknown type"}, ${piece.bytes === null ? printable(piece.ref ?? "") : `${piece.bytes} bytes`})`;
  }
}

function* raw(what: string, bytes: Buffer): Generator<string> {
  const text = bytes.toString("utf8");
  yield "";
  yield `── ${what} (${bytes.length} bytes) ──`;
  yield printable(text.slice(0, RAW_SHOWN_CHARS));
  if (text.length > RAW_SHOWN_CHARS)
    yield `… ${text.length - RAW_SHOWN_CHARS} more characters, see --raw`;
}

function parsed(bytes: Buffer | null): unknown {
  try {
    return bytes === null ? null : JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}
