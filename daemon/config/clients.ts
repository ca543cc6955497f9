/**
 * Recognition of clients: the one table of how known tools name themselves on the wire, and in which
 * headers they send their session. Observed in November 2026 (docs/recipes.md).
 *
 * What always holds: the first row that matches wins, so narrower rows stand first; an unknown
 * client is null, never a guess. Keys are lower-case header names. Pure data and two lookups.
 */

interface ClientRow {
  readonly name: string;
  /** Lower-case header name → pattern that its value must match. */
  readonly header: string;
  readonly pattern: RegExp;
}

export const CLIENTS: readonly ClientRow[] = [
  { name: "claude-code", header: "user-agent", pattern: /^claude-(?:cli|code)\//i },
  { name: "claude-code", header: "x-claude-code-session-id", pattern: /./ },
  { name: "codex", header: "user-agent", pattern: /^codex[_-]/i },
  { name: "codex", header: "originator", pattern: /^codex/i },
  { name: "gemini-cli", header: "user-agent", pattern: /^GeminiCLI\b/i },
  { name: "qwen-code", header: "user-agent", pattern: /^QwenCode\//i },
  { name: "opencode", header: "user-agent", pattern: /^opencode\//i },
  { name: "cline", header: "user-agent", pattern: /^cline\//i },
  { name: "cline", header: "x-title", pattern: /^cline$/i },
  { name: "roo-code", header: "user-agent", pattern: /^RooCode\//i },
  { name: "roo-code", header: "x-title", pattern: /^roo code$/i },
  { name: "kilo-code", header: "x-title", pattern: /^kilo code$/i },
  { name: "continue", header: "user-agent", pattern: /^continue\//i },
  { name: "pi", header: "user-agent", pattern: /^pi(?: \(|\/)/i },
  { name: "aider", header: "x-title", pattern: /^aider$/i },
  { name: "goose", header: "user-agent", pattern: /^goose\//i },
  { name: "copilot-cli", header: "user-agent", pattern: /^copilot\//i },
  { name: "crush", header: "user-agent", pattern: /^crush\//i },
  { name: "zed", header: "user-agent", pattern: /^zed\//i },
  { name: "open-webui", header: "user-agent", pattern: /^open-?webui/i },
  { name: "litellm", header: "user-agent", pattern: /^litellm\//i },
  { name: "openai-sdk", header: "user-agent", pattern: /^(?:Async)?OpenAI\//i },
  { name: "anthropic-sdk", header: "user-agent", pattern: /^(?:Async)?Anthropic\//i },
  { name: "google-genai", header: "user-agent", pattern: /^google-genai-sdk\//i },
  { name: "google-genai", header: "x-goog-api-client", pattern: /^google-genai-sdk\//i },
  {
    name: "mistral-sdk",
    header: "user-agent",
    pattern: /^(?:mistral-client|speakeasy-sdk\/.*mistral)/i,
  },
  { name: "ollama-sdk", header: "user-agent", pattern: /^ollama-(?:js|python)\//i },
  { name: "ollama", header: "user-agent", pattern: /^ollama\//i },
  { name: "openrouter-sdk", header: "user-agent", pattern: /^speakeasy-sdk\/.*openrouter/i },
  { name: "langchain", header: "user-agent", pattern: /langchain/i },
  { name: "ai-sdk", header: "user-agent", pattern: /^ai\/|\bai-sdk[/-]/i },
  { name: "curl", header: "user-agent", pattern: /^curl\//i },
];

/** Headers that carry a session id, the most telling first (wire notes in docs/recipes.md). */
export const SESSION_HEADERS: readonly string[] = [
  "x-claude-code-session-id",
  "session-id",
  "thread-id",
  "x-session-id",
  "session_id",
];

type HeaderTable = Readonly<Record<string, string | string[] | undefined>>;

/** Name of the client, or null where it does not say what it is. */
export function recogniseClient(headers: HeaderTable): string | null {
  for (const { name, header, pattern } of CLIENTS) {
    const value = headers[header];
    if (typeof value === "string" && pattern.test(value)) return name;
  }
  return null;
}

/** The session id that the client sends in a header, or null. */
export function sessionOf(headers: HeaderTable): string | null {
  for (const name of SESSION_HEADERS) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}
