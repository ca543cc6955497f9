import assert from "node:assert/strict";
import { test } from "node:test";
import { normaliseUsage } from "../../../../record/dialects/usage.ts";

const CASES: [string, object, object | null][] = [
  [
    "Bedrock converse, a model whose input holds the cache: the total does not count it again",
    { inputTokens: 1200, outputTokens: 50, totalTokens: 1250, cacheReadInputTokens: 1024 },
    { input_tokens: 1200, cache_read_input_tokens: 1024, output_tokens: 50 },
  ],
  [
    "Bedrock converse, the cache outside, as the total says",
    { inputTokens: 12, outputTokens: 185, totalTokens: 1225, cacheReadInputTokens: 1028 },
    { input_tokens: 1040, cache_read_input_tokens: 1028, output_tokens: 185 },
  ],
  [
    "Anthropic through a gateway that adds a total over everything",
    { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5, total_tokens: 105 },
    { input_tokens: 100, cache_read_input_tokens: 90, output_tokens: 5 },
  ],
  [
    "Anthropic's words with an input that holds the cache already",
    { input_tokens: 100, cache_read_input_tokens: 90, output_tokens: 5, total_tokens: 105 },
    { input_tokens: 100, cache_read_input_tokens: 90, output_tokens: 5 },
  ],
  [
    "OpenAI chat: input includes what was cached, output includes reasoning",
    {
      prompt_tokens: 100,
      completion_tokens: 30,
      total_tokens: 130,
      prompt_tokens_details: { cached_tokens: 80 },
      completion_tokens_details: { reasoning_tokens: 20 },
    },
    {
      input_tokens: 100,
      cache_read_input_tokens: 80,
      output_tokens: 30,
      reasoning_output_tokens: 20,
    },
  ],
  [
    "Responses: the same under other names, total_tokens tells it from Anthropic",
    {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 80, cache_write_tokens: 5 },
      output_tokens: 30,
      output_tokens_details: { reasoning_tokens: 20 },
      total_tokens: 130,
    },
    {
      input_tokens: 100,
      cache_read_input_tokens: 80,
      cache_creation_input_tokens: 5,
      output_tokens: 30,
      reasoning_output_tokens: 20,
    },
  ],
  [
    "Anthropic: input excludes what was cached",
    {
      input_tokens: 4,
      cache_read_input_tokens: 80,
      cache_creation_input_tokens: 16,
      output_tokens: 30,
      output_tokens_details: { thinking_tokens: 9 },
    },
    {
      input_tokens: 100,
      cache_read_input_tokens: 80,
      cache_creation_input_tokens: 16,
      output_tokens: 30,
      reasoning_output_tokens: 9,
    },
  ],
  [
    "Anthropic without a cache",
    { input_tokens: 4, output_tokens: 3 },
    { input_tokens: 4, output_tokens: 3 },
  ],
  [
    "Anthropic with null counts",
    {
      input_tokens: 4,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: null,
      output_tokens: 3,
    },
    { input_tokens: 4, output_tokens: 3 },
  ],
  [
    "Gemini: cached inside the prompt, thoughts and tool prompts outside",
    {
      promptTokenCount: 100,
      cachedContentTokenCount: 80,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 20,
      toolUsePromptTokenCount: 7,
      totalTokenCount: 137,
    },
    {
      input_tokens: 107,
      cache_read_input_tokens: 80,
      output_tokens: 30,
      reasoning_output_tokens: 20,
    },
  ],
  [
    "Gemini that only wrote thoughts",
    { promptTokenCount: 5, thoughtsTokenCount: 20, totalTokenCount: 25 },
    { input_tokens: 5, output_tokens: 20, reasoning_output_tokens: 20 },
  ],
  [
    "xAI: reasoning is outside completion_tokens, the total shows it",
    {
      prompt_tokens: 12,
      completion_tokens: 2,
      total_tokens: 34,
      completion_tokens_details: { reasoning_tokens: 20 },
    },
    { input_tokens: 12, output_tokens: 22, reasoning_output_tokens: 20 },
  ],
  [
    "Gemini's OpenAI mode: the total alone knows of the thoughts",
    { prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 },
    { input_tokens: 66, output_tokens: 34 },
  ],
  [
    "a gateway whose prompt count leaves out the cache",
    {
      prompt_tokens: 4,
      completion_tokens: 6,
      total_tokens: 90,
      prompt_tokens_details: { cached_tokens: 80 },
    },
    { input_tokens: 84, cache_read_input_tokens: 80, output_tokens: 6 },
  ],
  [
    "DeepSeek's cache hit, where there are no details",
    {
      prompt_tokens: 10,
      completion_tokens: 1,
      total_tokens: 11,
      prompt_cache_hit_tokens: 8,
      prompt_cache_miss_tokens: 2,
    },
    { input_tokens: 10, cache_read_input_tokens: 8, output_tokens: 1 },
  ],
  [
    "Moonshot's cached_tokens",
    { prompt_tokens: 10, completion_tokens: 1, cached_tokens: 6 },
    { input_tokens: 10, cache_read_input_tokens: 6, output_tokens: 1 },
  ],
  [
    "Bedrock converse: the cache is outside inputTokens",
    {
      inputTokens: 12,
      outputTokens: 5,
      totalTokens: 1045,
      cacheReadInputTokens: 1028,
      cacheWriteInputTokens: 0,
    },
    {
      input_tokens: 1040,
      cache_read_input_tokens: 1028,
      cache_creation_input_tokens: 0,
      output_tokens: 5,
    },
  ],
  [
    "Bedrock's metrics",
    { inputTokenCount: 3, outputTokenCount: 4 },
    { input_tokens: 3, output_tokens: 4 },
  ],
  [
    "Cohere: what the model saw, not what is billed",
    {
      billed_units: { input_tokens: 6, output_tokens: 33 },
      tokens: { input_tokens: 501, output_tokens: 35 },
      cached_tokens: 448,
    },
    { input_tokens: 501, cache_read_input_tokens: 448, output_tokens: 35 },
  ],
  ["Ollama", { prompt_eval_count: 17, eval_count: 71 }, { input_tokens: 17, output_tokens: 71 }],
  [
    "Ollama with a cached prompt says only what it wrote",
    { eval_count: 71 },
    { output_tokens: 71 },
  ],
  [
    "Titan",
    { inputTextTokenCount: 7, results: [{ tokenCount: 5 }, { tokenCount: 6 }] },
    { input_tokens: 7, output_tokens: 11 },
  ],
  [
    "Llama on Bedrock",
    { prompt_token_count: 7, generation_token_count: 9 },
    { input_tokens: 7, output_tokens: 9 },
  ],
  [
    "Anthropic: a compaction by the provider is beside the counts, other iterations are in them",
    {
      input_tokens: 23_000,
      cache_read_input_tokens: 100,
      output_tokens: 1_000,
      iterations: [
        {
          type: "compaction",
          input_tokens: 180_000,
          cache_read_input_tokens: 7,
          output_tokens: 3_500,
        },
        {
          type: "message",
          input_tokens: 23_000,
          cache_read_input_tokens: 100,
          output_tokens: 1_000,
        },
      ],
    },
    { input_tokens: 203_107, cache_read_input_tokens: 107, output_tokens: 4_500 },
  ],
  [
    "OpenAI Responses: what was written to the cache is inside the input",
    {
      input_tokens: 125,
      output_tokens: 48,
      total_tokens: 173,
      input_tokens_details: { cached_tokens: 98, cache_write_tokens: 20 },
      output_tokens_details: { reasoning_tokens: 12 },
    },
    {
      input_tokens: 125,
      cache_read_input_tokens: 98,
      cache_creation_input_tokens: 20,
      output_tokens: 48,
      reasoning_output_tokens: 12,
    },
  ],
  ["Voyage: only a total, all of it input", { total_tokens: 9 }, { input_tokens: 9 }],
  ["nothing that counts", { service_tier: "x" }, null],
  ["counts that are no numbers", { prompt_tokens: "9", completion_tokens: -1 }, null],
];

for (const [name, raw, expected] of CASES) {
  test(name, () => assert.deepEqual(normaliseUsage(raw), expected));
}

test("what is no object has no usage", () => {
  for (const raw of [null, undefined, 1, "x", [], [{ prompt_tokens: 1 }]]) {
    assert.equal(normaliseUsage(raw), null);
  }
});
