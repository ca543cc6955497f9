/**
 * The vendors' own clients as judges: the same stream bytes go through openai (chat and responses),
 * @anthropic-ai/sdk and @google/genai, and their final message and usage must be ours. Streams that
 * a client refuses are counted with its reason, and must be of a kind named here.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { Understood } from "../../../../record/dialects/normal.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { NO_CORPUS, readCorpus } from "./corpus.ts";
import { exchange } from "./exchange.ts";
import { CHAT, FRAMINGS, GEMINI, MESSAGES, RESPONSES } from "./hostile-streams.ts";

// biome-ignore lint/suspicious/noExplicitAny: provider-shaped JSON, compared member by member
type Any = any;
type Judge = (body: Uint8Array) => Promise<Any>;

const URLS: Record<string, string> = {
  "openai.chat": "/v1/chat/completions",
  "openai.responses": "/v1/responses",
  "anthropic.messages": "/v1/messages",
  "google.generate": "/v1beta/models/g:streamGenerateContent?alt=sse",
};

const answer = (body: Uint8Array) =>
  new Response(Buffer.from(body), { headers: { "content-type": "text/event-stream" } });
const fetchOf = (body: Uint8Array) => async () => answer(body);
const options = (body: Uint8Array) => ({ apiKey: "none", fetch: fetchOf(body), maxRetries: 0 });

const JUDGES: Record<string, Judge> = {
  async "openai.chat"(body) {
    const client = new OpenAI(options(body));
    const stream = client.chat.completions.stream({ model: "m", messages: [] });
    const final = await stream.finalChatCompletion();
    return {
      choices: final.choices.map(chatChoice),
      usage: final.usage ?? null,
      model: final.model,
    };
  },
  async "openai.responses"(body) {
    const client = new OpenAI(options(body));
    const stream = client.responses.stream({ model: "m", input: "" });
    const { output, usage, status, id } = await stream.finalResponse();
    const plain = JSON.parse(JSON.stringify(output), (key, value) =>
      key === "parsed" || key === "parsed_arguments" ? undefined : value,
    );
    return { output: plain, usage: usage ?? null, status, id };
  },
  async "anthropic.messages"(body) {
    const client = new Anthropic(options(body));
    const stream = client.messages.stream({ model: "m", max_tokens: 1, messages: [] });
    const { content, usage, stop_reason, id } = await stream.finalMessage();
    return JSON.parse(JSON.stringify({ content, usage, stop_reason, id }));
  },
  async "google.generate"(body) {
    const real = globalThis.fetch;
    globalThis.fetch = fetchOf(body) as typeof fetch;
    try {
      const client = new GoogleGenAI({
        apiKey: "none",
        httpOptions: { baseUrl: "http://127.0.0.1:9" },
      });
      const told: Any = { text: "", calls: [], usage: {}, finish: null };
      for await (const chunk of await client.models.generateContentStream({
        model: "g",
        contents: "x",
      })) {
        for (const part of chunk.candidates?.[0]?.content?.parts ?? []) {
          if (part.text && !part.thought) told.text += part.text;
          if (part.functionCall?.name) told.calls.push(part.functionCall.name);
        }
        Object.assign(told.usage, JSON.parse(JSON.stringify(chunk.usageMetadata ?? {})));
        told.finish = chunk.candidates?.[0]?.finishReason ?? told.finish;
      }
      return told;
    } finally {
      globalThis.fetch = real;
    }
  },
};

function chatChoice({ index, message, finish_reason }: Any) {
  const calls = (message.tool_calls ?? []).map((call: Any) => ({
    id: call.id,
    name: call.function?.name,
    arguments: call.function?.arguments,
  }));
  const { name, arguments: args } = message.function_call ?? {};
  return {
    index,
    content: message.content || null,
    refusal: message.refusal || null,
    calls,
    legacy: { name, args },
    finish_reason,
  };
}

/** Our assembled message in the judge's terms. */
const OURS: Record<string, (assembled: Any) => Any> = {
  "openai.chat": (a) => ({
    choices: a.choices.map(chatChoice),
    usage: a.usage ?? null,
    model: a.model,
  }),
  "openai.responses": ({ output, usage, status, id }) => ({
    output: JSON.parse(JSON.stringify(output), (key, value) =>
      key === "parsed_arguments" ? undefined : value,
    ),
    usage: usage ?? null,
    status,
    id,
  }),
  "anthropic.messages": ({ content, usage, stop_reason, id }) => ({
    content,
    usage,
    stop_reason,
    id,
  }),
  "google.generate"(a) {
    const parts: Any[] = a.candidates?.[0]?.content?.parts ?? [];
    return {
      text: parts.map((part) => (part.thought ? "" : (part.text ?? ""))).join(""),
      calls: parts.filter((part) => part.functionCall).map((part) => part.functionCall.name),
      usage: a.usageMetadata ?? {},
      finish: a.candidates?.[0]?.finishReason ?? null,
    };
  },
};

