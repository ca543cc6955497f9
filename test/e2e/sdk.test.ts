/**
 * The official SDKs through the daemon: what arrives at the upstream is what the same SDK sends
 * without it, head and body, and what the SDK makes of the answer is the same too.
 *
 * Compared: request line behind the upstream's name, headers in order and case, body bytes. Left out:
 * Host, and ids that an SDK draws anew for each request.
 */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Mistral } from "@mistralai/mistralai";
import { generateText, type LanguageModel, streamText } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { cannedAnswer } from "../../daemon/playback/canned.ts";
import { startTestDaemon, type TestDaemon } from "./daemon-harness.ts";

(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

const PER_RUN = /^(?:host|idempotency-key|x-stainless-idempotency-key|traceparent|x-request-id)$/i;

/** An upstream that speaks every dialect and remembers what it was sent. */
class Fake {
  readonly seen: { line: string; headers: string[][]; body: string }[] = [];
  /** Requests to be turned away with a 429 before the next is answered. */
  refusals = 0;
  aborted = 0;
  private readonly server = createServer((req, res) => this.serve(req, res));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const headers: string[][] = [];
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      const name = req.rawHeaders[i] as string;
      if (!PER_RUN.test(name)) headers.push([name, req.rawHeaders[i + 1] as string]);
    }
    this.seen.push({ line: `${req.method} ${req.url}`, headers, body });
    if (this.refusals > 0) {
      this.refusals--;
      res.writeHead(429, {
        "retry-after-ms": "1",
        "retry-after": "0",
        "content-type": "application/json",
      });
      res.end(
        '{"type":"error","error":{"type":"rate_limit_error","message":"slow down","code":429}}',
      );
      return;
    }
    res.on("close", () => {
      if (!res.writableFinished) this.aborted++;
    });
    const answer = cannedAnswer(req.method ?? "", req.url ?? "", body, 1_700_000_000_000);
    res.writeHead(answer.status, { "content-type": answer.contentType });
    for (const { text } of answer.pieces) {
      if (res.destroyed) return;
      res.write(text);
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    res.end();
  }
}

interface Client {
  readonly name: string;
  /** Appended to the base that stands for the vendor's host. */
  readonly whole: (base: string) => Promise<string>;
  /** Reads a stream; with `stopAfter` it breaks off after so many pieces. */
  readonly stream: (base: string, stopAfter?: number) => Promise<string>;
  /** The SDK tries again after a 429 by itself. */
  readonly retries: boolean;
}

const PROMPT = "Say “hello” – 你好 🚀";
const messages = [{ role: "user" as const, content: PROMPT }];

