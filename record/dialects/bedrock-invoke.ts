/**
 * Amazon Bedrock InvokeModel and its stream: the model's own shape inside Bedrock's envelope. Claude,
 * Nova and OpenAI-like models are handed to their own dialects; the prompt-in, text-out families
 * (Titan, Llama, Mistral, Cohere Command, AI21 Jurassic) are read here.
 *
 * What always holds: which family it is shows in the shape of request and answer, the model's name
 * in the path plays no part; never throws.
 */
import { anthropicMessages } from "./anthropic-messages.ts";
import { bedrockConverse, bedrockModel } from "./bedrock-converse.ts";
import { cohereChat } from "./cohere.ts";
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, put, str, word } from "./json.ts";
import { overwrite } from "./merge.ts";
import type { NormalMessage } from "./normal.ts";
import { openaiChat } from "./openai-chat.ts";
import { textPiece } from "./pieces.ts";

const PATH = /\/model\/[^/]+\/invoke(?:-with-response-stream)?$/;
const METRICS = "amazon-bedrock-invocationMetrics";

/** The dialect that a request body inside the envelope speaks, or null for a bare prompt. */
function ofRequest(body: unknown): Dialect | null {
  if (get(body, "anthropic_version") !== undefined) return anthropicMessages;
  if (str(body, "message") !== null || get(body, "chat_history") !== undefined) return cohereChat;
  const messages = list(body, "messages");
  if (messages.length === 0) return null;
  const parts = list(messages[0], "content");
  const typed = parts.some((part) => str(part, "type") !== null);
  return parts.length > 0 && !typed ? bedrockConverse : openaiChat;
}

/** The dialect that an answer, or the first event of a stream, speaks; null for a bare text. */
function ofAnswer(body: unknown): Dialect | null {
  const type = str(body, "type");
  if (type === "message" || type?.startsWith("message_") || type?.startsWith("content_block")) {
    return anthropicMessages;
  }
  if (str(body, "completion") !== null) return anthropicMessages;
  if (Array.isArray(get(body, "choices"))) return openaiChat;
  if (isObject(get(body, "output", "message")) || isObject(get(body, "messageStart"))) {
    return bedrockConverse;
  }
  if (str(body, "event_type") !== null || word(body, "response_id") !== null) return cohereChat;
  return null;
}

export const bedrockInvoke: Dialect = {
  name: "bedrock.invoke",
  usualOperation: "chat",
  content: new Set(["messages", "system", "tools", "toolConfig", "prompt", "inputText", "message"]),
  operation: (method, path) => (method === "POST" && PATH.test(path) ? "chat" : null),
  looksLike: () => false,
  model: (_body, path) => bedrockModel(path),
  tools: (body) => ofRequest(body)?.tools(body) ?? [],
  messages: (body) => ofRequest(body)?.messages(body) ?? prompt(body),
  response: (body) => ofAnswer(body)?.response(body) ?? texts(body),

  facts(body): Facts {
    const told = ofAnswer(body)?.facts(body) ?? textFacts(body);
    return { ...told, usage: told.usage ?? get(body, METRICS) ?? null };
  },

  assembler: () => invokeAssembler(),
};

function prompt(body: unknown): NormalMessage[] {
  for (const key of ["prompt", "inputText"]) {
    const text = str(body, key);
    if (text !== null) return [{ role: "user", pieces: [textPiece(text)], index: null, key }];
  }
  return [];
}

/** Where the families keep text and reason: list, text member, reason member. */
const FAMILIES = [
  ["results", "outputText", "completionReason"],
  ["outputs", "text", "stop_reason"],
  ["generations", "text", "finish_reason"],
] as const;

