/**
 * What an exchange cost, in US dollars.
 *
 * What always holds: the provider's own figure comes first; else the list prices of the package
 * @pydantic/genai-prices as installed (its bundled table: nothing is ever fetched). No figure rather
 * than a wrong one: an unknown host, model, tier or surcharge gives null. See docs/decisions.
 */
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { Facts } from "../dialects/dialect.ts";
import { get, isObject, list, num, word } from "../dialects/json.ts";
import type { HeaderPairs } from "../dialects/normal.ts";
import { normaliseUsage } from "../dialects/usage.ts";
import { LIMITS } from "../limits.ts";
import { surcharge } from "./surcharge.ts";

/** Version and publication day of the price table; a test holds the version to package.json. */
export const PRICE_TABLE = "@pydantic/genai-prices 0.1.8 (2026-09-23)";

export interface PriceQuery {
  /** Absolute URL upstream: the host says whose prices hold. With a path alone none do. */
  readonly url: string;
  /** The model asked for. */
  readonly model: string | null;
  readonly facts: Facts;
  /** Parsed response, plain or assembled. */
  readonly response: unknown;
  /** Response headers. */
  readonly headers: HeaderPairs;
  /** When the exchange started, for prices change; absent: the prices of today. */
  readonly started?: Date;
}

export interface Price {
  readonly usd: number;
  /** `provider`, or the package with version and date. */
  readonly source: string;
}

/** Counting, fetching and cancelling are free; a response fetched again was paid for before. */
const UNPAID = new Set(["count_tokens", "retrieve", "cancel", "delete", "list_input"]);

/** Whether an operation is paid for at all. */
export function isPaid(operation: string): boolean {
  return !UNPAID.has(operation);
}

/** The cost of one exchange, or null where it is not known. Never throws. */
export function priceOf(query: PriceQuery): Price | null {
  const own = ownFigure(query.facts.usage, query.headers);
  if (own !== null) return { usd: own, source: "provider" };
  try {
    return listPrice(query);
  } catch {
    // The table refuses counts that contradict each other.
    return null;
  }
}

/** xAI counts in ticks: 10^10 to the dollar. */
const TICKS = 1e10;

function ownFigure(usage: unknown, headers: HeaderPairs): number | null {
  const cost = num(usage, "cost") ?? num(usage, "cost", "total_cost");
  if (cost !== null) {
    // With the caller's own key at the provider OpenRouter's figure is its fee alone.
    if (get(usage, "is_byok") !== true) return cost;
    const upstream = num(usage, "cost_details", "upstream_inference_cost");
    return upstream === null ? null : cost + upstream;
  }
  const ticks = num(usage, "cost_in_usd_ticks");
  if (ticks !== null) return ticks / TICKS;
  const header = headers.find(([name]) => name.toLowerCase() === "x-litellm-response-cost")?.[1];
  const told = header === undefined || header.trim() === "" ? Number.NaN : Number(header);
  return Number.isFinite(told) ? told : null;
}

/** Whoever serves a model there asks a price of their own: the host says nothing. */
const MARKETS = new Set(["openrouter"]);

function listPrice({ url, model, facts, response, started }: PriceQuery): Price | null {
  const { usage: raw, servedModel } = facts;
  if (!isObject(raw) || !url.startsWith("https://")) return null;
  const providerId = providerAt(url);
  if (providerId === null || MARKETS.has(providerId)) return null;
  if (surcharge(response, raw) !== null) return null;
  const counts = countsFor(raw);
  if (counts === null) return null;
  // Bedrock's ids say which region pays, its models' own names do not; elsewhere (Azure's
  // deployments, aliases) what was served is what is paid for.
  const names = providerId === "aws" ? [model, servedModel] : [servedModel, model];
  for (const name of names) {
    if (name === null || (providerId === "google" && name.includes("claude"))) continue;
    const provider = listWith(providerId, name);
    const price = provider && calcPrice(counts, name, { provider, timestamp: started });
    if (price === null) continue;
    // A count that the model's list has no price for would make the sum too small.
    if (counts.web_searches && price.model_price.web_searches_kcount === undefined) return null;
    if (!Number.isFinite(price.total_price)) return null;
    return { usd: price.total_price, source: PRICE_TABLE };
  }
  return null;
}

/** Provider ids by URL: the table's patterns are slow to try one after the other. */
const providers = new Map<string, string | null>();

function providerAt(url: string): string | null {
  const place = url.slice(0, LIMITS.priceUrlCount).split(/[?#]/, 1)[0]!;
  let id = providers.get(place);
  if (id === undefined) {
    if (providers.size >= LIMITS.priceUrlsCount) providers.clear();
    id = findProvider({ providerApiUrl: place })?.id ?? null;
    providers.set(place, id);
  }
  return id;
}

type Provider = NonNullable<ReturnType<typeof findProvider>>;

/** By provider and name of a model: the provider with this model alone, or null where it has none. */
const lists = new Map<string, Provider | null>();

/** The table tries the patterns of all models of a provider for each price, which is slow as well. */
function listWith(providerId: string, name: string): Provider | null {
  if (name.length > LIMITS.priceModelCount) return null;
  const key = `${providerId} ${name}`;
  let found = lists.get(key);
  if (found === undefined) {
    if (lists.size >= LIMITS.priceModelsCount) lists.clear();
    // Counts that no list refuses: whether the real ones fit is for the list of their day to say.
    const price = calcPrice({ input_tokens: 0 }, name, { providerId });
    found = price === null ? null : { ...price.provider, models: [price.model] };
    lists.set(key, found);
  }
  return found;
}

/** The counts in the table's words. Input and output are all-inclusive there as here. */
function countsFor(raw: unknown): Record<string, number> | null {
  const usage = normaliseUsage(raw);
  if (usage?.input_tokens === undefined) return null;
  const counts: Record<string, number> = { input_tokens: usage.input_tokens };
  const set = (key: string, value: number | null | undefined) => {
    if (value) counts[key] = value;
  };
  set("output_tokens", usage.output_tokens);
  set("cache_read_tokens", usage.cache_read_input_tokens);
  set("cache_write_tokens", usage.cache_creation_input_tokens);
  set("cache_write_1h_tokens", num(raw, "cache_creation", "ephemeral_1h_input_tokens"));
  set("cache_write_5m_tokens", num(raw, "cache_creation", "ephemeral_5m_input_tokens"));
  set("input_audio_tokens", of(raw, "AUDIO", "promptTokensDetails", "prompt_tokens_details"));
  set(
    "output_audio_tokens",
    of(raw, "AUDIO", "candidatesTokensDetails", "completion_tokens_details"),
  );
  set("output_image_tokens", of(raw, "IMAGE", "candidatesTokensDetails", "output_tokens_details"));
  set("cache_audio_read_tokens", of(raw, "AUDIO", "cacheTokensDetails", ""));
  set("web_searches", num(raw, "server_tool_use", "web_search_requests"));
  return counts;
}

/** Tokens of one modality: in Gemini's list of them, or under OpenAI's `audio_tokens`. */
function of(raw: unknown, modality: string, gemini: string, openai: string): number | null {
  const part = list(raw, gemini).find((entry) => word(entry, "modality") === modality);
  return num(part, "tokenCount") ?? num(raw, openai, `${modality.toLowerCase()}_tokens`);
}
