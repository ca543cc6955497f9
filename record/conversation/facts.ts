/**
 * The facts of one exchange: what grouping needs of it, taken from its line and its normal form.
 *
 * What always holds: pure; the same exchange gives the same facts on every machine. See items.ts
 * for what an identity is made of.
 */
import type { NormalMessage, NormalTool } from "../dialects/normal.ts";
import { keptConversation } from "../dialects/session.ts";
import { sameTool } from "../diff/values.ts";
import { LIMITS } from "../limits.ts";
import { previousOf } from "./earlier-turns.ts";
import { itemsOf, lineHashes, shortHash, sketchOf, textOf } from "./items.ts";
import type { ExchangeFacts } from "./model.ts";
import type { ExchangeView } from "./view.ts";

/** Operations whose requests carry on a conversation; all others stand alone. */
const TALKS = new Set(["chat", "text_completion", "generate_content", "compact"]);
/** A request with more messages than this has a history and is tied by that alone. */
const YOUNG_MESSAGES = 6;

/** @param number stream in which it was found (`11.12`), or null */
export function factsOf(view: ExchangeView, number: string | null): ExchangeFacts {
  const { line, request, answer } = view;
  const llm = line.llm;
  const talk = request.messages.filter(({ role }) => role !== "system");
  const system = systemText(request.messages);
  const status = line.response?.status ?? null;
  const ok = line.outcome === "complete" && status !== null && status >= 200 && status < 300;
  const young = talk.length <= YOUNG_MESSAGES;
  return {
    id: line.id,
    started: line.started,
    totalMs: line.timing.total_ms ?? 0,
    number,
    upstream: line.upstream,
    client: line.client.name,
    session: line.session,
    api: llm?.api ?? null,
    operation: llm?.operation ?? null,
    model: llm?.model ?? null,
    outcome: line.outcome,
    status,
    answered: ok && (llm?.error ?? null) === null,
    body: line.request.body?.sha256 ?? null,
    system: system === "" ? null : shortHash(system),
    systemSketch: system === "" ? [] : sketchOnce(system),
    tools: request.tools.length === 0 ? null : toolsId(request.tools),
    items: llm !== null && TALKS.has(llm.operation) ? talk.flatMap(itemsOf) : [],
    messages: talk.length,
    answer: answer.flatMap(itemsOf).map(({ id }) => id),
    asked: young ? lineHashes(talk.filter(({ role }) => role === "user").map(textOf)) : [],
    said: lineHashes(answer.map(textOf)),
    delegated: lineHashes(answer.flatMap(callTexts)),
    response: view.responseId,
    previous: previousOf(request) ?? keptConversation(request.parameters),
    usage: llm?.usage ?? null,
    costUsd: llm?.cost_usd ?? null,
  };
}

const sketches = new Map<string, readonly number[]>();

/** Prompts repeat from turn to turn; the newest few are remembered. */
function sketchOnce(system: string): readonly number[] {
  const known = sketches.get(system);
  if (known !== undefined) return known;
  if (sketches.size >= LIMITS.keptListCount) sketches.clear();
  const sketch = sketchOf(system);
  sketches.set(system, sketch);
  return sketch;
}

/** The system prompt of a request as one text. */
export function systemText(messages: readonly NormalMessage[]): string {
  return messages
    .filter(({ role }) => role === "system")
    .map(textOf)
    .join("\n");
}

function toolsId(tools: readonly NormalTool[]): string {
  return shortHash(`[${tools.map(toolJson).join(",")}]`);
}

const toolJsons = new WeakMap<object, { readonly tool: NormalTool; readonly json: string }>();

/** Turns share the schemas of their tools: one that was met is not written out again. */
function toolJson(tool: NormalTool): string {
  const { kind, name, description, schema } = tool;
  const shared = typeof schema === "object" && schema !== null ? schema : null;
  const known = shared && toolJsons.get(shared);
  if (known && sameTool(known.tool, tool)) return known.json;
  const json = JSON.stringify([kind, name, description, schema]);
  if (shared) toolJsons.set(shared, { tool, json });
  return json;
}

/** The strings among the arguments of the tool calls of a message. */
function callTexts(message: NormalMessage): string[] {
  const texts: string[] = [];
  for (const piece of message.pieces) {
    if (piece.kind !== "tool_call") continue;
    try {
      const value: unknown = JSON.parse(piece.arguments);
      if (typeof value !== "object" || value === null) continue;
      for (const text of Object.values(value)) if (typeof text === "string") texts.push(text);
    } catch {
      texts.push(piece.arguments);
    }
  }
  return texts;
}
