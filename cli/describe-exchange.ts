/**
 * One exchange as readable lines: head, findings, what changed since the turn before, messages,
 * tools, answer. What `show` prints. Lines are as long as what they say: wrapping is the terminal's.
 */
import type { ExchangeView } from "../record/conversation/view.ts";
import type { NormalMessage, Piece } from "../record/dialects/normal.ts";
import type { RequestDiff } from "../record/diff/model.ts";
import { CodedError } from "../record/errors.ts";
import type { Finding } from "../record/findings/model.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import type { OpenExchange } from "./captures.ts";
import { incomplete, summariseDiff } from "./describe-diff.ts";
import { describeFinding } from "./describe-finding.ts";
import { inLine, oneLine, printable } from "./printable.ts";

/** A captured value inside a line: it must not begin a line of its own. */
const field = (text: string): string => oneLine(text, FIELD_CHARS);
const FIELD_CHARS = 400;

/** A body that no dialect reads is shown up to this many bytes; `--raw` has the whole. */
const RAW_SHOWN_BYTES = 4000;

/** What the conversation of an exchange says about it. */
export interface Surroundings {
  readonly findings: readonly Finding[];
  /** The turn that it follows and what differs; null where it follows none. */
  readonly before: { readonly id: string; readonly diff: RequestDiff } | null;
  /** Why nothing of this is known; null where it is. */
  readonly problem: string | null;
}

export function* describeExchange(
  { exchange: x, reader, stream, day }: OpenExchange,
  { request, answer, missing }: ExchangeView,
  around: Surroundings,
): Generator<string> {
  yield `${x.id}   ${stream.number} ${field(stream.title ?? "")}   ${day}`;
  yield* head(x);
  yield* surroundings(x.id, around);
  if (request.messages.length > 0) {
    yield "";
    yield "── request ──";
    if (missing !== undefined) yield incomplete(missing);
    for (const message of request.messages) yield* describeMessage(message);
    const names = request.tools.map(({ name }) => printable(name)).join(", ");
    yield "";
    yield names === ""
      ? "tools offered: none"
      : `tools offered (${request.tools.length}): ${names}`;
    const parameters = Object.entries(request.parameters);
    if (parameters.length > 0) {
      yield `parameters: ${parameters.map(([key, value]) => printable(`${key}=${JSON.stringify(value)}`)).join(" ")}`;
    }
  } else yield* raw("request body", () => reader.requestBody(x));
  if (answer.length > 0) {
    yield "";
    yield "── response ──";
    for (const message of answer) yield* describeMessage(message);
  } else {
    yield* raw("response body", () => {
      const assembled = reader.assembled(x);
      return assembled === null ? reader.responseBody(x) : Buffer.from(assembled);
    });
  }
}

function* surroundings(id: string, { findings, before, problem }: Surroundings): Generator<string> {
  if (problem !== null) yield `its conversation could not be read: ${printable(problem)}`;
  if (findings.length > 0) {
    yield "";
    yield "── findings ──";
    for (const finding of findings) yield* describeFinding(finding);
  }
  if (before === null) return;
  yield "";
  yield `── since the turn before, ${before.id} ──`;
  yield* summariseDiff(before.diff);
  yield `all of it: callnumber diff ${id}`;
}

function* head(x: ExchangeLine): Generator<string> {
  const { request, response, llm, timing } = x;
  yield `${x.started}   ${field(request.method)} ${field(request.url)} → ${field(x.upstream ?? "no upstream")}`;
  const error = x.error ? `: ${field(x.error.message)} (${field(x.error.code)})` : "";
  yield `${response ? `status ${response.status}` : "no answer"}, ${x.outcome}${error}`;
  yield `client ${field(x.client.name ?? "unknown")}${x.client.agent ? ` (${field(x.client.agent)})` : ""}${x.session ? `, session ${field(x.session)}` : ""}`;
  if (llm) {
    const served =
      llm.served_model && llm.served_model !== llm.model ? `, served ${llm.served_model}` : "";
    const by = llm.served_by ? ` by ${llm.served_by}` : "";
    yield `${field(llm.api)}: model ${field(`${llm.model ?? "?"}${served}${by}`)}, finish ${field(llm.finish_reasons.join(", ")) || "—"}`;
    if (llm.error) yield `error: ${field(llm.error)}`;
    const usage = llm.usage;
    if (usage) {
      const cost =
        llm.cost_usd === null ? "" : `, $${llm.cost_usd} (${field(llm.price_source ?? "")})`;
      yield `tokens in ${usage.input_tokens ?? "?"} (cached ${usage.cache_read_input_tokens ?? 0}), out ${usage.output_tokens ?? "?"} (reasoning ${usage.reasoning_output_tokens ?? 0})${cost}`;
    }
    for (const note of llm.notes ?? []) yield `note: ${field(note)}`;
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
  const redacted = x.redactions.map(({ rule, where, count }) => `${count}× ${rule} in ${where}`);
  if (redacted.length > 0) yield `redacted: ${field(redacted.join(", "))}`;
}

function* describeMessage({ role, pieces }: NormalMessage): Generator<string> {
  yield "";
  yield `[${field(role)}]`;
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
      return yield `(${piece.kind}, ${field(piece.media ?? "unknown type")}, ${piece.bytes === null ? printable(piece.ref ?? "") : `${piece.bytes} bytes`})`;
  }
}

function* raw(what: string, read: () => Buffer | null): Generator<string> {
  let bytes: Buffer | null;
  try {
    bytes = read();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    yield "";
    yield `── ${what}: damaged ──`;
    return yield inLine(error.message);
  }
  if (bytes === null || bytes.length === 0) return;
  const text = bytes.toString("utf8", 0, RAW_SHOWN_BYTES);
  yield "";
  yield `── ${what} (${bytes.length} bytes) ──`;
  yield printable(text);
  if (bytes.length > RAW_SHOWN_BYTES)
    yield `… ${bytes.length - RAW_SHOWN_BYTES} more bytes, see --raw`;
}