async function compare(api: string, body: Uint8Array): Promise<string | null> {
  const read = understand(exchange({ url: URLS[api]!, response: body }));
  let expected: Any;
  try {
    expected = await JUDGES[api]!(body);
  } catch (error) {
    return (error as Error).message.slice(0, 100);
  }
  const actual = OURS[api]!(JSON.parse(read.assembled ?? "null"));
  if (api === "anthropic.messages") trimUsage(expected, actual);
  assert.deepEqual(actual, expected);
  return null;
}

/** The client knows only some members of usage that `message_delta` may bring; we keep them all. */
function trimUsage(expected: Any, actual: Any): void {
  for (const key of Object.keys(actual.usage ?? {})) {
    if (!(key in expected.usage)) delete actual.usage[key];
  }
}

const HOSTILE: Record<string, Record<string, Parameters<(typeof FRAMINGS)["plain"]>>> = {
  "openai.chat": CHAT,
  "openai.responses": RESPONSES,
  "anthropic.messages": MESSAGES,
  "google.generate": GEMINI,
};

/** Framings that are legal and that a client's own line splitter does not take. */
const UNREAD: Record<string, string[]> = {
  "anthropic.messages": ["no last blank line"],
  "google.generate": ["comments", "no space, ids", "no last blank line", "data after retry"],
};

for (const [api, streams] of Object.entries(HOSTILE)) {
  for (const [name, events] of Object.entries(streams)) {
    test(`${api} agrees with the vendor's client: ${name}`, async () => {
      for (const [framing, frame] of Object.entries(FRAMINGS)) {
        if (UNREAD[api]?.includes(framing)) continue;
        const refused = await compare(api, Buffer.from(frame(...events)));
        assert.equal(refused, null, `${framing}: ${refused}`);
      }
    });
  }
}

/** Why a client refuses a stream that was really recorded, and what we must say of it instead. */
const REFUSALS: { why: RegExp; means: string; ours: (read: Understood) => boolean }[] = [
  {
    why: /missing finish_reason/,
    means: "the stream was cut, or a gateway never says why it ends",
    ours: (read) => (read.llm?.finish_reasons.length ?? 9) < choices(read),
  },
  {
    why: /Unexpected event order, got message_start/,
    means: "two messages in one stream",
    ours: (read) => read.assembled !== null,
  },
  {
    why: /missing role|no tool call snapshot|invalid tool call index/,
    means: "gateways that leave out `role`, `index` or the first half of a call",
    ours: (read) => read.assembled !== null && choices(read) > 0,
  },
  {
    why: /Tool choice is required|Token limit reached|exceeded your current quota/,
    means: "an error event in a stream of status 200",
    ours: (read) => typeof read.llm?.error === "string",
  },
  {
    why: /expected 'response.created' event, got response.queued/,
    means: "a background response is queued before it is created",
    ours: (read) => read.llm?.finish_reasons[0] === "completed",
  },
];

function choices(read: Understood): number {
  return JSON.parse(read.assembled ?? "{}").choices?.length ?? 0;
}

/** Streams that a client takes but reads wrongly or not to the end. */
const CLIENT_LIMITS: { means: string; shows: (body: string) => boolean }[] = [
  {
    means: "openai turns Mistral's content parts into [object Object]",
    shows: (body) => /"delta":\{[^{}]*"content":\[/.test(body),
  },
  {
    means: "openai lets the `usage: null` of a later chunk erase the usage",
    shows: (body) => body.lastIndexOf('"usage":null') > body.lastIndexOf('"usage":{'),
  },
  {
    means: "@anthropic-ai/sdk leaves the input of mcp_tool_use empty",
    shows: (body) => body.includes('"mcp_tool_use"'),
  },
];

test("the vendors' clients agree over the corpus", { skip: NO_CORPUS }, async () => {
  const reasons = new Map<string, number>();
  const count = (why: string) => reasons.set(why, (reasons.get(why) ?? 0) + 1);
  const table = new Map<
    string,
    { streams: number; equal: number; refused: number; limits: number }
  >();
  const misses: string[] = [];
  for (const { api, id, stream, exchange: wire } of readCorpus()) {
    if (!stream || !(api in JUDGES)) continue;
    const row = table.get(api) ?? { streams: 0, equal: 0, refused: 0, limits: 0 };
    table.set(api, row);
    row.streams++;
    const body = wire.responseBody ?? new Uint8Array(0);
    try {
      const refused = await compare(api, body);
      if (refused === null) {
        row.equal++;
        continue;
      }
      const known = REFUSALS.find(({ why }) => why.test(refused));
      assert.ok(known, `refused: ${refused}`);
      assert.ok(known.ours(understand(wire)), `refused: ${refused}, and we say nothing of it`);
      row.refused++;
      count(`refused: ${known.means}`);
    } catch (error) {
      const text = Buffer.from(body).toString("utf8");
      const limit = CLIENT_LIMITS.find(({ shows }) => shows(text));
      if (limit === undefined) misses.push(`${api} ${id}\n${(error as Error).message}`);
      else {
        row.limits++;
        count(`client's limit: ${limit.means}`);
      }
    }
  }
  console.table(Object.fromEntries(table));
  for (const [why, times] of reasons) console.log(`${times} × ${why}`);
  assert.deepEqual(misses, []);
});
