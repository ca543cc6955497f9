/**
 * The upstreams that exist without being written down: the one table of presets.
 *
 * What always holds: `url` is what precedes the path that a client's usual base URL carries, so that
 * `http://127.0.0.1:4177/<name>` can be put in the place of the host (and of any prefix that is
 * always the same) in a vendor's documentation: `/openrouter/v1/chat/completions` goes to
 * https://openrouter.ai/api/v1/chat/completions. Addresses of November 2026, from each vendor's
 * API reference. Presets to public hosts never connect to a private address.
 */

export interface Preset {
  readonly url: string;
  /** Base URL for a client, behind the daemon's own address. */
  readonly base: string;
  readonly note: string;
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  openai: { url: "https://api.openai.com", base: "/openai/v1", note: "OpenAI" },
  anthropic: {
    url: "https://api.anthropic.com",
    base: "/anthropic",
    note: "Anthropic; SDKs add /v1/messages themselves",
  },
  google: {
    url: "https://generativelanguage.googleapis.com",
    base: "/google",
    note: "Gemini API; SDKs add /v1beta/models/… themselves",
  },
  openrouter: { url: "https://openrouter.ai/api", base: "/openrouter/v1", note: "OpenRouter" },
  mistral: {
    url: "https://api.mistral.ai",
    base: "/mistral/v1",
    note: "Mistral; its own SDK takes /mistral",
  },
  groq: { url: "https://api.groq.com/openai", base: "/groq/v1", note: "Groq" },
  deepseek: { url: "https://api.deepseek.com", base: "/deepseek/v1", note: "DeepSeek" },
  xai: { url: "https://api.x.ai", base: "/xai/v1", note: "xAI" },
  together: { url: "https://api.together.xyz", base: "/together/v1", note: "Together AI" },
  fireworks: {
    url: "https://api.fireworks.ai/inference",
    base: "/fireworks/v1",
    note: "Fireworks AI",
  },
  cerebras: { url: "https://api.cerebras.ai", base: "/cerebras/v1", note: "Cerebras" },
  moonshot: { url: "https://api.moonshot.ai", base: "/moonshot/v1", note: "Moonshot AI (Kimi)" },
  zai: {
    url: "https://api.z.ai/api",
    base: "/zai/paas/v4",
    note: "Z.AI (GLM); coding plan: /zai/coding/paas/v4",
  },
  perplexity: { url: "https://api.perplexity.ai", base: "/perplexity", note: "Perplexity" },
  cohere: { url: "https://api.cohere.com", base: "/cohere/v2", note: "Cohere" },
  nvidia: { url: "https://integrate.api.nvidia.com", base: "/nvidia/v1", note: "NVIDIA NIM" },
  huggingface: {
    url: "https://router.huggingface.co",
    base: "/huggingface/v1",
    note: "Hugging Face Inference Providers",
  },
  "github-models": {
    url: "https://models.github.ai",
    base: "/github-models/inference",
    note: "GitHub Models",
  },
  copilot: {
    url: "https://api.githubcopilot.com",
    base: "/copilot",
    note: "GitHub Copilot (individual plan)",
  },
  chatgpt: {
    url: "https://chatgpt.com/backend-api",
    base: "/chatgpt/codex",
    note: "Codex with a ChatGPT login",
  },
  ollama: {
    url: "http://127.0.0.1:11434",
    base: "/ollama",
    note: "Ollama; OpenAI mode: /ollama/v1",
  },
  lmstudio: { url: "http://127.0.0.1:1234", base: "/lmstudio/v1", note: "LM Studio" },
  llamacpp: {
    url: "http://127.0.0.1:8080",
    base: "/llamacpp/v1",
    note: "llama.cpp's llama-server",
  },
  vllm: { url: "http://127.0.0.1:8000", base: "/vllm/v1", note: "vLLM" },
  litellm: { url: "http://127.0.0.1:4000", base: "/litellm/v1", note: "LiteLLM proxy" },
  playback: {
    url: "playback:",
    base: "/playback/v1",
    note: "embedded: answers from recorded captures, no key, no network",
  },
};
