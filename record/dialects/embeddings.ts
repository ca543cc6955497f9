/**
 * Embeddings of all makes: OpenAI's `/embeddings` (Azure, Mistral, Voyage, Jina …), Ollama's
 * `/api/embed`, Cohere's `/v2/embed` and Gemini's `:embedContent`. No message is answered, so only
 * input, model and tokens are read.
 *
 * What always holds: vectors are never copied; never throws.
 */
import type { Dialect } from "./dialect.ts";
import { googleContent } from "./google-messages.ts";
import { get, isObject, list, num, str, word } from "./json.ts";
import type { NormalMessage } from "./normal.ts";
import { openaiChat } from "./openai-chat.ts";
import { mediaAt, textPiece, unknownPiece } from "./pieces.ts";

const PATH = /\/embeddings$|\/api\/embed$|\/v[12]\/embed$|:(?:batchEmbed|embed)Contents?$/;

export const embeddings: Dialect = {
  name: "embeddings",
  usualOperation: "embeddings",
  content: new Set(["model", "input", "texts", "prompt", "content", "requests", "images"]),
  operation: (method, path) => (method === "POST" && PATH.test(path) ? "embeddings" : null),
  looksLike: (_request, answer) => str(list(answer, "data")[0], "object") === "embedding",
  model: (body, path) => /\/models\/([^/:]+):/.exec(path)?.[1] ?? openaiChat.model(body, path),
  tools: () => [],
  messages: input,
  response: () => [],
  facts: (body) => ({
    servedModel: word(body, "model"),
    servedBy: null,
    finishReasons: [],
    usage:
      get(body, "usage") ??
      get(body, "usageMetadata") ??
      get(body, "meta") ??
      (num(body, "prompt_eval_count") === null ? null : body),
  }),
};

function input(body: unknown): NormalMessage[] {
  for (const key of ["input", "texts", "inputs", "prompt", "requests", "content", "images"]) {
    const value = get(body, key);
    if (value === undefined || value === null) continue;
    // A list of numbers is one text as tokens.
    const several = Array.isArray(value) && value.some((item) => typeof item !== "number");
    return several ? value.map((item, i) => entry(item, i, key)) : [entry(value, null, key)];
  }
  return [];
}

function entry(value: unknown, index: number | null, key: string): NormalMessage {
  if (isObject(get(value, "content")) || Array.isArray(get(value, "parts"))) {
    return googleContent(get(value, "content") ?? value, index, key);
  }
  const text = str(value) ?? str(value, "text");
  const piece =
    key === "images"
      ? mediaAt("image", text)
      : text === null
        ? unknownPiece(value, Array.isArray(value) ? "tokens" : undefined)
        : textPiece(text);
  return { role: "user", pieces: [piece], index, key };
}