function texts(body: unknown): NormalMessage[] {
  const made = (text: string, index: number | null, key: string): NormalMessage => ({
    role: "assistant",
    pieces: [textPiece(text)],
    index,
    key,
  });
  const generation = str(body, "generation");
  if (generation !== null) return [made(generation, null, "generation")];
  for (const [key, member] of FAMILIES) {
    const items = list(body, key);
    if (items.length > 0) return items.map((item, i) => made(str(item, member) ?? "", i, key));
  }
  return list(body, "completions").map((item, i) =>
    made(str(item, "data", "text") ?? "", i, "completions"),
  );
}

function textFacts(body: unknown): Facts {
  const reasons: (string | null)[] = [word(body, "stop_reason")];
  for (const [key, , reason] of FAMILIES) {
    reasons.push(...list(body, key).map((item) => word(item, reason)));
  }
  const jurassic = list(body, "completions").map((item) => word(item, "finishReason", "reason"));
  const counted = ["inputTextTokenCount", "prompt_token_count", "generation_token_count"];
  return {
    servedModel: null,
    servedBy: null,
    finishReasons: [...reasons, ...jurassic].filter((reason) => reason !== null),
    usage: counted.some((key) => num(body, key) !== null) ? body : null,
  };
}

function invokeAssembler(): Assembler {
  const extra: JsonObject = {};
  let inner: Assembler | null = null;
  return {
    // Bedrock's counts come with the last event, also where a guardrail cut the answer off.
    get ended() {
      return extra[METRICS] !== undefined || (inner?.ended ?? false);
    },
    add(event: StreamEvent): boolean {
      if (!isObject(event.data)) return false;
      const metrics = get(event.data, METRICS);
      if (metrics !== undefined) put(extra, METRICS, metrics);
      inner ??= ofAnswer(event.data)?.assembler?.(undefined) ?? textAssembler();
      return inner.add(event);
    },
    result() {
      const message = inner?.result();
      return message === undefined ? undefined : { ...message, ...extra };
    },
  };
}

const TEXT_MEMBERS = new Set(["generation", "outputText", "text", "outputs", "index"]);

/** Joins the text of the bare-text families into their plain shape. */
function textAssembler(): Assembler {
  const out: JsonObject = {};
  const lists = new Map<string, Map<number, JsonObject>>();
  let seen = false;
  let ended = false;

  function addItem(key: string, from: JsonObject, member: string, reasons: string): boolean {
    const items = lists.get(key) ?? new Map<number, JsonObject>();
    lists.set(key, items);
    const index = num(from, "index") ?? 0;
    const item = items.get(index) ?? {};
    items.set(index, item);
    const text = str(from, member) ?? "";
    item[member] = (str(item, member) ?? "") + text;
    if (word(from, reasons) !== null) {
      item[reasons] = from[reasons];
      ended = true;
    }
    return text !== "";
  }

  function add(data: JsonObject): boolean {
    seen = true;
    overwrite(out, data, TEXT_MEMBERS);
    if (word(data, "stop_reason") !== null) ended = true;
    const generation = str(data, "generation");
    if (generation !== null) {
      out.generation = (str(out, "generation") ?? "") + generation;
      return generation !== "";
    }
    if (str(data, "outputText") !== null) {
      const told = addItem("results", data, "outputText", "completionReason");
      const count = num(data, "totalOutputTextTokenCount");
      const item = lists.get("results")?.get(num(data, "index") ?? 0);
      if (count !== null && item !== undefined) item.tokenCount = count;
      return told;
    }
    if (str(data, "text") !== null || word(data, "finish_reason") !== null) {
      return addItem("generations", data, "text", "finish_reason");
    }
    return list(data, "outputs")
      .map((output) => isObject(output) && addItem("outputs", output, "text", "stop_reason"))
      .includes(true);
  }

  return {
    get ended() {
      return ended;
    },
    add: ({ data }: StreamEvent) => isObject(data) && add(data),
    result() {
      if (!seen) return undefined;
      for (const [key, items] of lists) {
        out[key] = [...items].sort(([a], [b]) => a - b).map(([, item]) => item);
      }
      return out;
    },
  };
}
