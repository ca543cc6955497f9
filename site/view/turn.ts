/**
 * One turn as its conversation's page shows it, from the two exchanges and their difference.
 * Pure: record in, view out.
 */
import type { Step } from "../../record/conversation/model.ts";
import { asCurl, daemonBase } from "../../record/curl.ts";
import type { NormalMessage, NormalTool } from "../../record/dialects/normal.ts";
import type { MessageChange, RequestDiff, Words } from "../../record/diff/model.ts";
import type { ExchangeLine } from "../../record/format/schema.ts";
import { messageAnchor } from "./anchors.ts";
import type {
  DetailView,
  RewriteView,
  ToolsView,
  TurnFinding,
  TurnKind,
  TurnView,
} from "./conversation.ts";
import { type MessageView, messageView, type TextLimits, toolView } from "./messages.ts";
import type { Row } from "./rows.ts";

/** An exchange as this view needs it. */
export interface TurnSource {
  readonly line: ExchangeLine;
  readonly request: {
    readonly messages: readonly NormalMessage[];
    readonly tools: readonly NormalTool[];
    readonly parameters: Readonly<Record<string, unknown>>;
  };
  readonly answer: readonly NormalMessage[];
  readonly missing?: string;
}

export interface TurnPlace {
  readonly n: number;
  readonly step: Step;
  readonly lane: number;
  /** Number of the turn that it follows. */
  readonly parent: number | null;
  readonly row: Row;
  readonly findings: readonly TurnFinding[];
  readonly chunk: DetailView["chunk"];
  /** Size of what the comparison with the turn before fetches; null where it is not known. */
  readonly compareBytes: number | null;
}

/** `before` and `diff` are those of the turn it follows; null at the start of a line of turns. */
export function turnView(
  turn: TurnSource,
  before: TurnSource | null,
  diff: RequestDiff | null,
  place: TurnPlace,
  limits: TextLimits,
): TurnView {
  const changes = diff?.messages ?? [];
  const addedAt = new Set(
    changes.filter((change) => change.change === "added").map((change) => change.after),
  );
  const { messages } = turn.request;
  const added = before ? messages.filter((_, index) => addedAt.has(index)) : messages;
  const heard = before ? withoutAnswer(added, before.answer) : added;
  const anchors = new Map(messages.map((message, index) => [message, messageAnchor(index)]));
  const removed = changes
    .filter((change) => change.change === "removed" && change.before !== null)
    .map((change) => before?.request.messages[change.before!])
    .filter((message) => message !== undefined);
  const fresh = shown(heard, limits, anchors);
  const rewritten = [
    ...systemRewrite(turn, diff, limits),
    ...changes.flatMap((change) => rewrite(change, diff, limits)),
  ];
  const tools = toolsView(turn, before, diff, limits);
  return {
    n: place.n,
    kind: kindOfTurn(place.step),
    row: place.row,
    parent: place.parent,
    parentId: before ? place.step.parent : null,
    compareBytes: before ? place.compareBytes : null,
    lane: place.lane,
    missing: turn.missing ?? null,
    again: before ? messages.length - heard.length : 0,
    added: fresh,
    removed: shown(removed, limits),
    rewritten,
    tools,
    params: before ? [] : parameters(turn.request.parameters, limits),
    paramsChanged: (diff?.parameters ?? []).map(({ path, before: was, after }) => ({
      name: path,
      before: was,
      after,
    })),
    answer: shown(turn.answer, limits),
    findings: place.findings.map(({ rule, severity, text, exchange, anchor }) => ({
      rule,
      severity,
      text,
      exchange,
      anchor,
    })),
    elsewhere: elsewhere(place.findings, [...fresh, ...rewritten], tools),
    detail: detailView(turn.line, place.chunk),
  };
}

/** Anchors of findings that have no place of their own in what the turn shows. */
function elsewhere(
  findings: readonly TurnFinding[],
  shown: readonly { readonly anchor: string | null }[],
  tools: ToolsView,
): string[] {
  const taken = new Set(["", "answer", ...shown.map(({ anchor }) => anchor)]);
  const { offered, added, removed, changed } = tools;
  if (offered.length + added.length + removed.length + changed.length > 0) taken.add("tools");
  return [...new Set(findings.map(({ anchor }) => anchor))].filter((anchor) => !taken.has(anchor));
}

function shown(
  messages: readonly NormalMessage[],
  limits: TextLimits,
  anchors?: ReadonlyMap<NormalMessage, string>,
): MessageView[] {
  return messages
    .map((message) => messageView(message, limits, anchors?.get(message) ?? null))
    .filter((message) => message.pieces.length > 0);
}

