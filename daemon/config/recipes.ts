/**
 * How each known client is pointed at the daemon: the data behind `callnumber connect`.
 *
 * What always holds: `{base}` stands for the daemon's address with token and number where they are
 * wanted, `{upstream}` for the upstream's name, `{openai}` for the base URL under which that upstream
 * speaks OpenAI's dialect; each recipe is what the client's own documentation
 * asks for (November 2026), with the path that this client appends. Nothing else knows recipes.
 */

import { PRESETS } from "./presets.ts";

export interface RecipeStep {
  /** A line for the shell, a file to write into (named), or a sentence. */
  readonly kind: "shell" | "file" | "note";
  /** Path of the file, for `file`. */
  readonly path?: string;
  readonly text: string;
}

export interface Recipe {
  readonly client: string;
  readonly title: string;
  /** Upstream where the user names none. */
  readonly upstream: string;
  readonly steps: readonly RecipeStep[];
  /** How the daemon tells this client from others; null where only the number in the URL does. */
  readonly recognisedBy: string | null;
  /** Where this recipe is run for real against the daemon, or why it is not. */
  readonly proof: string;
}

const AGENTS = "run as printed by `npm run test:agents`";
const SDKS = "run as printed by `test/e2e/recipes.test.ts`";

const NUMBER_NOTE: RecipeStep = {
  kind: "note",
  text: "this client does not say what it is: give it a number of its own with --number NN.NN",
};

