/**
 * Cohere chat, v1 (`message`, `chat_history`; events under `event_type`) and v2 (`messages`; events
 * under `type`).
 * https://docs.cohere.com/reference/chat-stream
 *
 * What always holds: v1's `stream-end` holds the whole answer and wins over what was joined; never
 * throws.
 */
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, obj, str, word } from "./json.ts";
import { grow, overwrite, ownAt } from "./merge.ts";
import type { NormalMessage, NormalTool, Piece } from "./normal.ts";
import { openaiMessage, openaiTools } from "./openai-messages.ts";
import { flatText, role, textPiece, toolCall } from "./pieces.ts";

export const cohereChat: Dialect = {
  name: "cohere.chat",
  usualOperation: "chat",
  content: new Set([
    "model",
    "messages",
    "message",
    "chat_history",
    "preamble",
    "tools",
    "tool_results",
  ]),

  operation: (method, path) => (method === "POST" && /\/v[12]\/chat$/.test(path) ? "chat" : null),

  looksLike(request, answer) {
    if (str(answer, "event_type") !== null || word(answer, "generation_id") !== null) return true;
    if (str(answer, "type") === "message-start" || isObject(get(answer, "usage", "billed_units"))) {
      return true;
    }
    if (Array.isArray(get(answer, "choices"))) return false;
    return typeof get(request, "message") === "string";
  },

  model: (body) => word(body, "model"),
  tools: (body) => (str(body, "message") === null ? openaiTools(body) : v1Tools(body)),
  messages: (body) =>
    Array.isArray(get(body, "messages"))
      ? list(body, "messages").map((message, i) => v2Message(message, i, "messages"))
      : v1Input(body),

  response(body) {
    const message = get(body, "message");
    if (isObject(message)) return [v2Message({ role: "assistant", ...message }, null, "message")];
    const pieces: Piece[] = [];
    const text = word(body, "text");
    if (text !== null) pieces.push(textPiece(text));
    for (const call of list(body, "tool_calls")) {
      pieces.push(toolCall(null, str(call, "name"), get(call, "parameters")));
    }
    return pieces.length === 0 ? [] : [{ role: "assistant", pieces, index: null, key: "text" }];
  },

  facts(body): Facts {
    const reason = word(body, "finish_reason");
    return {
      servedModel: word(body, "model"),
      servedBy: null,
      finishReasons: reason === null ? [] : [reason],
      usage: get(body, "usage") ?? get(body, "meta"),
    };
  },

  assembler: () => cohereAssembler(),
};

/** OpenAI's shape, with the plan for the tools as reasoning and documents as tool results. */
function v2Message(message: unknown, index: number | null, key: string): NormalMessage {
  const normal = openaiMessage(message, index, key);
  const plan = word(message, "tool_plan");
  if (plan === null) return normal;
  return {
    ...normal,
    pieces: [{ kind: "reasoning", text: plan, encrypted: false }, ...normal.pieces],
  };
}

function v1Input(body: unknown): NormalMessage[] {
  const messages: NormalMessage[] = [];
  const lone = (who: NormalMessage["role"], pieces: Piece[], key: string) =>
    messages.push({ role: who, pieces, index: null, key });
  const preamble = word(body, "preamble");
  if (preamble !== null) lone("system", [textPiece(preamble)], "preamble");
  for (const [index, turn] of list(body, "chat_history").entries()) {
    const pieces: Piece[] = [];
    const text = word(turn, "message");
    if (text !== null) pieces.push(textPiece(text));
    for (const call of list(turn, "tool_calls")) {
      pieces.push(toolCall(null, str(call, "name"), get(call, "parameters")));
    }
    pieces.push(...list(turn, "tool_results").map(v1Result));
    messages.push({ role: role(str(turn, "role")), pieces, index, key: "chat_history" });
  }
  const message = word(body, "message");
  if (message !== null) lone("user", [textPiece(message)], "message");
  const results = list(body, "tool_results");
  if (results.length > 0) lone("tool", results.map(v1Result), "tool_results");
  return messages;
}

