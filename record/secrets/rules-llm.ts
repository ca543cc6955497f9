/**
 * Keys of LLM providers and of the tools around them. Prefixes and lengths are as the providers
 * issue them (November 2026); lower bounds are set below the issued length, because a prefix this
 * specific with twenty characters behind it is worth hiding even when it was cut.
 */
import { isVaried, prefixed, type Rule } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";

/** A key without a prefix of its own, recognised by the provider's name in front of it. */
function byContext(name: string, anchors: string[], words: string, value: string): Rule {
  return {
    name,
    anchors,
    fold: true,
    pattern: new RegExp(
      `(?:${words})[A-Za-z0-9_. -]{0,16}["']?\\s{0,4}[:=]>?\\s{0,4}["']?(?:Bearer )?(${value})(?![A-Za-z0-9])`,
      "gi",
    ),
    accept: (secret) => /\d/.test(secret) && isVaried(secret),
  };
}

export const LLM_RULES: readonly Rule[] = [
  prefixed("anthropic-key", "sk-ant-", `${W}{20,256}`),
  prefixed("openrouter-key", "sk-or-", `${W}{20,256}`),
  prefixed("openai-project-key", "sk-proj-", `${W}{20,256}`),
  prefixed("openai-service-key", ["sk-svcacct-", "sk-None-"], `${W}{20,256}`),
  prefixed("openai-admin-key", "sk-admin-", `${W}{20,256}`),
  prefixed("openai-session", "sess-", `${A}{36,64}`),
  prefixed("langfuse-key", "sk-lf-", "[0-9a-f-]{32,40}"),
  prefixed("helicone-key", "sk-helicone-", `${W}{16,64}`),
  // OpenAI's older keys, and what DeepSeek, Moonshot, Qwen, LiteLLM and many gateways issue.
  prefixed("sk-key", "sk-", `(?:[a-z]{2,12}-)?${A}{20,128}`),
  prefixed("xai-key", "xai-", `${A}{32,128}`),
  prefixed("groq-key", "gsk_", `${A}{32,96}`),
  prefixed("huggingface-token", "hf_", `${A}{28,64}`),
  prefixed("huggingface-org-token", "api_org_", `${A}{28,64}`),
  prefixed("perplexity-key", "pplx-", `${A}{32,96}`),
  prefixed("replicate-token", "r8_", `${A}{30,64}`),
  prefixed("cerebras-key", "csk-", `${A}{30,96}`),
  prefixed("fireworks-key", "fw_", `${A}{20,64}`),
  prefixed("together-key", "tgp_v1_", `${W}{30,96}`),
  prefixed("nvidia-key", "nvapi-", `${W}{40,128}`),
  prefixed("vercel-gateway-key", "vck_", `${A}{32,96}`),
  prefixed("tavily-key", "tvly-", `${W}{20,64}`),
  prefixed("jina-key", "jina_", `${W}{40,96}`),
  prefixed("firecrawl-key", "fc-", "[0-9a-f]{32}"),
  prefixed("langsmith-key", ["lsv2_pt_", "lsv2_sk_"], "[0-9a-f]{32}_[0-9a-f]{10}"),
  prefixed("pinecone-key", "pcsk_", `${W}{40,128}`),
  prefixed("e2b-key", "e2b_", "[0-9a-f]{40}"),
  prefixed(
    "voyage-key",
    "pa-",
    `${W}{43,64}`,
    (s) => /\d/.test(s) && isVaried(s) && /[A-Z]/.test(s),
  ),
  prefixed("elevenlabs-key", "sk_", "[0-9a-f]{48}"),
  byContext("mistral-key", ["mistral"], "mistral", `${A}{32}`),
  byContext("cohere-key", ["cohere", "co_api"], "cohere|co_api", `${A}{40}`),
  byContext("together-key", ["together"], "together", "[0-9a-f]{64}"),
  byContext("azure-openai-key", ["azure", "openai"], "azure|openai", "[0-9a-f]{32}"),
  byContext(
    "zai-key",
    ["zhipu", "bigmodel", "zai", "glm"],
    "zhipu|bigmodel|z\\.?ai|glm",
    `[0-9a-f]{32}\\.${A}{16}`,
  ),
  byContext("deepgram-key", ["deepgram", "assemblyai"], "deepgram|assemblyai", "[0-9a-f]{32,40}"),
  byContext("wandb-key", ["wandb"], "wandb", "[0-9a-f]{40}"),
];
