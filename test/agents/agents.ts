/**
 * The agents of the suite: the npm package of each, how it is run headless, and what the daemon is
 * to know of it. How it is pointed at an address comes from the recipes of `callnumber connect`.
 *
 * What always holds: keys are invented; telemetry, updates and everything else that would leave this
 * machine is switched off by the agent's own settings.
 */
import type { Behaviour } from "./fake-upstream.ts";

export type ScenarioName = "stream" | "whole" | "abort" | "429";

export const BEHAVIOURS: Readonly<Record<ScenarioName, Behaviour>> = {
  stream: {},
  whole: { emptyStreams: 1 },
  abort: { stalls: true },
  "429": { refusals: 1 },
};

export interface AgentCase {
  /** Recipe of `callnumber connect` that it is set up by. */
  readonly recipe: string;
  readonly package: string;
  /** Where not the newest; with the reason. */
  readonly version?: string;
  readonly bin: string;
  readonly args: (prompt: string) => string[];
  readonly env: Readonly<Record<string, string>>;
  /** Further files in its home, or text to stand before, or JSON to go into, one of the recipe. */
  readonly files?: Readonly<Record<string, string | object>>;
  /** What the user puts in the place of the recipe's `YOUR_KEY` and the like. */
  readonly fill?: Readonly<Record<string, string>>;
  /** Number it files under, and the name by which the daemon knows it; null where by none. */
  readonly number: string;
  readonly client: string | null;
  readonly api: string;
  /** Header that carries the session; null where there is none. */
  readonly session: string | null;
  readonly scenarios: readonly ScenarioName[];
}

const ALL: readonly ScenarioName[] = ["stream", "abort", "429"];
const OPENAI_KEY = "sk-test-0000000000000000000000";
const OPENROUTER_KEY = "sk-or-test-00000000";
const CODEX = {
  package: "@openai/codex",
  bin: "codex",
  args: (prompt: string) => ["exec", "--skip-git-repo-check", prompt],
  client: "codex",
  api: "openai.responses",
  session: "session-id",
  scenarios: ALL,
} as const;
const CODEX_SETTINGS = 'model = "gpt-5.1-codex"\ncheck_for_update_on_startup = false\n';

/** A login as `codex login` leaves it; the tokens are empty shells that nobody signed. */
function chatgptLogin(): object {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    email: "nobody@example.com",
    exp: 4_000_000_000,
    "https://api.openai.com/auth": { chatgpt_account_id: "acc-test", chatgpt_plan_type: "pro" },
  };
  const token = [part({ alg: "none", typ: "JWT" }), part(claims), "c2ln"].join(".");
  const tokens = { id_token: token, access_token: token, refresh_token: "rt-test" };
  return {
    auth_mode: "chatgpt",
    OPENAI_API_KEY: null,
    tokens: { ...tokens, account_id: "acc-test" },
    last_refresh: new Date().toISOString(),
  };
}