export const RECIPES: readonly Recipe[] = [
  {
    client: "claude-code",
    title: "Claude Code",
    upstream: "anthropic",
    recognisedBy: "user-agent",
    proof: AGENTS,
    steps: [
      { kind: "shell", text: "export ANTHROPIC_BASE_URL={base}/{upstream}" },
      { kind: "shell", text: "claude" },
    ],
  },
  {
    client: "codex",
    title: "Codex CLI (API key, HTTP)",
    upstream: "openai",
    recognisedBy: "user-agent, originator",
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "~/.codex/config.toml",
        text: `model_provider = "callnumber"

[model_providers.callnumber]
name = "callnumber"
base_url = "{openai}"
env_key = "OPENAI_API_KEY"
wire_api = "responses"`,
      },
      { kind: "shell", text: "codex" },
    ],
  },
  {
    client: "codex-websocket",
    title: "Codex CLI (built-in provider, WebSocket)",
    upstream: "openai",
    recognisedBy: "user-agent, originator",
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "~/.codex/config.toml",
        text: 'openai_base_url = "{openai}"',
      },
      { kind: "shell", text: "codex" },
    ],
  },
  {
    client: "codex-chatgpt",
    title: "Codex CLI (ChatGPT login)",
    upstream: "chatgpt",
    recognisedBy: "user-agent, originator",
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "~/.codex/config.toml",
        text: 'openai_base_url = "{base}/{upstream}/codex"',
      },
      { kind: "shell", text: "codex" },
    ],
  },
  {
    client: "gemini-cli",
    title: "Gemini CLI",
    upstream: "google",
    recognisedBy: "user-agent",
    proof: AGENTS,
    steps: [
      { kind: "shell", text: "export GOOGLE_GEMINI_BASE_URL={base}/{upstream}" },
      {
        kind: "file",
        path: "~/.gemini/settings.json",
        // Else it takes a base URL for a gateway and refuses to run headless.
        text: '{ "security": { "auth": { "selectedType": "gemini-api-key" } } }',
      },
      { kind: "shell", text: "gemini" },
    ],
  },
  {
    client: "qwen-code",
    title: "Qwen Code",
    upstream: "openrouter",
    recognisedBy: "user-agent",
    proof: AGENTS,
    steps: [
      { kind: "shell", text: "export OPENAI_BASE_URL={openai}" },
      { kind: "shell", text: "qwen" },
    ],
  },
  {
    client: "opencode",
    title: "opencode",
    upstream: "openrouter",
    recognisedBy: "user-agent",
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "opencode.json",
        text: `{
  "$schema": "https://opencode.ai/config.json",
  "provider": {
    "{upstream}": { "options": { "baseURL": "{openai}" } }
  }
}`,
      },
      { kind: "shell", text: "opencode" },
    ],
  },
  {
    client: "cline",
    title: "Cline (editor and CLI)",
    upstream: "openrouter",
    recognisedBy: null,
    proof: AGENTS,
    steps: [
      {
        kind: "shell",
        text: "cline auth -p openai -k YOUR_KEY -m YOUR/MODEL -b {openai}",
      },
      {
        kind: "note",
        text: "in the editor: API Provider “OpenAI Compatible”, Base URL {openai}",
      },
      { kind: "shell", text: "cline" },
      NUMBER_NOTE,
    ],
  },
  {
    client: "continue",
    title: "Continue",
    upstream: "openrouter",
    recognisedBy: null,
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "~/.continue/config.yaml",
        // Without the first three lines it takes the file for damaged and does not start.
        text: `name: through callnumber
version: 1.0.0
schema: v1
models:
  - name: through callnumber
    provider: openai
    model: YOUR/MODEL
    apiBase: {openai}
    apiKey: YOUR_KEY`,
      },
      { kind: "shell", text: "cn" },
      NUMBER_NOTE,
    ],
  },
  {
    client: "pi",
    title: "pi",
    upstream: "openrouter",
    recognisedBy: "user-agent",
    proof: AGENTS,
    steps: [
      {
        kind: "file",
        path: "~/.pi/agent/models.json",
        text: `{
  "providers": {
    "{upstream}": { "baseUrl": "{openai}" }
  }
}`,
      },
      { kind: "shell", text: "pi --provider {upstream}" },
    ],
  },
  {
    client: "aider",
    title: "Aider",
    upstream: "openai",
    recognisedBy: null,
    proof: "not run: a Python program, not on npm",
    steps: [
      { kind: "shell", text: "export OPENAI_API_BASE={openai}" },
      { kind: "shell", text: "aider --model openai/YOUR_MODEL" },
      NUMBER_NOTE,
    ],
  },
  {
    client: "openai-sdk",
    title: "OpenAI SDK (Python, JavaScript)",
    upstream: "openai",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [{ kind: "shell", text: "export OPENAI_BASE_URL={openai}" }],
  },
  {
    client: "anthropic-sdk",
    title: "Anthropic SDK (Python, JavaScript)",
    upstream: "anthropic",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [{ kind: "shell", text: "export ANTHROPIC_BASE_URL={base}/{upstream}" }],
  },
  {
    client: "google-genai",
    title: "Google Gen AI SDK",
    upstream: "google",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [
      {
        kind: "file",
        path: "your program",
        text: 'new GoogleGenAI({ apiKey, httpOptions: { baseUrl: "{base}/{upstream}" } })',
      },
    ],
  },
  {
    client: "mistral-sdk",
    title: "Mistral SDK",
    upstream: "mistral",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [
      {
        kind: "file",
        path: "your program",
        text: 'new Mistral({ apiKey, serverURL: "{base}/{upstream}" })',
      },
    ],
  },
  {
    client: "ollama",
    title: "Ollama clients (CLI, JavaScript, Python)",
    upstream: "ollama",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [
      { kind: "shell", text: "export OLLAMA_HOST={base}/{upstream}" },
      // The one in JavaScript does not look at the environment.
      {
        kind: "file",
        path: "your program",
        text: 'new Ollama({ host: "{base}/{upstream}" })',
      },
    ],
  },
  {
    client: "ai-sdk",
    title: "AI SDK (ai, @ai-sdk/*)",
    upstream: "openai",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [
      {
        kind: "file",
        path: "your program",
        text: 'createOpenAI({ baseURL: "{openai}" })',
      },
      {
        kind: "note",
        text: "createAnthropic takes {base}/anthropic/v1, createGoogleGenerativeAI {base}/google/v1beta",
      },
    ],
  },
  {
    client: "curl",
    title: "curl",
    upstream: "playback",
    recognisedBy: "user-agent",
    proof: SDKS,
    steps: [
      {
        kind: "shell",
        text: `curl {base}/{upstream}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"playback-1","messages":[{"role":"user","content":"hello"}]}'`,
      },
    ],
  },
];

/** Where an upstream speaks OpenAI's dialect, if not at the base of its preset. */
const OPENAI_BASES: Readonly<Record<string, string>> = {
  anthropic: "/anthropic/v1",
  google: "/google/v1beta/openai",
  cohere: "/cohere/compatibility/v1",
  ollama: "/ollama/v1",
};

function openaiBase(upstream: string): string {
  const known = Object.hasOwn(OPENAI_BASES, upstream) ? OPENAI_BASES[upstream] : undefined;
  const preset = Object.hasOwn(PRESETS, upstream) ? PRESETS[upstream]?.base : undefined;
  return known ?? preset ?? `/${upstream}/v1`;
}

/** Puts address and upstream into the texts of a recipe. `base` has no slash at its end. */
export function fillRecipe(recipe: Recipe, base: string, upstream: string): RecipeStep[] {
  return recipe.steps.map((step) => ({
    ...step,
    text: step.text
      .replaceAll("{openai}", `${base}${openaiBase(upstream)}`)
      .replaceAll("{base}", base)
      .replaceAll("{upstream}", upstream),
  }));
}
