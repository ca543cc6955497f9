/**
 * What an exchange cost, in US dollars.
 *
 * What always holds: the provider's own figure comes first; else the list prices of the package
 * @pydantic/genai-prices as installed (its bundled table: nothing is ever fetched). No figure rather
 * than a wrong one: an unknown host, model or tier gives null. Pure.
 */
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { Facts } from "../dialects/dialect.ts";
import { LIMITS } from "../limits.ts";
import { get, isObject, list, num, str, word } from "../dialects/json.ts";
import type { HeaderPairs } from "../dialects/normal.ts";
import { normaliseUsage } from "../dialects/usage.ts";

/** Version and publication day of the price table; a test holds the version to package.json. */
export const PRICE_TABLE = "@pydantic/genai-prices 0.1.8 (2026-09-23)";

export interface PriceQuery {
  /** Absolute URL of the request upstream; with a path alone only the provider's figure counts. */
  readonly url: string;
  /** The model asked for. */
  readonly model: string | null;
  readonly facts: Facts;
  readonly headers: HeaderPairs;
  /** When the exchange started: prices change. Absent: today's. */
  readonly at?: Date;
}

export interface Price {
  readonly usd: number;
  /** Where the figure comes from: `provider`, or package, version and date. */
  readonly source: string;
}

/** The cost of one exchange, or null. Never throws. */
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
  const cost = num(usage, "cost");
  if (cost !== null) {
    // With the caller's own key at the provider OpenRouter's figure is only its fee.
    const upstream =
      get(usage, "is_byok") === true ? num(usage, "cost_details", "upstream_inference_cost") : 0;
    return upstream === null ? null : cost + upstream;
  }
  const total = num(usage, "cost", "total_cost");
  if (total !== null) return total;
  const ticks = num(usage, "cost_in_usd_ticks");
  if (ticks !== null) return ticks / TICKS;
  const header = headers.find(([name]) => name.toLowerCase() === "x-litellm-response-cost")?.[1];
  const told = header === undefined || header.trim() === "" ? Number.NaN : Number(header);
  return Number.isFinite(told) ? told : null;
}

/** Tiers that cost what the table says. Flex, priority, batch and fast cost something else. */
const PLAIN_TIERS = new Set([
  "default",
  "standard",
  "auto",
  "on_demand",
  "global",
  "not_available",
  "",
]);

/** Provider ids by the part of the URL without the query: the table's patterns are slow to try. */
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

function listPrice({ url, model, facts, at }: PriceQuery): Price | null {
  const { usage: raw, servedModel } = facts;
  if (!isObject(raw) || !/^https:\/\//.test(url)) return null;
  const providerId = providerAt(url);
  const name = servedModel ?? model;
  if (providerId === null || name === null || !plainTier(raw)) return null;
  const usage = countsFor(raw);
  if (usage === null) return null;
  const price =
    calcPrice(usage, name, { providerId, timestamp: at }) ??
    (model === null ? null : calcPrice(usage, model, { providerId, timestamp: at }));
  if (price === null || !Number.isFinite(price.total_price)) return null;
  return { usd: price.total_price, source: PRICE_TABLE };
}

function plainTier(raw: unknown): boolean {
  return ["service_tier", "inference_geo", "speed"].every((key) =>
    PLAIN_TIERS.has(str(raw, key) ?? ""),
  );
}

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
  set(
    "input_audio_tokens",
    num(raw, "prompt_tokens_details", "audio_tokens") ?? audio(raw, "promptTokensDetails"),
  );
  set("output_audio_tokens", num(raw, "completion_tokens_details", "audio_tokens"));
  set("cache_audio_read_tokens", audio(raw, "cacheTokensDetails"));
  set("web_searches", num(raw, "server_tool_use", "web_search_requests"));
  return counts;
}

/** Gemini splits its counts by modality. */
function audio(raw: unknown, key: string): number | null {
  const part = list(raw, key).find((entry) => word(entry, "modality") === "AUDIO");
  return num(part, "tokenCount");
}