export const AGENTS: readonly AgentCase[] = [
  {
    recipe: "claude-code",
    package: "@anthropic-ai/claude-code",
    bin: "claude",
    args: (prompt) => ["-p", prompt],
    env: {
      ANTHROPIC_API_KEY: "sk-ant-api03-test-0000000000000000000000",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_ERROR_REPORTING: "1",
    },
    number: "12.11",
    client: "claude-code",
    api: "anthropic.messages",
    session: "x-claude-code-session-id",
    scenarios: ["whole", ...ALL],
  },
  {
    ...CODEX,
    recipe: "codex",
    env: { OPENAI_API_KEY: OPENAI_KEY },
    files: { "~/.codex/config.toml": CODEX_SETTINGS },
    number: "13.11",
  },
  {
    ...CODEX,
    recipe: "codex-websocket",
    env: { CODEX_API_KEY: OPENAI_KEY },
    files: { "~/.codex/config.toml": CODEX_SETTINGS },
    number: "13.12",
  },
  {
    ...CODEX,
    recipe: "codex-chatgpt",
    env: {},
    files: { "~/.codex/config.toml": CODEX_SETTINGS, "~/.codex/auth.json": chatgptLogin() },
    number: "13.13",
  },
  {
    recipe: "gemini-cli",
    package: "@google/gemini-cli",
    bin: "gemini",
    args: (prompt) => ["-m", "gemini-2.5-flash", "-p", prompt],
    env: {
      GEMINI_API_KEY: "AIzaTest00000000000000000000000000000",
      GEMINI_TELEMETRY_ENABLED: "false",
      GEMINI_CLI_TRUST_WORKSPACE: "true",
    },
    files: { "~/.gemini/settings.json": { general: { enableAutoUpdate: false } } },
    number: "14.11",
    client: "gemini-cli",
    api: "google.generate",
    session: null,
    scenarios: ALL,
  },
  {
    recipe: "qwen-code",
    package: "@qwen-code/qwen-code",
    bin: "qwen",
    args: (prompt) => ["--auth-type", "openai", "-p", prompt],
    env: { OPENAI_API_KEY: OPENAI_KEY, OPENAI_MODEL: "qwen/qwen3-coder" },
    files: { "~/.qwen/settings.json": { general: { enableAutoUpdate: false } } },
    number: "15.11",
    client: "qwen-code",
    api: "openai.chat",
    session: null,
    scenarios: ALL,
  },
  {
    recipe: "opencode",
    package: "opencode-ai",
    bin: "opencode",
    args: (prompt) => ["run", "-m", "openrouter/m", prompt],
    env: { OPENROUTER_API_KEY: OPENROUTER_KEY, OPENCODE_DISABLE_MODELS_FETCH: "1" },
    files: {
      "opencode.json": {
        autoupdate: false,
        share: "disabled",
        small_model: "openrouter/m",
        provider: { openrouter: { models: { m: { name: "m" } } } },
      },
    },
    number: "16.11",
    client: "opencode",
    api: "openai.chat",
    session: "x-session-id",
    scenarios: ALL,
  },
  {
    recipe: "cline",
    package: "cline",
    bin: "cline",
    args: (prompt) => [prompt],
    env: { CLINE_NO_AUTO_UPDATE: "1", DO_NOT_TRACK: "1" },
    files: {
      "~/.cline/data/settings/global-settings.json": {
        telemetryOptOut: true,
        autoUpdateEnabled: false,
      },
    },
    fill: { YOUR_KEY: OPENROUTER_KEY, "YOUR/MODEL": "qwen/qwen3-coder" },
    number: "17.11",
    // It leaves the words of its library in place; only the number tells whose they are.
    client: "ai-sdk",
    api: "openai.chat",
    session: null,
    scenarios: ALL,
  },
  {
    recipe: "continue",
    package: "@continuedev/cli",
    bin: "cn",
    args: (prompt) => ["-p", prompt],
    env: { CONTINUE_CLI_ENABLE_TELEMETRY: "0", CONTINUE_METRICS_ENABLED: "0" },
    fill: { YOUR_KEY: OPENROUTER_KEY, "YOUR/MODEL": "qwen/qwen3-coder" },
    number: "18.11",
    client: null,
    api: "openai.chat",
    session: null,
    scenarios: ALL,
  },
  {
    recipe: "pi",
    package: "@earendil-works/pi-coding-agent",
    // The newer ones up to 1.5.2 ask for packages that npm did not have on 2026-11-23.
    version: "0.87.1",
    bin: "pi",
    args: (prompt) => ["--provider", "openrouter", "--model", "qwen/qwen3-coder", "-p", prompt],
    env: { OPENROUTER_API_KEY: OPENROUTER_KEY, PI_OFFLINE: "1", PI_TELEMETRY: "0" },
    number: "19.11",
    client: "pi",
    api: "openai.chat",
    session: "x-session-id",
    scenarios: ALL,
  },
];
