/**
 * OpenAI Chat Completions, and everyone who speaks it with an accent: OpenRouter, DeepSeek, Groq,
 * Mistral, xAI, Azure, Perplexity, vLLM, Ollama's and Gemini's OpenAI mode …
 * https://platform.openai.com/docs/api-reference/chat
 *
 * What always holds: the assembled message is a `chat.completion` object with every field that the
 * deltas carried, known or not; usage is what the last chunk that had one said, never a sum.
 */
import { LIMITS } from "../limits.ts";
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, obj, put, str, word } from "./json.ts";
import { grow, leaveOut, overwrite, ownAt } from "./merge.ts";
import { DeltaMessage, hasContent } from "./openai-delta.ts";
import { openaiMessage, openaiTools } from "./openai-messages.ts";

const PATH = /\/(?:chat\/completions|v1\/chat|chat\/completions\/stream)$/;
const DEPLOYMENT = /\/deployments\/([^/]+)\//;

export const openaiChat: Dialect = {
  name: "openai.chat",
  usualOperation: "chat",
  content: new Set(["model", "messages", "tools", "functions"]),

  operation: (method, path) => (method === "POST" && PATH.test(path) ? "chat" : null),

  looksLike(request, answer) {
    const kind = str(answer, "object");
    if (kind === "chat.completion" || kind === "chat.completion.chunk") return true;
    const choice = list(answer, "choices")[0];
    if (isObject(get(choice, "message")) || isObject(get(choice, "delta"))) return true;
    if (isObject(answer) && get(answer, "error") === undefined) return false;
    return Array.isArray(get(request, "messages")) && word(request, "model") !== null;
  },

  model: (body, path) => word(body, "model") ?? deployment(path),
  tools: openaiTools,
  messages: (body) => list(body, "messages").map((m, i) => openaiMessage(m, i, "messages")),

  response: (body) =>
    list(body, "choices").map((choice, i) =>
      openaiMessage(obj(choice, "message"), i, "choices", "assistant"),
    ),

  facts(body): Facts {
    const reasons = list(body, "choices").map((choice) => word(choice, "finish_reason"));
    return {
      servedModel: word(body, "model"),
      servedBy: word(body, "provider") ?? word(body, "system_fingerprint"),
      finishReasons: reasons.filter((reason) => reason !== null),
      usage: get(body, "usage") ?? get(body, "x_groq", "usage"),
    };
  },

  assembler: () => new ChatAssembler(),
};

function deployment(path: string): string | null {
  const name = DEPLOYMENT.exec(path)?.[1];
  if (name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const NOT_TOP_LEVEL = new Set(["id", "object", "created", "choices", "obfuscation"]);
const NONE: ReadonlySet<string> = new Set();
const NOT_CHOICE = new Set([
  "index",
  "delta",
  "message",
  "text",
  "logprobs",
  "content_filter_results",
]);

interface Choice {
  readonly out: JsonObject;
  readonly built: DeltaMessage;
  /** Perplexity repeats the message so far beside each delta; used where no delta says anything. */
  whole: JsonObject | null;
}

class ChatAssembler implements Assembler {
  ended = false;
  readonly #top: JsonObject = {};
  readonly #choices = new Map<number, Choice>();
  #seen = false;

  add({ data }: StreamEvent): boolean {
    if (!isObject(data)) return false;
    this.#seen = true;
    const top = this.#top;
    if (!word(top, "id") && word(data, "id") !== null) top.id = data.id;
    if (num(top, "created") === null && num(data, "created") !== null) top.created = data.created;
    overwrite(top, data, NOT_TOP_LEVEL);
    let content = false;
    for (const part of list(data, "choices")) {
      if (isObject(part) && this.#addChoice(part)) content = true;
    }
    return content;
  }

  result(): JsonObject | undefined {
    if (!this.#seen) return undefined;
    const top = this.#top;
    const inOrder = [...this.#choices.keys()].sort((a, b) => a - b);
    const out: JsonObject = {};
    if (top.id !== undefined) out.id = top.id;
    out.object = "chat.completion";
    for (const key of Object.keys(top)) if (key !== "id") put(out, key, top[key]);
    out.choices = inOrder.map((index) => finish(index, this.#choices.get(index)!));
    return out;
  }

  #addChoice(part: JsonObject): boolean {
    const choice = this.#choiceAt(num(part, "index") ?? 0);
    if (choice === undefined) {
      leaveOut();
      return false;
    }
    overwrite(choice.out, part, NOT_CHOICE);
    mergeLogprobs(choice.out, get(part, "logprobs"));
    const filter = get(part, "content_filter_results");
    if (isObject(filter)) overwrite(ownAt(choice.out, "content_filter_results"), filter, NONE);
    if (word(part, "finish_reason") !== null) this.ended = true;
    const whole = get(part, "message");
    if (isObject(whole)) choice.whole = whole;
    // Gateways in front of completion models stream `text` where a delta belongs.
    const text = word(part, "text");
    const delta = get(part, "delta") ?? (text === null ? undefined : { content: text });
    if (!isObject(delta)) return false;
    choice.built.add(delta);
    return hasContent(delta);
  }

  #choiceAt(index: number): Choice | undefined {
    const found = this.#choices.get(index);
    if (found !== undefined) return found;
    if (this.#choices.size >= LIMITS.assembledEntryCount) return undefined;
    const made: Choice = { out: {}, built: new DeltaMessage(), whole: null };
    this.#choices.set(index, made);
    return made;
  }
}

function finish(index: number, { out, built, whole }: Choice): JsonObject {
  const message = built.finish();
  const silent = message.content === null && Object.keys(message).length <= 2;
  const choice: JsonObject = { index, message: silent && whole !== null ? whole : message };
  for (const key of Object.keys(out)) put(choice, key, out[key]);
  if (!Object.hasOwn(choice, "finish_reason")) choice.finish_reason = null;
  return choice;
}

/** `{content: […], refusal: […]}`: each chunk brings the entries of its own tokens. */
function mergeLogprobs(out: JsonObject, logprobs: unknown): void {
  if (!isObject(logprobs)) return;
  const merged = obj(out, "logprobs");
  for (const key of Object.keys(logprobs)) {
    const value = logprobs[key];
    const before = get(merged, key);
    if (Array.isArray(value) && Array.isArray(before))
      for (const entry of value) before.push(entry);
    else if (value !== null || before === undefined) {
      grow(merged, key, Array.isArray(value) ? [...value] : value);
    }
  }
  out.logprobs = merged;
}