/** What the model answered stands above as its answer; as history it is not new. */
function withoutAnswer(
  added: readonly NormalMessage[],
  answer: readonly NormalMessage[],
): readonly NormalMessage[] {
  if (answer.length === 0) return added;
  const first = added.findIndex((message) => message.role !== "assistant");
  return first === -1 ? [] : added.slice(first);
}

/** What a turn is to the turn that it follows. */
export function kindOfTurn({ relation }: Step): TurnKind {
  if (relation === "side") return "side";
  if (relation === "agent") return "sub";
  return relation === "retry" ? "retry" : "turn";
}

function systemRewrite(
  { request }: TurnSource,
  diff: RequestDiff | null,
  limits: TextLimits,
): RewriteView[] {
  if (!diff?.system) return [];
  const position = request.messages.findIndex(({ role }) => role === "system");
  const anchor = position === -1 ? null : messageAnchor(position);
  return [{ role: "system", anchor, words: wordsOf(diff.system.words, limits) }];
}

function rewrite(
  change: MessageChange,
  diff: RequestDiff | null,
  limits: TextLimits,
): RewriteView[] {
  if (change.change !== "rewritten" || !change.text) return [];
  // The system prompt as a whole is shown already.
  if (change.role === "system" && diff?.system) return [];
  const anchor = change.after === null ? null : messageAnchor(change.after);
  return [{ role: change.role, anchor, words: wordsOf(change.text.words, limits) }];
}

/** Long stretches that are the same are cut to their ends: what changed must be in sight. */
function wordsOf(words: readonly Words[], { whole = false }: TextLimits): RewriteView["words"] {
  const ops = { same: "same", added: "add", removed: "del" } as const;
  if (whole) return words.map(({ kind, text }) => ({ op: ops[kind], text }));
  return words.slice(0, 400).map(({ kind, text }) => ({
    op: ops[kind],
    text:
      kind === "same" && text.length > 240
        ? `${text.slice(0, 100).replace(/\S*$/, "")}…${text.slice(-100).replace(/^\S*/, "")}`
        : text.slice(0, 4000),
  }));
}

function toolsView(
  turn: TurnSource,
  before: TurnSource | null,
  diff: RequestDiff | null,
  limits: TextLimits,
): ToolsView {
  const changes = diff?.tools ?? [];
  const named = (kind: string) =>
    changes.filter((change) => change.change === kind).map((change) => change.name);
  const fresh = new Set([...named("added"), ...named("changed")]);
  const { tools } = turn.request;
  const offered = before ? tools.filter((tool) => fresh.has(tool.name)) : tools;
  return {
    count: tools.length,
    same: before !== null && changes.length === 0,
    offered: offered.map((tool) => toolView(tool, limits)),
    added: named("added"),
    removed: named("removed"),
    changed: named("changed"),
  };
}

function parameters(
  values: Readonly<Record<string, unknown>>,
  { whole = false }: TextLimits,
): [string, string][] {
  const all = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    safeJson(value),
  ]);
  if (whole) return all;
  return all.slice(0, 60).map(([name, json]) => [name, json.slice(0, 300)]);
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    // Deeper than the engine's stack: the raw view has it.
    return "…";
  }
}

function detailView(line: ExchangeLine, chunk: DetailView["chunk"]): DetailView {
  const { request, response, timing, llm } = line;
  const marks: [string, number | null | undefined][] = [
    ["connect", timing.connect_ms],
    ["sent", timing.request_sent_ms],
    ["headers", timing.headers_ms],
    ["firstChunk", timing.first_chunk_ms],
    ["firstToken", timing.first_token_ms],
    ["last", timing.last_chunk_ms],
    ["total", timing.total_ms],
  ];
  return {
    method: request.method,
    url: request.url,
    http: request.http,
    session: line.session,
    requestHeaders: request.headers,
    responseHeaders: response?.headers ?? [],
    requestBytes: request.body?.bytes ?? null,
    responseBytes: response?.body?.bytes ?? null,
    timing: marks
      .flatMap(([key, ms]) => (ms == null ? [] : [{ key, ms }]))
      .sort((a, b) => a.ms - b.ms),
    chunks: timing.chunks ?? null,
    gap_ms: timing.gap_max_ms ?? null,
    finish: llm?.finish_reasons ?? [],
    priceSource: llm?.price_source ?? null,
    redactions: line.redactions.reduce((sum, { count }) => sum + count, 0),
    error: line.error ? `${line.error.code}: ${line.error.message}` : (llm?.error ?? null),
    notes: llm?.notes ?? [],
    curl: asCurl(line, daemonBase(line.upstream), line.request.body && { file: `${line.id}.json` }),
    chunk,
  };
}
