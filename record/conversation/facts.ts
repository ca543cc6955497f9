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
import type { ExchangeFacts, Item } from "./model.ts";
import type { ExchangeView } from "./view.ts";

/** Operations whose requests carry on a conversation; all others stand alone. */
const TALKS = new Set(["chat", "text_completion", "generate_content", "compact"]);
/** A request with more messages than this has a history and is tied by that alone. */
const YOUNG_MESSAGES = 6;

/** @param number stream in which it was found (`11.12`), or null */
export function factsOf(view: ExchangeView, number: string | null): ExchangeFacts {
  const { line, request, answer } = view;
  const llm = line.llm;
  const talk: NormalMessage[] = [];
  const instructions: NormalMessage[] = [];
  for (const message of request.messages) {
    if (message.role === "system") instructions.push(message);
    else talk.push(message);
  }
  const system = systemText(instructions);
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
    ...systemFacts(system),
    tools: request.tools.length === 0 ? null : toolsId(request.tools),
    items: llm !== null && TALKS.has(llm.operation) ? itemsOfAll(talk) : [],
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

/** The messages met last, their items, and how many of these each message ends with. */
let latest: { talk: readonly NormalMessage[]; items: readonly Item[]; ends: readonly number[] } = {
  talk: [],
  items: [],
  ends: [],
};

/** Items of all messages; of what the request before began with too they are taken over. */
function itemsOfAll(talk: readonly NormalMessage[]): readonly Item[] {
  let same = 0;
  while (same < talk.length && talk[same] === latest.talk[same]) same++;
  const ends = latest.ends.slice(0, same);
  const items = latest.items.slice(0, ends.at(-1) ?? 0);
  for (let i = same; i < talk.length; i++) {
    items.push(...itemsOf(talk[i]!));
    ends.push(items.length);
  }
  latest = { talk, items, ends };
  return items;
}

type SystemFacts = Pick<ExchangeFacts, "system" | "systemSketch">;

const NO_SYSTEM: SystemFacts = { system: null, systemSketch: [] };
const prompts = new Map<string, SystemFacts>();

/** Prompts repeat from turn to turn; the newest few are remembered. */
function systemFacts(system: string): SystemFacts {
  if (system === "") return NO_SYSTEM;
  const known = prompts.get(system);
  if (known !== undefined) return known;
  if (prompts.size >= LIMITS.keptListCount) prompts.clear();
  const facts = { system: shortHash(system), systemSketch: sketchOf(system) };
  prompts.set(system, facts);
  return facts;
}

/** The system prompt of a request as one text. */
export function systemText(messages: readonly NormalMessage[]): string {
  return messages
    .filter(({ role }) => role === "system")
    .map(textOf)
    .join("\n");
}

let offered: { tools: readonly NormalTool[]; id: string } = { tools: [], id: "" };

/** Identity of the tools in their order. Turns share their schemas: the same are not written out again. */
function toolsId(tools: readonly NormalTool[]): string {
  const same =
    tools.length === offered.tools.length &&
    tools.every((tool, i) => sameTool(tool, offered.tools[i]!));
  if (!same) {
    const json = tools.map((tool) =>
      JSON.stringify([tool.kind, tool.name, tool.description, tool.schema]),
    );
    offered = { tools, id: shortHash(`[${json.join(",")}]`) };
  }
  return offered.id;
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
