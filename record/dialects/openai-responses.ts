/**
 * OpenAI Responses, over HTTP, SSE and (event by event, as filed) WebSocket; also as spoken by Azure,
 * OpenRouter, xAI, DeepSeek, Bedrock and by Codex's own backend.
 * https://platform.openai.com/docs/api-reference/responses-streaming
 *
 * What always holds: the terminal event's `response` is the assembled message where it is complete;
 * where it is missing (stream cut) or comes without output (Codex's backend), the items built from
 * the deltas take their place. Unknown events change nothing.
 */
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, obj, put, str, word } from "./json.ts";
import { ownCopy, takeAll } from "./merge.ts";
import { responsesInput, responsesItem, responsesTools } from "./responses-items.ts";

const PATH = /\/responses(?:\/(.+))?$/;

export const openaiResponses: Dialect = {
  name: "openai.responses",
  usualOperation: "chat",
  content: new Set(["model", "input", "instructions", "tools", "type"]),

  operation(method, path) {
    const rest = PATH.exec(path)?.[1];
    if (!PATH.test(path)) return null;
    if (rest === undefined) return method === "POST" || method === "GET" ? "chat" : null;
    if (rest === "compact" || rest === "input_tokens") {
      return rest === "compact" ? "compact" : "count_tokens";
    }
    if (rest.endsWith("/cancel")) return "cancel";
    if (rest.endsWith("/input_items")) return "list_input";
    if (rest.includes("/")) return null;
    return method === "DELETE" ? "delete" : "retrieve";
  },

  looksLike(request, answer) {
    if (str(answer, "object") === "response") return true;
    if (/^response\./.test(str(answer, "type") ?? "")) return true;
    if (isObject(answer) && get(answer, "error") === undefined) return false;
    return word(request, "model") !== null && get(request, "input") !== undefined
      ? Array.isArray(get(request, "input")) && get(request, "encoding_format") === undefined
      : str(request, "type") === "response.create";
  },

  model: (body) => word(body, "model") ?? word(body, "response", "model"),
  tools: (body) => responsesTools(unwrap(body)),
  messages: (body) => responsesInput(unwrap(body)),
  response: (body) => list(body, "output").map((item, i) => responsesItem(item, i, "output")),

  facts(body): Facts {
    const status = word(body, "status");
    const why = word(body, "incomplete_details", "reason");
    return {
      servedModel: word(body, "model"),
      servedBy: word(body, "provider") ?? word(body, "system_fingerprint"),
      finishReasons: (why ?? status) === null ? [] : [(why ?? status) as string],
      usage: get(body, "usage") ?? (num(body, "input_tokens") === null ? null : body),
    };
  },

  assembler: () => responsesAssembler(),
};

/** A `response.create` event may hold the request flat, or (older) in `response`. */
function unwrap(body: unknown): unknown {
  const inner = get(body, "response");
  return str(body, "type") === "response.create" && isObject(inner) ? inner : body;
}

/** Events that end a response. */
const TERMINAL = /^response\.(?:completed|done|incomplete|failed|cancelled)$/;
/** Deltas that go on with a member of an item, by event name; the rest is generic. */
const ITEM_TEXT: Record<string, string> = {
  "response.function_call_arguments": "arguments",
  "response.mcp_call_arguments": "arguments",
  "response.mcp_call.arguments": "arguments",
  "response.custom_tool_call_input": "input",
  "response.code_interpreter_call_code": "code",
  "response.code_interpreter_call.code": "code",
};
/** Deltas that go on with a part of an item: which list, which member of the part, its type. */
const PART_TEXT: Record<string, readonly [string, string, string]> = {
  "response.output_text": ["content", "text", "output_text"],
  "response.refusal": ["content", "refusal", "refusal"],
  "response.reasoning_text": ["content", "text", "reasoning_text"],
  "response.reasoning_summary_text": ["summary", "text", "summary_text"],
};

