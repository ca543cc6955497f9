import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { calcPrice } from "@pydantic/genai-prices";
import { PRICE_TABLE, type PriceQuery, priceOf } from "../../../../record/prices/price.ts";

const ANTHROPIC = "https://api.anthropic.com/v1/messages";
const OPENAI = "https://api.openai.com/v1/chat/completions";

function query(words: {
  url?: string;
  asked?: string | null;
  served?: string | null;
  usage: unknown;
  response?: object;
  headers?: [string, string][];
  started?: Date;
}): PriceQuery {
  const { url = OPENAI, asked = null, served = null, usage, response = {}, headers = [] } = words;
  const facts = { servedModel: served, servedBy: null, finishReasons: [], usage };
  return { url, model: asked, facts, response, headers, started: words.started };
}

function usd(words: Parameters<typeof query>[0]): number | null {
  const price = priceOf(query(words));
  return price === null ? null : Math.round(price.usd * 1e9) / 1e9;
}

const million = { prompt_tokens: 1e6, completion_tokens: 0, total_tokens: 1e6 };

test("the table is the installed package, by version", () => {
  const file = new URL(
    "../../../../node_modules/@pydantic/genai-prices/package.json",
    import.meta.url,
  );
  const { name, version } = JSON.parse(readFileSync(file, "utf8"));
  assert.ok(PRICE_TABLE.startsWith(`${name} ${version} (20`), `${PRICE_TABLE} is not ${version}`);
});

test("list prices: input, output, and what came from the cache for less", () => {
  assert.equal(usd({ asked: "gpt-4o", usage: million }), 2.5);
  const cached = { ...million, prompt_tokens_details: { cached_tokens: 600_000 } };
  assert.equal(usd({ asked: "gpt-4o", usage: cached }), 1 + 0.75);
  const price = priceOf(query({ asked: "gpt-4o", usage: million }));
  assert.equal(price?.source, PRICE_TABLE);
});

test("Anthropic: cache read, five-minute and one-hour writes each have their price", () => {
  const usage = {
    input_tokens: 100_000,
    cache_read_input_tokens: 1_000_000,
    cache_creation_input_tokens: 300_000,
    cache_creation: { ephemeral_5m_input_tokens: 200_000, ephemeral_1h_input_tokens: 100_000 },
    output_tokens: 10_000,
  };
  const expected = 0.1 * 15 + 1 * 1.5 + 0.2 * 18.75 + 0.1 * 30 + 0.01 * 75;
  assert.equal(
    usd({ url: ANTHROPIC, asked: "claude-opus-4-1", usage }),
    Math.round(expected * 1e9) / 1e9,
  );
});

test("web searches are counted where the table prices them", () => {
  const usage = { input_tokens: 0, output_tokens: 0, server_tool_use: { web_search_requests: 3 } };
  assert.equal(usd({ url: ANTHROPIC, asked: "claude-opus-4-1", usage }), 0.03);
});

test("what was served is paid for, not the name of a deployment", () => {
  const url = "https://mine.openai.azure.com/openai/deployments/my-model/chat/completions";
  assert.equal(usd({ url, asked: "my-model", served: "gpt-4o-2024-08-06", usage: million }), 2.5);
});

test("on Bedrock the id asked for says which region pays", () => {
  const url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke";
  const usage = { input_tokens: 1e6, output_tokens: 0 };
  const served = "claude-sonnet-4-6";
  const global = usd({ url, asked: "global.anthropic.claude-sonnet-4-6-v1:0", served, usage });
  const regional = usd({ url, asked: "us.anthropic.claude-sonnet-4-6-v1:0", served, usage });
  assert.equal(global, 3);
  assert.equal(regional, 3.3);
});

test("the provider's own figure goes first", () => {
  assert.deepEqual(priceOf(query({ asked: "gpt-4o", usage: { ...million, cost: 0.5 } })), {
    usd: 0.5,
    source: "provider",
  });
  assert.equal(usd({ usage: { cost: 0 } }), 0);
  assert.equal(usd({ usage: { cost: { total_cost: 0.006 } } }), 0.006);
  assert.equal(usd({ usage: { cost_in_usd_ticks: 1_777_000 } }), 0.0001777);
  assert.equal(usd({ usage: null, headers: [["X-LiteLLM-Response-Cost", "0.25"]] }), 0.25);
});