async function gather<T>(
  stream: AsyncIterable<T>,
  pick: (piece: T) => string | null | undefined,
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<string> {
  let text = "";
  let count = 0;
  for await (const piece of stream) {
    text += pick(piece) ?? "";
    if (++count >= stopAfter) break;
  }
  return text;
}

const openai = (base: string) =>
  new OpenAI({ apiKey: "sk-test-000000000000000000", baseURL: `${base}/v1` });
const anthropic = (base: string) =>
  new Anthropic({ apiKey: "sk-ant-test-0000000000000000", baseURL: base });
const google = (base: string) =>
  new GoogleGenAI({
    apiKey: "AIzaTest00000000000000000000000000000",
    httpOptions: { baseUrl: base },
  });
const mistral = (base: string) =>
  new Mistral({
    apiKey: "mistral-test-00000000",
    serverURL: base,
    retryConfig: {
      strategy: "backoff",
      backoff: { initialInterval: 1, maxInterval: 5, exponent: 1.1, maxElapsedTime: 5000 },
      retryConnectionErrors: false,
    },
  });
const ollama = (base: string) => new Ollama({ host: base });

function aiSdk(name: string, model: (base: string) => LanguageModel): Client {
  return {
    name,
    retries: true,
    whole: async (base) => (await generateText({ model: model(base), prompt: PROMPT })).text,
    stream: async (base, stopAfter) => {
      const stop = new AbortController();
      const { textStream } = streamText({
        model: model(base),
        prompt: PROMPT,
        abortSignal: stop.signal,
        onError: () => {},
      });
      const text = await gather(textStream, (piece) => piece, stopAfter);
      if (stopAfter !== undefined) stop.abort();
      return text;
    },
  };
}

const CLIENTS: readonly Client[] = [
  {
    name: "openai, chat completions",
    retries: true,
    whole: async (base) =>
      (await openai(base).chat.completions.create({ model: "m", messages })).choices[0]?.message
        .content ?? "",
    stream: async (base, stopAfter) =>
      gather(
        await openai(base).chat.completions.create({ model: "m", messages, stream: true }),
        (chunk) => chunk.choices[0]?.delta.content,
        stopAfter,
      ),
  },
  {
    name: "openai, responses",
    retries: true,
    whole: async (base) =>
      (await openai(base).responses.create({ model: "m", input: PROMPT })).output_text,
    stream: async (base, stopAfter) =>
      gather(
        await openai(base).responses.create({ model: "m", input: PROMPT, stream: true }),
        (event) => (event.type === "response.output_text.delta" ? event.delta : null),
        stopAfter,
      ),
  },
  {
    name: "@anthropic-ai/sdk",
    retries: true,
    whole: async (base) => {
      const made = await anthropic(base).messages.create({ model: "m", max_tokens: 99, messages });
      return made.content[0]?.type === "text" ? made.content[0].text : "";
    },
    stream: async (base, stopAfter) =>
      gather(
        await anthropic(base).messages.create({
          model: "m",
          max_tokens: 99,
          messages,
          stream: true,
        }),
        (event) =>
          event.type === "content_block_delta" && event.delta.type === "text_delta"
            ? event.delta.text
            : null,
        stopAfter,
      ),
  },
  {
    name: "@google/genai",
    retries: false,
    whole: async (base) =>
      (await google(base).models.generateContent({ model: "gemini-m", contents: PROMPT })).text ??
      "",
    stream: async (base, stopAfter) => {
      const stop = new AbortController();
      const stream = await google(base).models.generateContentStream({
        model: "gemini-m",
        contents: PROMPT,
        // Leaving the loop alone does not cancel the request of this SDK.
        ...(stopAfter === undefined ? {} : { config: { abortSignal: stop.signal } }),
      });
      const text = await gather(stream, (chunk) => chunk.text, stopAfter);
      stop.abort();
      return text;
    },
  },
  {
    name: "ollama",
    retries: false,
    whole: async (base) => (await ollama(base).chat({ model: "m", messages })).message.content,
    stream: async (base, stopAfter) => {
      const client = ollama(base);
      const stream = await client.chat({ model: "m", messages, stream: true });
      const text = await gather(stream, (chunk) => chunk.message.content, stopAfter);
      if (stopAfter !== undefined) client.abort();
      return text;
    },
  },
  {
    name: "@mistralai/mistralai",
    retries: true,
    whole: async (base) =>
      String(
        (await mistral(base).chat.complete({ model: "m", messages })).choices?.[0]?.message
          ?.content ?? "",
      ),
    stream: async (base, stopAfter) =>
      gather(
        await mistral(base).chat.stream({ model: "m", messages }),
        (event) => String(event.data.choices[0]?.delta.content ?? ""),
        stopAfter,
      ),
  },
  aiSdk("ai with @ai-sdk/openai", (base) =>
    createOpenAI({ apiKey: "sk-test-000000000000000000", baseURL: `${base}/v1` })("m"),
  ),
  aiSdk("ai with @ai-sdk/anthropic", (base) =>
    createAnthropic({ apiKey: "sk-ant-test-0000000000000000", baseURL: `${base}/v1` })("m"),
  ),
  aiSdk("ai with @ai-sdk/openai-compatible", (base) =>
    createOpenAICompatible({ name: "own", apiKey: "key-test-00000000", baseURL: `${base}/v1` })(
      "m",
    ),
  ),
];

const fake = new Fake();
let direct: string;
let daemon: TestDaemon;
let through: string;

before(async () => {
  direct = await fake.start();
  daemon = await startTestDaemon(`upstreams: { up: "${direct}" }`);
  through = `${daemon.url}/11.11/up`;
});

after(async () => {
  await daemon.close();
  fake.close();
});

/** What `call` makes of the answer and what the upstream saw of it. */
async function observe(call: (base: string) => Promise<string>, base: string) {
  fake.seen.length = 0;
  const text = await call(base);
  return { text, seen: structuredClone(fake.seen) };
}

for (const client of CLIENTS) {
  for (const kind of ["whole", "stream"] as const) {
    test(`${client.name}: a ${kind} answer, and the same bytes at the upstream`, async () => {
      const call = (base: string) => client[kind](base);
      const without = await observe(call, direct);
      const withDaemon = await observe(call, through);
      assert.match(without.text, /playback/);
      assert.equal(withDaemon.text, without.text);
      assert.deepEqual(withDaemon.seen, without.seen);
    });
  }

  test(`${client.name}: a stream that the client breaks off is cancelled upstream`, async () => {
    const before = fake.aborted;
    await client.stream(through, 2).catch(() => {});
    const deadline = performance.now() + 2_000;
    while (fake.aborted === before && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(fake.aborted, before + 1);
  });

  test(`${client.name}: a 429 reaches the client, which ${client.retries ? "tries again" : "reports it"}`, async () => {
    const twice = async (base: string) => {
      fake.refusals = 1;
      try {
        return await client.whole(base);
      } catch (error) {
        return `failed: ${(error as { status?: number; status_code?: number }).status ?? (error as { status_code?: number }).status_code}`;
      } finally {
        fake.refusals = 0;
      }
    };
    const without = await observe(twice, direct);
    const withDaemon = await observe(twice, through);
    assert.equal(withDaemon.text, without.text);
    assert.deepEqual(withDaemon.seen, without.seen);
    assert.equal(without.seen.length, client.retries ? 2 : 1);
  });
}