export function responsesAssembler(): Assembler {
  let base: JsonObject | null = null;
  let ended = false;
  let error: unknown;
  const items = new Map<number, JsonObject>();

  function itemOf(data: JsonObject): JsonObject {
    const index = num(data, "output_index") ?? 0;
    let item = items.get(index);
    if (item === undefined) {
      item = {};
      items.set(index, item);
    }
    return item;
  }

  function partOf(item: JsonObject, member: string, index: number, type: string): JsonObject {
    if (item.type === undefined) item.type = member === "summary" ? "reasoning" : "message";
    const parts = Array.isArray(item[member]) ? (item[member] as unknown[]) : [];
    item[member] = parts;
    // An index far beyond the end is damage, not a list with a hole of that size.
    const at = Math.min(Math.max(0, index), parts.length);
    if (!isObject(parts[at])) parts[at] = { type, ...(type === "output_text" ? NO_NOTES : {}) };
    return parts[at] as JsonObject;
  }

  /** `….delta` goes on with a string, `….done` says it whole. True for content. */
  function addText(data: JsonObject, type: string): boolean {
    const done = type.endsWith(".done");
    const name = type.slice(0, type.lastIndexOf("."));
    const member = Object.hasOwn(ITEM_TEXT, name) ? ITEM_TEXT[name]! : null;
    const part = Object.hasOwn(PART_TEXT, name) ? PART_TEXT[name]! : null;
    if (member === null && part === null) return false;
    const item = itemOf(data);
    const index = num(data, "content_index") ?? num(data, "summary_index") ?? 0;
    const key = member ?? part![1];
    const target = member !== null ? item : partOf(item, part![0], index, part![2]);
    const text = done ? (str(data, key) ?? str(data, "text")) : str(data, "delta");
    if (text === null) return false;
    put(target, key, done ? text : (str(target, key) ?? "") + text);
    const logprobs = list(data, "logprobs");
    if (!done && logprobs.length > 0) {
      const before = list(target, "logprobs");
      for (const entry of logprobs) before.push(entry);
      target.logprobs = before;
    }
    return !done && text !== "";
  }

  function addPart(data: JsonObject, type: string): void {
    const item = itemOf(data);
    const summary = type.startsWith("response.reasoning_summary_part");
    const member = summary ? "summary" : "content";
    const index = num(data, summary ? "summary_index" : "content_index") ?? 0;
    const part = obj(data, "part");
    const slot = partOf(item, member, index, str(part, "type") ?? "output_text");
    takeAll(slot, part);
  }

  function add(data: JsonObject, type: string): boolean {
    const whole = get(data, "response");
    if (isObject(whole)) {
      base = takeAll(base ?? ownCopy({}), whole);
      if (TERMINAL.test(type)) ended = true;
      return false;
    }
    switch (type) {
      case "response.output_item.added":
      case "response.output_item.done": {
        const item = get(data, "item");
        if (!isObject(item)) return false;
        items.set(num(data, "output_index") ?? items.size, structuredClone(item));
        return type.endsWith("added") && word(item, "name") !== null;
      }
      case "response.content_part.added":
      case "response.content_part.done":
      case "response.reasoning_summary_part.added":
      case "response.reasoning_summary_part.done":
        addPart(data, type);
        return false;
      case "response.output_text.annotation.added": {
        const part = partOf(
          itemOf(data),
          "content",
          num(data, "content_index") ?? 0,
          "output_text",
        );
        const notes = list(part, "annotations");
        notes.push(get(data, "annotation"));
        part.annotations = notes;
        return false;
      }
      case "response.image_generation_call.partial_image":
        itemOf(data).result = get(data, "partial_image_b64");
        return true;
      case "error":
        error = get(data, "error") ?? data;
        return false;
      default:
        return addText(data, type);
    }
  }

  return {
    get ended() {
      return ended;
    },
    add: ({ data, name }: StreamEvent) =>
      isObject(data) && add(data, word(data, "type") ?? name ?? ""),
    result() {
      if (base === null && items.size === 0 && error === undefined) return undefined;
      const out: JsonObject = { ...(base ?? { object: "response", status: "in_progress" }) };
      if (items.size > 0 && list(out, "output").length === 0) {
        out.output = [...items].sort(([a], [b]) => a - b).map(([, item]) => item);
      }
      if (error !== undefined && !isObject(out.error)) out.error = error;
      return out;
    },
  };
}

const NO_NOTES = { annotations: [] };
