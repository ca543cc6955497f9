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
import { Beginnings, goneOn } from "../reader/beginnings.ts";
import { previousOf } from "./earlier-turns.ts";
import { answerIds, itemsOf, lineHashes, shortHash, sketchOf, textOf } from "./items.ts";
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
  const talks = llm !== null && TALKS.has(llm.operation);
  const { talk, prompt, items } = spokenIn(request.messages, talks, line.request.body?.bytes ?? 0);
  const status = line.response?.status ?? null;
  const ok = line.outcome === "complete" && status !== null && status >= 200 && status < 300;
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
    system: prompt.system,
    systemSketch: prompt.systemSketch,
    tools: request.tools.length === 0 ? null : toolsId(request.tools),
    items,
    messages: talk,
    answer: answerIds(answer),
    asked: talk <= YOUNG_MESSAGES ? lineHashes(userTexts(request.messages)) : [],
    said: lineHashes(answer.map(textOf)),
    delegated: lineHashes(callTexts(answer)),
    response: view.responseId,
    previous: previousOf(request) ?? keptConversation(request.parameters),
    usage: llm?.usage ?? null,
    costUsd: llm?.cost_usd ?? null,
  };
}

/** What the messages of a request come to. */
interface Spoken {
  /** Messages of the conversation, and those that are instructions. */
  readonly talk: number;
  readonly instructions: readonly NormalMessage[];
  readonly prompt: SystemFacts;
  readonly items: readonly Item[];
  /** For each message the items up to and with it. */
  readonly ends: readonly number[];
}

type SystemFacts = Pick<ExchangeFacts, "system" | "systemSketch">;

const NO_SYSTEM: SystemFacts = { system: null, systemSketch: [] };
const SILENT: Spoken = { talk: 0, instructions: [], prompt: NO_SYSTEM, items: [], ends: [] };
/** Requests that carry on a conversation, the newest few, and all others. */
const latest = {
  talks: new Beginnings<NormalMessage, Spoken>(LIMITS.keptValuesBytes),
  others: new Beginnings<NormalMessage, Spoken>(LIMITS.keptValuesBytes),
};

/**
 * Goes through the messages; what a request before began with too is taken over.
 * @param bytes of the body that they are from
 */
function spokenIn(messages: readonly NormalMessage[], talks: boolean, bytes: number): Spoken {
  const met = talks ? latest.talks : latest.others;
  const begun = met.nearest(messages);
  const before = begun?.made ?? SILENT;
  const same = begun?.same ?? 0;
  const length = same === 0 ? 0 : before.ends[same - 1]!;
  const newEnds: number[] = [];
  const newItems: Item[] = [];
  let { talk, instructions } = same === begun?.list.length ? before : counted(messages, same);
  for (let i = same; i < messages.length; i++) {
    const message = messages[i]!;
    if (message.role === "system") instructions = [...instructions, message];
    else {
      talk++;
      if (talks) for (const item of itemsOf(message)) newItems.push(item);
    }
    newEnds.push(length + newItems.length);
  }
  const items = goneOn(before.items, length, newItems);
  const ends = goneOn(before.ends, same, newEnds);
  const prompt =
    instructions === before.instructions ? before.prompt : systemFacts(systemText(instructions));
  const spoken = { talk, instructions, prompt, items, ends };
  met.keep(messages, spoken, bytes, begun);
  return spoken;
}

function counted(messages: readonly NormalMessage[], length: number) {
  const instructions: NormalMessage[] = [];
  for (let i = 0; i < length; i++) {
    if (messages[i]!.role === "system") instructions.push(messages[i]!);
  }
  return { talk: length - instructions.length, instructions };
}

const userTexts = (messages: readonly NormalMessage[]): string[] =>
  messages.filter(({ role }) => role === "user").map(textOf);

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
  if (tools === offered.tools) return offered.id;
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

/** The strings among the arguments of the tool calls of an answer. */
function callTexts(answer: readonly NormalMessage[]): string[] {
  const texts: string[] = [];
  for (const { pieces } of answer) {
    for (const piece of pieces) if (piece.kind === "tool_call") addStrings(texts, piece.arguments);
  }
  return texts;
}

function addStrings(texts: string[], json: string): void {
  // Nothing in it is long enough to tell anything.
  if (json.length < LIMITS.tellingLineChars) return;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return;
    for (const text of Object.values(value)) if (typeof text === "string") texts.push(text);
  } catch {
    texts.push(json);
  }
}
