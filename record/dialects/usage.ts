/**
 * One normaliser for token counts. Providers disagree on what "input" means: OpenAI's and Gemini's
 * count includes what came from the cache, Anthropic's and Bedrock's excludes it; OpenAI's output
 * includes reasoning, Gemini's and xAI's excludes it. Here `input_tokens` is everything the model
 * read and `output_tokens` everything it wrote.
 *
 * What always holds: recognised by the shape of the usage object, never by the provider's name; a
 * count that was not given stays undefined (not 0); never throws.
 */
import type { Usage } from "../format/schema.ts";
import { get, isObject, type JsonObject, list, num, str } from "./json.ts";

/** Provider's usage object → Usage, or null where it holds no count. */
export function normaliseUsage(raw: unknown): Usage | null {
  if (!isObject(raw)) return null;
  for (const read of READERS) {
    const usage = read(raw);
    if (usage !== null) return clean(usage);
  }
  return null;
}

type Counts = Record<keyof Usage, number | null>;
type Reader = (raw: JsonObject) => Partial<Counts> | null;

const READERS: Reader[] = [
  openaiChat,
  gemini,
  googleInteractions,
  bedrockConverse,
  bedrockMetrics,
  cohere,
  ollama,
  llama,
  titan,
  inputOutput,
  totalOnly,
];

function clean(counts: Partial<Counts>): Usage | null {
  const usage: Usage = {};
  let given = false;
  for (const key of Object.keys(counts)) {
    const value = counts[key];
    if (typeof value !== "number" || !(value >= 0)) continue;
    usage[key] = value;
    given = true;
  }
  return given ? usage : null;
}