function v1Result(result: unknown): Piece {
  const text = flatText(get(result, "outputs"));
  return { kind: "tool_result", id: null, name: str(result, "call", "name"), text, error: false };
}

function v1Tools(body: unknown): NormalTool[] {
  return list(body, "tools").map((tool) => ({
    name: str(tool, "name") ?? "",
    description: str(tool, "description") ?? "",
    schema: get(tool, "parameter_definitions") ?? get(tool, "parameters") ?? null,
    kind: "function",
  }));
}

function cohereAssembler(): Assembler {
  const out: JsonObject = {};
  const message: JsonObject = {};
  const blocks = new Map<number, JsonObject>();
  const calls = new Map<number, JsonObject>();
  const citations = new Map<number, JsonObject>();
  let seen = false;
  let ended = false;

  /** v2: every event brings `delta.message` with one member that starts or goes on. */
  function addV2(type: string, data: JsonObject): boolean {
    const index = num(data, "index") ?? 0;
    const delta = obj(data, "delta", "message");
    switch (type) {
      case "message-start":
        overwrite(out, data, new Set(["type", "delta"]));
        overwrite(message, delta, new Set());
        return false;
      case "content-start":
      case "content-delta":
        return join(slot(blocks, index), obj(delta, "content"));
      case "tool-plan-delta":
        return join(message, { tool_plan: get(delta, "tool_plan") });
      case "tool-call-start":
      case "tool-call-delta":
        return join(slot(calls, index), obj(delta, "tool_calls"));
      case "citation-start":
        overwrite(slot(citations, index), obj(delta, "citations"), new Set());
        return false;
      case "message-end":
        ended = true;
        overwrite(out, obj(data, "delta"), new Set(["message"]));
        return false;
      default:
        return false;
    }
  }

  function addV1(type: string, data: JsonObject): boolean {
    if (type === "stream-end") {
      ended = true;
      overwrite(out, obj(data, "response"), new Set());
      overwrite(out, data, new Set(["event_type", "is_finished", "response"]));
      return false;
    }
    if (type === "text-generation") return join(out, { text: get(data, "text") });
    if (type === "tool-calls-generation") out.tool_calls = list(data, "tool_calls");
    overwrite(out, data, new Set(["event_type", "is_finished", "text", "tool_call_delta"]));
    return type === "tool-calls-generation" || type === "tool-calls-chunk";
  }

  return {
    get ended() {
      return ended;
    },
    add({ data, name }: StreamEvent): boolean {
      if (!isObject(data)) return false;
      seen = true;
      const v1 = word(data, "event_type");
      return v1 === null ? addV2(word(data, "type") ?? name ?? "", data) : addV1(v1, data);
    },
    result() {
      if (!seen) return undefined;
      const inOrder = (items: Map<number, JsonObject>) =>
        [...items].sort(([a], [b]) => a - b).map(([, item]) => item);
      if (blocks.size > 0) message.content = inOrder(blocks);
      if (calls.size > 0) message.tool_calls = inOrder(calls);
      if (citations.size > 0) message.citations = inOrder(citations);
      return Object.keys(message).length > 0 ? { ...out, message } : out;
    },
  };
}

function slot(items: Map<number, JsonObject>, index: number): JsonObject {
  const found = items.get(index) ?? {};
  items.set(index, found);
  return found;
}

const WHOLE = new Set(["id", "type", "name"]);

/** Strings go on, but for names; objects are looked into. True where a string grew. */
function join(target: JsonObject, from: JsonObject): boolean {
  let grew = false;
  for (const key of Object.keys(from)) {
    const value = from[key];
    if (isObject(value)) {
      if (join(ownAt(target, key), value)) grew = true;
    } else if (typeof value === "string" && !WHOLE.has(key)) {
      grow(target, key, (str(target, key) ?? "") + value);
      if (value !== "") grew = true;
    } else if (value !== undefined && value !== null) grow(target, key, value);
  }
  return grew;
}
