/**
 * Keys of LLM providers and of the tools around them. Prefixes and lengths are as the providers
 * issue them (November 2026); lower bounds are set below the issued length, because a prefix this
 * specific with twenty characters behind it is worth hiding even when it was cut.
 */
import { ENDS, isVaried, type Rule, token } from "./rule.ts";

const W = "[A-Za-z0-9_-]";
const A = "[A-Za-z0-9]";

const hasDigitAndCapital = (s: string): boolean =>
  /\d/.test(s) && /[A-Z]/.test(s.slice(3)) && isVaried(s.slice(3));

export const LLM_RULES: readonly Rule[] = [
  token("anthropic-key", "sk-ant-", `${W}{20,256}`),
  token("openrouter-key", "sk-or-", `${W}{20,256}`),
  token("openai-project-key", "sk-proj-", `${W}{20,256}`),
  token("openai-service-key", ["sk-svcacct-", "sk-None-"], `${W}{20,256}`),
  token("openai-admin-key", "sk-admin-", `${W}{20,256}`),
  token("openai-session", "sess-", `${A}{36,64}`),
  token("langfuse-key", "sk-lf-", "[0-9a-f-]{32,40}"),
  token("helicone-key", ["sk-helicone-", "pk-helicone-"], `${W}{16,64}`),
  token("bifrost-key", "sk-bf-", "[0-9a-f-]{32,40}"),
  // OpenAI's older keys, and what DeepSeek, Moonshot, Qwen, LiteLLM and many gateways issue.
  token("sk-key", "sk-", `(?:[a-z]{2,12}-)?${A}{20,128}`),
  token("context7-key", "ctx7sk-", `${W}{20,64}`, { left: "any" }),
  token("xai-key", "xai-", `${A}{32,128}`),
  token("groq-key", "gsk_", `${A}{32,96}`),
  token("huggingface-token", "hf_", `${A}{28,64}`),
  token("huggingface-org-token", "api_org_", `${A}{28,64}`),
  token("perplexity-key", "pplx-", `${A}{32,96}`, { left: "any" }),
  token("replicate-token", "r8_", `${A}{30,64}`),
  token("cerebras-key", "csk-", `${A}{30,96}`),
  token("fireworks-key", "fw_", `${A}{20,64}`),
  token("together-key", "tgp_v1_", `${W}{30,96}`, { left: "any" }),
  token("nvidia-key", "nvapi-", `${W}{40,128}`, { left: "any" }),
  token("vercel-gateway-key", "vck_", `${A}{32,96}`),
  token("tavily-key", "tvly-", `${W}{20,64}`, { left: "any" }),
  token("jina-key", "jina_", `${W}{40,96}`),
  token("firecrawl-key", "fc-", "[0-9a-fA-F]{32}"),
  token("langsmith-key", ["lsv2_pt_", "lsv2_sk_"], "[0-9a-fA-F]{32}_[0-9a-fA-F]{10}", {
    left: "any",
  }),
  token("pinecone-key", "pcsk_", `${W}{40,128}`, { left: "any" }),
  token("e2b-key", "e2b_", "[0-9a-fA-F]{40}"),
  token("runpod-key", ["rpa_", "rps_"], `${A}{32,64}`),
  token("brave-key", "BSA", `${W}{27,28}${ENDS}`, { accept: hasDigitAndCapital }),
  token("apify-token", "apify_api_", `${A}{30,48}`, { left: "any" }),
  token("browserbase-key", "bb_live_", `${W}{20,64}`),
  token("windsurf-key", "sk-ws-", `${W}{20,128}`),
  token("voyage-key", "pa-", `${W}{43,64}`, { accept: hasDigitAndCapital }),
  token("elevenlabs-key", "sk_", "[0-9a-fA-F]{48}"),
];
