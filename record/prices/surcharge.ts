/**
 * Whether list prices by the token hold for a response at all. They do not for other tiers (flex,
 * priority, batch, fast, provisioned), for regions that cost more, nor where the provider's own tools
 * (searches, containers, pictures) are billed beside the tokens.
 *
 * What always holds: a tier that is not known counts as another tier; reads the response alone; never
 * throws.
 */
import { get, isObject, list, num, str, word } from "../dialects/json.ts";

const PLAIN = new Set(["default", "standard", "auto", "on_demand", "global", "not_available"]);
const TIERS = ["service_tier", "serviceTier", "trafficType", "inference_geo", "speed"];

/** Items of a Responses output that cost something of their own. */
const BILLED_ITEMS = new Set([
  "web_search_call",
  "file_search_call",
  "code_interpreter_call",
  "image_generation_call",
  "computer_call",
]);

/**
 * Why the list price does not hold, in plain words; null where it does.
 *
 * @param response parsed response, plain or assembled
 * @param usage the provider's usage object in it
 */
export function surcharge(response: unknown, usage: unknown): string | null {
  for (const from of [response, usage]) {
    for (const key of TIERS) {
      const tier = word(from, key) ?? word(from, key, "type");
      if (tier !== null && !PLAIN.has(tier.toLowerCase())) return `${key} is ${tier}`;
    }
  }
  if (str(response, "performanceConfig", "latency") === "optimized") return "latency is optimized";
  for (const item of list(response, "output")) {
    const type = str(item, "type");
    if (type !== null && BILLED_ITEMS.has(type)) return `a ${type} is billed beside the tokens`;
  }
  return grounded(response);
}

/** Gemini bills grounding by the prompt; some OpenAI-like APIs count their searches. */
function grounded(response: unknown): string | null {
  const inner = isObject(get(response, "response")) ? get(response, "response") : response;
  for (const candidate of list(inner, "candidates")) {
    const queries = list(candidate, "groundingMetadata", "webSearchQueries");
    const chunks = list(candidate, "groundingMetadata", "groundingChunks");
    if (queries.length + chunks.length > 0) return "grounding is billed beside the tokens";
  }
  const searches =
    num(inner, "usage", "num_search_queries") ?? num(inner, "usage", "num_sources_used");
  return searches !== null && searches > 0 ? "searches are billed beside the tokens" : null;
}