test("with the caller's own key the provider's fee and the upstream's price add up", () => {
  const byok = { cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } };
  assert.equal(usd({ usage: byok }), 0.21);
  assert.equal(usd({ usage: { cost: 0.01, is_byok: true } }), null);
});

test("no figure rather than a wrong one", () => {
  const cases: [string, Parameters<typeof query>[0]][] = [
    ["an unknown model", { asked: "gpt-tomorrow", usage: million }],
    ["a model of another's", { asked: "claude-opus-4-1", usage: million }],
    [
      "an unknown host",
      { url: "https://llm.example.com/v1/chat/completions", asked: "gpt-4o", usage: million },
    ],
    [
      "a machine of one's own",
      { url: "http://127.0.0.1:8000/v1/chat/completions", asked: "gpt-4o", usage: million },
    ],
    ["no host", { url: "/v1/chat/completions", asked: "gpt-4o", usage: million }],
    [
      "a market without its own figure",
      {
        url: "https://openrouter.ai/api/v1/chat/completions",
        asked: "openai/gpt-4o",
        usage: million,
      },
    ],
    ["the flex tier", { asked: "gpt-4o", usage: million, response: { service_tier: "flex" } }],
    [
      "the priority tier in the usage",
      {
        url: ANTHROPIC,
        asked: "claude-opus-4-1",
        usage: { input_tokens: 1, output_tokens: 1, service_tier: "priority" },
      },
    ],
    [
      "a tier of tomorrow",
      { asked: "gpt-4o", usage: million, response: { service_tier: "turbo" } },
    ],
    [
      "tools billed beside the tokens",
      { asked: "gpt-4o", usage: million, response: { output: [{ type: "web_search_call" }] } },
    ],
    [
      "grounding",
      {
        url: "https://generativelanguage.googleapis.com/v1/x",
        asked: "gemini-2.5-flash",
        usage: { promptTokenCount: 1, totalTokenCount: 1 },
        response: { candidates: [{ groundingMetadata: { webSearchQueries: ["q"] } }] },
      },
    ],
    ["no usage", { asked: "gpt-4o", usage: null }],
    ["no input count", { asked: "gpt-4o", usage: { completion_tokens: 5 } }],
    [
      "counts that contradict each other",
      {
        url: ANTHROPIC,
        asked: "claude-opus-4-1",
        usage: {
          input_tokens: 1,
          output_tokens: 1,
          cache_creation_input_tokens: 5,
          cache_creation: { ephemeral_1h_input_tokens: 50 },
        },
      },
    ],
    ["hostile names", { asked: "__proto__", usage: million }],
  ];
  for (const [name, words] of cases) assert.equal(priceOf(query(words)), null, name);
});

test("plain tiers have the list price", () => {
  for (const tier of ["default", "standard", "auto", "on_demand"]) {
    assert.equal(usd({ asked: "gpt-4o", usage: million, response: { service_tier: tier } }), 2.5);
  }
});

test("prices are those of the day of the exchange", () => {
  const usage = { prompt_tokens: 1e6, completion_tokens: 0, total_tokens: 1e6 };
  const at = (day: string) => usd({ asked: "o3", usage, started: new Date(day) });
  assert.equal(at("2025-05-01"), 10);
  assert.equal(at("2025-12-01"), 2);
});

test("a model costs the same the first time and later, each by its own list", () => {
  const served = "2026-03-01T00:00:00Z";
  const counts = { input_tokens: 1e6, output_tokens: 2e6 };
  const usage = { prompt_tokens: 1e6, completion_tokens: 2e6, total_tokens: 3e6 };
  const models = ["gpt-4o", "gpt-4o-mini", "gpt-4o-2024-05-13", "o3", "gpt-5-20250807", "gpt-none"];
  for (const asked of [...models, ...models]) {
    const started = new Date(served);
    const table = calcPrice(counts, asked, { providerId: "openai", timestamp: started });
    assert.equal(priceOf(query({ asked, usage, started }))?.usd, table?.total_price, asked);
  }
});

test("the list of the day says whether counts fit, also for a model that is new to us", () => {
  const usage = {
    prompt_tokens: 100,
    completion_tokens: 10,
    prompt_tokens_details: { cached_tokens: 200 },
  };
  const url = "https://api.mistral.ai/v1/chat/completions";
  const odd = query({ url, asked: "ministral-8b-latest", usage, started: new Date("2025-06-15") });
  const first = priceOf(odd)?.usd;
  assert.ok(first !== undefined);
  assert.equal(priceOf(odd)?.usd, first);
});
