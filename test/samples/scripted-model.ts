/**
 * The upstream of the sample captures: a small server on loopback that speaks OpenAI Chat
 * Completions and Anthropic Messages and plays a scripted model.
 *
 * What always holds: it answers what the request really says. It can only call tools that the
 * request offers, its token counts are counted from the bytes that arrived (four bytes a token),
 * and its prompt cache is a real one over those bytes. So the figures in the samples are results,
 * not inventions. It is a prop for a demonstration, not a model: names begin with `sample/`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Plan, planAnswer } from "./scripted-answers.ts";

/** US dollars per token, as this pretended provider charges them. */
const PRICE = { input: 3e-6, cached: 3e-7, output: 15e-6 };
const CACHE_BLOCK_TOKENS = 32;

export interface ScriptedUpstream {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the upstream on a free loopback port. */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const cache = new PromptCache();
  const server = createServer((request, response) => {
    answer(request, response, cache).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / 4);

/** Longest common prefix with any prompt seen before, in whole blocks, as providers count it. */
class PromptCache {
  readonly #seen: string[] = [];

  use(prompt: string): number {
    let longest = 0;
    for (const seen of this.#seen) {
      let same = 0;
      while (same < prompt.length && prompt[same] === seen[same]) same++;
      longest = Math.max(longest, tokens(prompt.slice(0, same)));
    }
    this.#seen.push(prompt);
    return longest - (longest % CACHE_BLOCK_TOKENS);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, cache: PromptCache) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  const plan = planAnswer(body);
  const id = `gen-${String(Date.now())}`;
  if (plan.error !== undefined) {
    response.writeHead(plan.error.status, {
      "content-type": "application/json",
      "retry-after": "20",
      "x-request-id": id,
    });
    response.end(JSON.stringify({ error: plan.error.body }));
    return;
  }
  const prompt = JSON.stringify([body.tools ?? [], body.system ?? "", body.messages]);
  const usage: Counted = {
    input: tokens(prompt),
    cached: cache.use(prompt),
    output: tokens(plan.text + JSON.stringify(plan.calls)),
  };
  if (request.url?.includes("/messages")) await messagesStream(response, plan, usage, id);
  else await chatStream(response, plan, usage, id);
}

interface Counted {
  input: number;
  cached: number;
  output: number;
}

function* pieces(text: string): Generator<string> {
  for (const match of text.matchAll(/\s*\S{1,12}/gu)) yield match[0];
}

/** A pause of 15 to 45 ms that is the same for the same piece: recordings stay comparable. */
const pause = (piece: string) => sleep(15 + ((piece.length * 7919) % 31));

async function chatStream(response: ServerResponse, plan: Plan, usage: Counted, id: string) {
  const send = (delta: unknown, finish: string | null = null, extra: object = {}) =>
    response.write(
      `data: ${JSON.stringify({
        id,
        object: "chat.completion.chunk",
        model: plan.servedModel,
        provider: "Sample Provider",
        choices: [{ index: 0, delta, finish_reason: finish }],
        ...extra,
      })}\n\n`,
    );
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write(": SAMPLE PROCESSING\n\n");
  await sleep(180 + Math.round((usage.input - usage.cached) / 20));
  send({ role: "assistant", content: "" });
  for (const piece of pieces(plan.text)) {
    await pause(piece);
    send({ content: piece });
  }
  for (const [index, call] of plan.calls.entries()) {
    send({
      tool_calls: [
        { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } },
      ],
    });
    for (const piece of pieces(JSON.stringify(call.arguments))) {
      await pause(piece);
      send({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  send({}, plan.calls.length > 0 ? "tool_calls" : "stop");
  send({}, null, {
    choices: [],
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached },
      cost: Number(
        (
          (usage.input - usage.cached) * PRICE.input +
          usage.cached * PRICE.cached +
          usage.output * PRICE.output
        ).toFixed(8),
      ),
    },
  });
  response.end("data: [DONE]\n\n");
}

async function messagesStream(response: ServerResponse, plan: Plan, usage: Counted, id: string) {
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "request-id": id });
  await sleep(150 + Math.round((usage.input - usage.cached) / 20));
  send("message_start", {
    message: {
      id,
      type: "message",
      role: "assistant",
      model: plan.servedModel,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: usage.input - usage.cached,
        cache_read_input_tokens: usage.cached,
        cache_creation_input_tokens: 0,
        output_tokens: 1,
      },
    },
  });
  send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  for (const piece of pieces(plan.text)) {
    await pause(piece);
    send("content_block_delta", { index: 0, delta: { type: "text_delta", text: piece } });
  }
  send("content_block_stop", { index: 0 });
  send("message_delta", {
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: usage.output },
  });
  send("message_stop", {});
  response.end();
}
