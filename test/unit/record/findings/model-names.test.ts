import assert from "node:assert/strict";
import { test } from "node:test";
import { compareModels } from "../../../../record/findings/model-names.ts";

const SAME: [string, string][] = [
  ["gpt-4o", "gpt-4o-2024-08-06"],
  ["gpt-4-vision-preview", "gpt-4-1106-vision-preview"],
  ["anthropic/claude-sonnet-4.6", "anthropic/claude-4.6-sonnet-20260217"],
  ["us.anthropic.claude-3-sonnet-20240229-v1:0", "claude-3-sonnet-28k-20240229"],
  ["anthropic.claude-v2", "claude-2.0"],
  ["llama3.3-70b", "llama-3.3-70b"],
  ["gemini-2.0-flash", "gemini-2.0-flash-001"],
  ["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
  ["claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"],
  ["anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"],
  ["openrouter/auto", "x-ai/grok-4"],
  ["my-endpoint", "/opt/ml/model"],
  ["gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct:20230824-v2"],
  ["text-embedding-ada-002", "text-embedding-ada-002-v2"],
  ["davinci-002", "davinci:2023-07-21-v2"],
  ["Qwen/Qwen3-32B", "qwen3-32b"],
];
const OTHER: [string, string][] = [
  ["gpt-4o", "gpt-4o-mini"],
  ["gpt-4", "gpt-4.1"],
  ["gpt-4o-mini", "gpt-4o"],
  ["claude-3-opus", "claude-3-haiku"],
  ["claude-opus-4-1", "claude-opus-4-20250514"],
  ["sample/careful-1", "sample/careful-1-mini"],
  ["google/gemini-2.0-flash-exp:free", "x-ai/grok-4"],
  ["llama-3-70b", "llama-3-8b"],
];

test("spellings of one model are the same", () => {
  for (const [asked, served] of SAME)
    assert.equal(compareModels(asked, served), "same", `${asked} ${served}`);
});

test("another size, version or vendor is another model", () => {
  for (const [asked, served] of OTHER)
    assert.equal(compareModels(asked, served), "other", `${asked} ${served}`);
});

test("a served name with a word more may be an alias", () => {
  assert.equal(compareModels("gpt-5.6", "gpt-5.6-sol"), "alias");
});