function sum(...counts: (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

/** The first count that is there, of members and (`a.b`) members of members. */
function first(raw: JsonObject, ...paths: string[]): number | null {
  for (const path of paths) {
    let way = ways.get(path);
    if (way === undefined) {
      way = path.split(".", 2) as [string, string?];
      ways.set(path, way);
    }
    const found = num(raw, way[0], way[1]);
    if (found !== null) return found;
  }
  return null;
}

/** The paths of this file, taken apart. */
const ways = new Map<string, readonly [string, string?]>();

/** Chat Completions, Completions, Embeddings; also DeepSeek, Mistral, Moonshot, Writer, xAI. */
function openaiChat(raw: JsonObject): Partial<Counts> | null {
  const input = num(raw, "prompt_tokens");
  const output = num(raw, "completion_tokens");
  if (input === null && output === null) return null;
  const cached = first(
    raw,
    "prompt_tokens_details.cached_tokens",
    "prompt_token_details.cached_tokens",
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "num_cached_tokens",
    "cache_read_input_tokens",
  );
  const written = first(
    raw,
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",
    "cache_creation_input_tokens",
  );
  const counts: Partial<Counts> = {
    input_tokens: input,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
    output_tokens: output,
    reasoning_output_tokens: first(
      raw,
      "completion_tokens_details.reasoning_tokens",
      "completion_token_details.reasoning_tokens",
      "reasoning_tokens",
    ),
  };
  const hidden = (num(raw, "total_tokens") ?? 0) - (input ?? 0) - (output ?? 0);
  if (hidden > 0 && input !== null && output !== null) {
    // The total says more than its parts. Gateways that leave the cache out of the prompt count
    // are short by just that; else it is thinking left out of the output (xAI, Gemini).
    const cache = sum(cached, written) ?? 0;
    if (hidden === cache && hidden !== counts.reasoning_output_tokens) {
      counts.input_tokens = input + cache;
    } else counts.output_tokens = output + hidden;
  }
  return counts;
}

/** generateContent: cached is inside promptTokenCount; tool-use prompts and thoughts are outside. */
function gemini(raw: JsonObject): Partial<Counts> | null {
  if (num(raw, "totalTokenCount") === null && num(raw, "promptTokenCount") === null) return null;
  const thoughts = num(raw, "thoughtsTokenCount");
  return {
    input_tokens: sum(num(raw, "promptTokenCount"), num(raw, "toolUsePromptTokenCount")),
    cache_read_input_tokens: num(raw, "cachedContentTokenCount"),
    output_tokens: sum(first(raw, "candidatesTokenCount", "responseTokenCount"), thoughts),
    reasoning_output_tokens: thoughts,
  };
}

function googleInteractions(raw: JsonObject): Partial<Counts> | null {
  if (num(raw, "total_input_tokens") === null) return null;
  const thoughts = num(raw, "total_thought_tokens");
  return {
    input_tokens: sum(num(raw, "total_input_tokens"), num(raw, "total_tool_use_tokens")),
    cache_read_input_tokens: num(raw, "total_cached_tokens"),
    output_tokens: sum(num(raw, "total_output_tokens"), thoughts),
    reasoning_output_tokens: thoughts,
  };
}

/**
 * Converse and Nova: inputTokens leaves out what was read from and written to the cache, and the
 * total counts it; but for models of OpenAI there the input holds it, and the total shows that.
 */
function bedrockConverse(raw: JsonObject): Partial<Counts> | null {
  const input = num(raw, "inputTokens");
  if (input === null && num(raw, "outputTokens") === null) return null;
  const read = first(raw, "cacheReadInputTokens", "cacheReadInputTokenCount");
  const written = first(raw, "cacheWriteInputTokens", "cacheWriteInputTokenCount");
  const output = num(raw, "outputTokens");
  const inside = num(raw, "totalTokens") === (input ?? 0) + (output ?? 0);
  return {
    input_tokens: inside ? input : sum(input, read, written),
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    output_tokens: output,
  };
}

/** `amazon-bedrock-invocationMetrics` in the last event of an invoke stream. */
function bedrockMetrics(raw: JsonObject): Partial<Counts> | null {
  if (num(raw, "inputTokenCount") === null) return null;
  const read = num(raw, "cacheReadInputTokenCount");
  const written = num(raw, "cacheWriteInputTokenCount");
  return {
    input_tokens: sum(num(raw, "inputTokenCount"), read, written),
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    output_tokens: num(raw, "outputTokenCount"),
  };
}

/** `tokens` is what the model saw; `billed_units` leaves out the provider's own preamble. */
function cohere(raw: JsonObject): Partial<Counts> | null {
  const counted = isObject(get(raw, "tokens")) ? get(raw, "tokens") : get(raw, "billed_units");
  if (!isObject(counted)) return null;
  return {
    input_tokens: num(counted, "input_tokens"),
    cache_read_input_tokens: num(raw, "cached_tokens"),
    output_tokens: num(counted, "output_tokens"),
  };
}

function ollama(raw: JsonObject): Partial<Counts> | null {
  if (num(raw, "prompt_eval_count") === null && num(raw, "eval_count") === null) return null;
  return { input_tokens: num(raw, "prompt_eval_count"), output_tokens: num(raw, "eval_count") };
}

function llama(raw: JsonObject): Partial<Counts> | null {
  const output = num(raw, "generation_token_count");
  if (output === null && num(raw, "prompt_token_count") === null) return null;
  return { input_tokens: num(raw, "prompt_token_count"), output_tokens: output };
}

function titan(raw: JsonObject): Partial<Counts> | null {
  const input = num(raw, "inputTextTokenCount");
  if (input === null) return null;
  const results = list(raw, "results").map((result) => num(result, "tokenCount"));
  return { input_tokens: input, output_tokens: sum(num(raw, "tokenCount"), ...results) };
}

/**
 * `input_tokens`/`output_tokens` are both Anthropic's and Responses' words. Only Anthropic speaks of
 * `cache_read_input_tokens` beside them, and leaves these out of the input.
 */
function inputOutput(raw: JsonObject): Partial<Counts> | null {
  const input = num(raw, "input_tokens");
  const output = num(raw, "output_tokens");
  if (input === null && output === null) return null;
  const total = num(raw, "total_tokens");
  const read = num(raw, "cache_read_input_tokens");
  const written = num(raw, "cache_creation_input_tokens");
  const named = read !== null || written !== null;
  if ((total === null || named) && get(raw, "input_tokens_details") === undefined) {
    // A gateway that adds a total says by it whether its input holds the cache already.
    const inside = total !== null && total === (input ?? 0) + (output ?? 0);
    const counts = {
      input_tokens: inside ? input : sum(input, read, written),
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      output_tokens: output,
      reasoning_output_tokens: first(
        raw,
        "output_tokens_details.thinking_tokens",
        "output_tokens_details.reasoning_tokens",
      ),
    };
    return withCompactions(counts, list(raw, "iterations"));
  }
  return {
    input_tokens: input,
    cache_read_input_tokens: num(raw, "input_tokens_details", "cached_tokens"),
    cache_creation_input_tokens: num(raw, "input_tokens_details", "cache_write_tokens"),
    output_tokens: output,
    reasoning_output_tokens: num(raw, "output_tokens_details", "reasoning_tokens"),
  };
}

/**
 * Anthropic's own summing up of a long context is paid for like any other tokens, but stands only
 * among the `iterations`: the counts beside them leave it out.
 */
function withCompactions(counts: Partial<Counts>, iterations: readonly unknown[]): Partial<Counts> {
  let all = counts;
  for (const entry of iterations) {
    if (str(entry, "type") !== "compaction") continue;
    const read = num(entry, "cache_read_input_tokens");
    const written = num(entry, "cache_creation_input_tokens");
    all = {
      ...all,
      input_tokens: sum(all.input_tokens ?? null, num(entry, "input_tokens"), read, written),
      cache_read_input_tokens: sum(all.cache_read_input_tokens ?? null, read),
      cache_creation_input_tokens: sum(all.cache_creation_input_tokens ?? null, written),
      output_tokens: sum(all.output_tokens ?? null, num(entry, "output_tokens")),
    };
  }
  return all;
}

/** Embeddings of some providers only say how many tokens there were: all of them input. */
function totalOnly(raw: JsonObject): Partial<Counts> | null {
  const total = num(raw, "total_tokens");
  return total === null ? null : { input_tokens: total };
}
