/**
 * Makes the sample captures: starts the scripted upstream and the real daemon, lets the official
 * clients talk through it, and leaves what the daemon recorded in the captures folder given.
 *
 *   node test/samples/record-samples.ts [captures folder, default ./captures]
 *
 * What the files hold is what the daemon wrote; nothing is edited afterwards. To make them anew,
 * delete `captures/90-99 Samples` first (the format only ever appends).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { loadConfig } from "../../daemon/config/load.ts";
import { startDaemon } from "../../daemon/daemon.ts";
import { playAgent } from "./agent.ts";
import { startScriptedUpstream } from "./scripted-model.ts";

const SAMPLE = { "x-callnumber-sample": "yes" };

/** Records all four samples into `captures` through a daemon of its own; resolves when filed. */
export async function recordSamples(captures: string): Promise<void> {
  const upstream = await startScriptedUpstream();
  const scratch = mkdtempSync(join(tmpdir(), "callnumber-samples-"));
  const file = join(scratch, "callnumber.yaml");
  writeFileSync(file, configFor(captures, join(scratch, "state"), upstream.url));
  const daemon = await startDaemon(loadConfig({ file, env: {}, cwd: scratch }), { log: () => {} });
  try {
    const base = daemon.urls[0]!.replace(/\/$/, "");
    await agentThatLostItsTools(base);
    await healthyConversation(base);
    await abortedStream(base);
    await upstreamError(base);
  } finally {
    await daemon.close();
    await upstream.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

const configFor = (captures: string, state: string, url: string) => `
listen: 127.0.0.1:0
captures: ${JSON.stringify(captures)}
state: ${JSON.stringify(state)}
upstreams:
  sample: ${url}
tree:
  90-99 Samples:
    91 Sample conversations:
      91.11 An agent that lost its tools: {}
      91.12 A healthy conversation: {}
      91.13 An aborted stream: {}
      91.14 An upstream error: {}
`;

const openai = (base: string, number: string) =>
  new OpenAI({
    baseURL: `${base}/${number}/sample/v1`,
    apiKey: "sample-key-of-nobody",
    maxRetries: 0,
    defaultHeaders: SAMPLE,
  });

async function agentThatLostItsTools(base: string): Promise<void> {
  await playAgent(openai(base, "91.11"), { dateFromTurn: 3, noToolsFromTurn: 4 });
}

async function healthyConversation(base: string): Promise<void> {
  const client = new Anthropic({
    baseURL: `${base}/91.12/sample`,
    apiKey: "sample-key-of-nobody",
    maxRetries: 0,
    defaultHeaders: SAMPLE,
  });
  const messages: Anthropic.MessageParam[] = [];
  for (const question of [
    "這個週末台北會下雨，請推薦一個室內的行程。",
    "我們週末會帶一個六歲的孩子，有更合適的嗎？",
    "謝謝！這樣週末大概要準備多少預算？",
  ]) {
    messages.push({ role: "user", content: question });
    const answer = await client.messages
      .stream({
        model: "sample/guide-1",
        max_tokens: 400,
        system: "你是一位熟悉台北的旅遊嚮導。請用繁體中文回答，簡短而具體，每次只推薦一個行程。",
        messages,
      })
      .finalMessage();
    messages.push({ role: "assistant", content: answer.content });
  }
}

async function abortedStream(base: string): Promise<void> {
  const stream = await openai(base, "91.13").chat.completions.create({
    model: "sample/careful-1",
    stream: true,
    messages: [{ role: "user", content: "Tell me the history of the lighthouse on the cape." }],
  });
  let heard = 0;
  for await (const chunk of stream) {
    heard += chunk.choices[0]?.delta.content?.length ?? 0;
    // Leaving the loop closes the connection, as a user does who presses Escape.
    if (heard > 120) break;
  }
}

async function upstreamError(base: string): Promise<void> {
  try {
    await openai(base, "91.14").chat.completions.create({
      model: "sample/overloaded-1",
      messages: [{ role: "user", content: "Summarise the open issues of this week." }],
    });
    throw new Error("the scripted upstream should have refused");
  } catch (error) {
    if (!(error instanceof OpenAI.RateLimitError)) throw error;
  }
}

if (import.meta.main) {
  const captures = resolve(process.argv[2] ?? "captures");
  await recordSamples(captures);
  process.stderr.write(`samples recorded below ${captures}\n`);
}
