/**
 * The recipes of `callnumber connect` for SDKs and curl, run as they are printed: exports go into the
 * environment, lines of code are run, and the request has to come out at the upstream that the
 * recipe names and be recognised. The recipes of agents are run by test/agents.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Mistral } from "@mistralai/mistralai";
import { generateText } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { fillRecipe, RECIPES, type RecipeStep } from "../../daemon/config/recipes.ts";
import { AGENTS } from "../agents/agents.ts";
import { startTestDaemon, type TestDaemon } from "./daemon-harness.ts";

(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

const model = "playback-1";
const messages = [{ role: "user" as const, content: "hello" }];
const apiKey = "key-of-nobody";

interface Case {
  /** What the daemon takes the client for. */
  readonly name: string;
  /** `code` is what the recipe's line of code makes. Gives what the SDK printed of the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever SDK the recipe has made
  readonly ask: (code: any, steps: readonly RecipeStep[]) => Promise<string | null | undefined>;
}

const CASES: Readonly<Record<string, Case>> = {
  "openai-sdk": {
    name: "openai-sdk",
    ask: async () => {
      const answer = await new OpenAI({ apiKey }).chat.completions.create({ model, messages });
      return answer.choices[0]?.message.content;
    },
  },
  "anthropic-sdk": {
    name: "anthropic-sdk",
    ask: async () => {
      const asked = { model, max_tokens: 99, messages };
      const { content } = await new Anthropic({ apiKey }).messages.create(asked);
      return JSON.stringify(content);
    },
  },
  "google-genai": {
    name: "google-genai",
    ask: async (client: GoogleGenAI) =>
      (await client.models.generateContent({ model, contents: "hello" })).text,
  },
  "mistral-sdk": {
    name: "mistral-sdk",
    ask: async (client: Mistral) =>
      JSON.stringify((await client.chat.complete({ model, messages })).choices),
  },
  ollama: {
    name: "ollama-sdk",
    ask: async (client: Ollama) => (await client.chat({ model, messages })).message.content,
  },
  "ai-sdk": {
    name: "ai-sdk",
    ask: async (openai: ReturnType<typeof createOpenAI>, steps) => {
      const note = steps.find(({ kind }) => kind === "note")?.text ?? "";
      const baseURL = /createAnthropic takes (\S+),/.exec(note)?.[1];
      assert.ok(baseURL);
      const anthropic = createAnthropic({ baseURL, apiKey });
      const one = await generateText({ model: openai(model), prompt: "hello" });
      const two = await generateText({ model: anthropic(model), prompt: "hello" });
      return two.text.includes("playback") ? one.text : null;
    },
  },
  curl: {
    name: "curl",
    ask: async (_, steps) => {
      const line = steps.find(({ kind }) => kind === "shell")?.text ?? "";
      return (await promisify(execFile)("sh", ["-c", line])).stdout;
    },
  },
};

let daemon: TestDaemon;
before(async () => {
  const names = [...new Set(RECIPES.map(({ upstream }) => upstream))];
  const upstreams = names.map((name) => `  ${name}: "playback:"\n`).join("");
  daemon = await startTestDaemon(`upstreams:\n${upstreams}`);
  process.env.OPENAI_API_KEY = apiKey;
});
after(() => daemon.close());

test("every recipe is run as printed, or says why not", () => {
  const agents = new Set(AGENTS.map(({ recipe }) => recipe));
  for (const { client, proof } of RECIPES) {
    const by = agents.has(client)
      ? "test:agents"
      : client in CASES
        ? "recipes.test.ts"
        : "not run: ";
    assert.ok(proof.includes(by), `${client}: ${proof}`);
  }
});

const asked: { upstream: string; name: string }[] = [];

for (const [client, { name, ask }] of Object.entries(CASES)) {
  test(`the recipe for ${client}, as printed, leads to its upstream`, async () => {
    const recipe = RECIPES.find((candidate) => candidate.client === client);
    assert.ok(recipe);
    const steps = fillRecipe(recipe, daemon.url, recipe.upstream);
    const set: string[] = [];
    let code: unknown = null;
    for (const { kind, text } of steps) {
      const variable = kind === "shell" ? /^export (\w+)=(.*)$/.exec(text) : null;
      if (variable !== null) {
        process.env[variable[1] as string] = variable[2];
        set.push(variable[1] as string);
      }
      if (kind === "file") code = run(text);
    }
    try {
      assert.match((await ask(code, steps)) ?? "", /This is playback/);
    } finally {
      for (const variable of set) delete process.env[variable];
    }
    asked.push({ upstream: recipe.upstream, name });
  });
}

test("each request is in the tree under its upstream, with the client recognised", async () => {
  const filed = await daemon.filed();
  for (const { upstream, name } of asked) {
    const found = filed.some((line) => line.upstream === upstream && line.client.name === name);
    assert.ok(found, `${name} by ${upstream}`);
  }
});

/** What a line of code in a recipe makes, with the SDKs and a key at hand. */
function run(line: string): unknown {
  const scope = { GoogleGenAI, Mistral, Ollama, createOpenAI, apiKey };
  return new Function(...Object.keys(scope), `return ${line};`)(...Object.values(scope));
}
