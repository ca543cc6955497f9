/**
 * OpenAI Completions (`/v1/completions`): a prompt in, text out; also llama.cpp, vLLM, Together …
 * https://platform.openai.com/docs/api-reference/completions
 *
 * What always holds: choices are told apart by index, their text joined, their logprobs' lists
 * joined; never throws.
 */
import { LIMITS } from "../limits.ts";
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, obj, str, word } from "./json.ts";
import { grow, leaveOut, overwrite } from "./merge.ts";
import type { NormalMessage } from "./normal.ts";
import { openaiChat } from "./openai-chat.ts";
import { textPiece, unknownPiece } from "./pieces.ts";

const PATH = /(?<!\/chat)\/completions$/;

export const openaiCompletions: Dialect = {
  name: "openai.completions",
  usualOperation: "text_completion",
  content: new Set(["model", "prompt", "suffix"]),
  operation: (method, path) => (method === "POST" && PATH.test(path) ? "text_completion" : null),
  looksLike: (request, answer) =>
    str(answer, "object") === "text_completion" ||
    (answer === undefined && word(request, "model") !== null && str(request, "prompt") !== null),
  model: openaiChat.model,
  tools: () => [],

  messages(body) {
    const prompt = get(body, "prompt");
    const made = (value: unknown, index: number | null): NormalMessage => ({
      role: "user",
      pieces: [typeof value === "string" ? textPiece(value) : unknownPiece(value, "tokens")],
      index,
      key: "prompt",
    });
    if (prompt === undefined || prompt === null) return [];
    // A list of numbers is one prompt as tokens, a list of anything else is several prompts.
    const several = Array.isArray(prompt) && prompt.some((item) => typeof item !== "number");
    return several ? prompt.map(made) : [made(prompt, null)];
  },

  response: (body) =>
    list(body, "choices").map((choice, index) => ({
      role: "assistant",
      pieces: [textPiece(str(choice, "text") ?? "")],
      index,
      key: "choices",
    })),

  facts: (body): Facts => openaiChat.facts(body),
  assembler: () => completionsAssembler(),
};

const NOT_TOP_LEVEL = new Set(["choices"]);
const NOT_CHOICE = new Set(["index", "text", "logprobs"]);

function completionsAssembler(): Assembler {
  const top: JsonObject = {};
  const choices = new Map<number, JsonObject>();
  let seen = false;
  let ended = false;

  function addChoice(part: JsonObject): boolean {
    const index = num(part, "index") ?? 0;
    if (choices.size >= LIMITS.assembledEntryCount && !choices.has(index)) {
      leaveOut();
      return false;
    }
    const choice = choices.get(index) ?? { text: "", index, logprobs: null, finish_reason: null };
    choices.set(index, choice);
    overwrite(choice, part, NOT_CHOICE);
    if (word(part, "finish_reason") !== null) ended = true;
    const logprobs = get(part, "logprobs");
    if (isObject(logprobs)) addLogprobs(choice, logprobs);
    const text = str(part, "text") ?? "";
    choice.text = (str(choice, "text") ?? "") + text;
    return text !== "";
  }

  return {
    get ended() {
      return ended;
    },
    add({ data }: StreamEvent): boolean {
      if (!isObject(data)) return false;
      seen = true;
      overwrite(top, data, NOT_TOP_LEVEL);
      let content = false;
      for (const part of list(data, "choices")) {
        if (isObject(part) && addChoice(part)) content = true;
      }
      return content;
    },
    result() {
      if (!seen) return undefined;
      const built = [...choices].sort(([a], [b]) => a - b).map(([, choice]) => choice);
      return { ...top, choices: built };
    },
  };
}

function addLogprobs(choice: JsonObject, from: JsonObject): void {
  const merged = obj(choice, "logprobs");
  for (const key of Object.keys(from)) {
    const value = from[key];
    const before = get(merged, key);
    if (Array.isArray(value) && Array.isArray(before))
      for (const entry of value) before.push(entry);
    else grow(merged, key, Array.isArray(value) ? [...value] : value);
  }
  choice.logprobs = merged;
}
