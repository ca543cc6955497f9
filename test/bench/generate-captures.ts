/**
 * Writes captures of any size for benchmarks and browser tests: realistic conversations of coding
 * agents and chats, seeded, through the same CaptureWriter and dialects that the filer uses.
 *
 *   node test/bench/generate-captures.ts FOLDER [exchanges] [days] [seed]
 *
 * What always holds: the same arguments give the same bytes; every exchange has the shape that the
 * daemon files (a request that repeats its history, an answer that is streamed). The text is made
 * up of common words; nothing of it was ever sent anywhere.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CaptureWriter } from "../../record/bodies/capture-writer.ts";
import { understand } from "../../record/dialects/understand.ts";
import type { ExchangeLine, Headers } from "../../record/format/schema.ts";
import { seededRandom } from "../seeded-random.ts";

export interface GenerateOptions {
  readonly folder: string;
  readonly exchanges: number;
  readonly days: number;
  readonly seed: number;
  /** Last day, `YYYY-MM-DD`. */
  readonly lastDay?: string;
}

type Random = () => number;

interface Message {
  role: string;
  content: string | null;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

const STREAMS = [
  {
    area: "10-19 Coding agents",
    category: "11 Cline",
    id: "11.11 OpenRouter",
    upstream: "openrouter",
    client: "cline",
  },
  {
    area: "10-19 Coding agents",
    category: "12 Claude Code",
    id: "12.11 Anthropic",
    upstream: "anthropic",
    client: "claude-code",
  },
  {
    area: "20-29 Chat apps",
    category: "21 Open WebUI",
    id: "21.11 Ollama",
    upstream: "ollama",
    client: null,
  },
] as const;

const MODELS = ["qwen/qwen3-coder", "z-ai/glm-4.6", "openai/gpt-5-mini", "moonshotai/kimi-k2"];

const WORDS =
  "the a file test module error value function returns list user request server path index build page when should change add remove update check handle parse read write stream token cache model answer turn state config option result type field name line number begin end 伺服器 請求 測試 檔案 回應".split(
    " ",
  );

const TOOLS = [
  "read_file",
  "write_file",
  "run_command",
  "search_files",
  "list_folder",
  "apply_patch",
].map((name) => ({
  type: "function",
  function: {
    name,
    description: `${name.replace("_", " ")} in the workspace and report what was found, with line numbers`,
    parameters: {
      type: "object",
      properties: {
        path: { type: "string", description: "path relative to the workspace" },
        text: { type: "string" },
      },
      required: ["path"],
    },
  },
}));

/** Writes the captures; returns how many exchanges there are. */
export function generateCaptures(options: GenerateOptions): number {
  const random = seededRandom(options.seed);
  const last = Date.parse(options.lastDay ?? "2026-11-22");
  const perDay = Math.ceil(options.exchanges / options.days);
  let written = 0;
  for (let back = options.days - 1; back >= 0 && written < options.exchanges; back -= 1) {
    const day = new Date(last - back * 86_400_000).toISOString().slice(0, 10);
    const today = Math.min(perDay, options.exchanges - written);
    const share = [Math.round(today * 0.6), Math.round(today * 0.3)];
    share.push(today - share[0]! - share[1]!);
    for (const [index, stream] of STREAMS.entries()) {
      writeDay(options.folder, stream, day, share[index]!, random);
    }
    written += today;
  }
  return written;
}

function writeDay(
  folder: string,
  stream: (typeof STREAMS)[number],
  day: string,
  count: number,
  random: Random,
) {
  if (count === 0) return;
  const path = join(folder, stream.area, stream.category, stream.id);
  mkdirSync(path, { recursive: true });
  const file = join(path, `${day}.jsonl`);
  let pending: Buffer[] = [];
  const writer = new CaptureWriter({
    day,
    created: `${day}T00:00:00.000Z`,
    writer: null,
    append: (lines) => pending.push(lines),
  });
  let at = Date.parse(`${day}T06:00:00.000Z`);
  let left = count;
  while (left > 0) {
    const turns = Math.min(
      left,
      stream.client === null ? 1 + Math.floor(random() * 6) : 8 + Math.floor(random() * 60),
    );
    at = writeConversation(writer, stream, at, turns, random);
    left -= turns;
    if (pending.length > 200) {
      appendFileSync(file, Buffer.concat(pending));
      pending = [];
    }
  }
  appendFileSync(file, Buffer.concat(pending));
}

function writeConversation(
  writer: CaptureWriter,
  stream: (typeof STREAMS)[number],
  from: number,
  turns: number,
  random: Random,
): number {
  const model = pick(MODELS, random);
  const session = stream.client === "claude-code" ? hex(random, 32) : null;
  const tools = stream.client === null ? [] : TOOLS;
  const messages: Message[] = [
    {
      role: "system",
      content: `You are a careful assistant in workspace ${hex(random, 6)}. ${words(random, 300)}`,
    },
    { role: "user", content: words(random, 10 + Math.floor(random() * 60)) },
  ];
  let at = from;
  for (let turn = 0; turn < turns; turn += 1) {
    const call = tools.length > 0 && turn < turns - 1;
    const answer: Message = call
      ? {
          role: "assistant",
          content: words(random, 12),
          tool_calls: [
            {
              id: `call_${hex(random, 8)}`,
              type: "function",
              function: {
                name: pick(TOOLS, random).function.name,
                arguments: JSON.stringify({ path: `src/${hex(random, 4)}.ts` }),
              },
            },
          ],
        }
      : { role: "assistant", content: words(random, 60 + Math.floor(random() * 200)) };
    const offered = random() < 0.01 ? [] : tools;
    at = writeExchange(
      writer,
      stream,
      at,
      { model, messages, tools: offered, session },
      answer,
      random,
    );
    messages.push(answer);
    if (call) {
      messages.push({
        role: "tool",
        tool_call_id: answer.tool_calls![0]!.id,
        content: words(random, 30 + Math.floor(random() ** 3 * 900)),
      });
    } else {
      messages.push({ role: "user", content: words(random, 20) });
    }
  }
  return at;
}

interface Asked {
  model: string;
  messages: readonly Message[];
  tools: readonly unknown[];
  session: string | null;
}

function writeExchange(
  writer: CaptureWriter,
  stream: (typeof STREAMS)[number],
  at: number,
  asked: Asked,
  answer: Message,
  random: Random,
): number {
  const request = Buffer.from(
    JSON.stringify({
      model: asked.model,
      messages: asked.messages,
      ...(asked.tools.length > 0 && { tools: asked.tools }),
      temperature: 0.2,
      stream: true,
    }),
  );
  const chunks = streamOf(asked, answer, request.length, random);
  const total = chunks.at(-1)![0] + 0.4;
  const fails = random() < 0.006;
  const headers: Headers = [
    ["content-type", "application/json"],
    ["user-agent", stream.client === null ? "python-httpx/0.28" : `${stream.client}/1.2`],
    ["authorization", "Bearer …[redacted fp:00000000]"],
  ];
  const body = Buffer.concat(chunks.map(([, bytes]) => bytes));
  const understood = understand({
    method: "POST",
    url: "/v1/chat/completions",
    requestHeaders: headers,
    requestBody: request,
    status: fails ? 529 : 200,
    responseHeaders: [["content-type", "text/event-stream"]],
    responseBody: fails ? Buffer.from('{"error":{"message":"overloaded"}}') : body,
    chunks: null,
  });
  const draft = writer.draft();
  const assembled =
    !fails && understood.assembled !== null
      ? draft.part(Buffer.from(understood.assembled), true)
      : undefined;
  const line: ExchangeLine = {
    type: "exchange",
    id: ulid(at, random),
    started: new Date(at).toISOString(),
    upstream: stream.upstream,
    client: { name: stream.client, agent: headers[1]![1], address: "127.0.0.1" },
    session: asked.session,
    labels: {},
    request: {
      method: "POST",
      url: "/v1/chat/completions",
      http: "1.1",
      headers,
      body: draft.request(request),
    },
    response: {
      status: fails ? 529 : 200,
      http: "1.1",
      headers: [["content-type", fails ? "application/json" : "text/event-stream"]],
      body: fails
        ? draft.body(Buffer.from('{"error":{"message":"overloaded"}}'))
        : draft.stream(chunks),
      ...(assembled !== undefined && { assembled }),
    },
    outcome: "complete",
    timing: {
      connect_ms: 3.1,
      request_sent_ms: 4.2,
      headers_ms: chunks[0]![0] - 1,
      first_chunk_ms: chunks[0]![0],
      first_token_ms: chunks[0]![0],
      last_chunk_ms: chunks.at(-1)![0],
      total_ms: total,
      chunks: chunks.length,
    },
    llm: understood.llm,
    redactions: [],
    verbatim: true,
  };
  writer.write(draft, line);
  return at + Math.ceil(total) + Math.floor(random() * 9000);
}

function streamOf(asked: Asked, answer: Message, size: number, random: Random): [number, Buffer][] {
  const id = `gen-${hex(random, 12)}`;
  const chunks: [number, Buffer][] = [];
  let ms = 300 + random() * 2000;
  const send = (choices: unknown[], more: object = {}) => {
    const data = {
      id,
      object: "chat.completion.chunk",
      created: 1_790_000_000,
      model: asked.model,
      choices,
      ...more,
    };
    chunks.push([round(ms), Buffer.from(`data: ${JSON.stringify(data)}\n\n`)]);
    ms += 8 + random() * 40;
  };
  const text = answer.content ?? "";
  for (let from = 0; from < text.length; from += 60) {
    send([
      {
        index: 0,
        delta: { role: "assistant", content: text.slice(from, from + 60) },
        finish_reason: null,
      },
    ]);
  }
  for (const [index, call] of (answer.tool_calls ?? []).entries()) {
    send([{ index: 0, delta: { tool_calls: [{ index, ...call }] }, finish_reason: null }]);
  }
  send([{ index: 0, delta: {}, finish_reason: answer.tool_calls ? "tool_calls" : "stop" }]);
  const prompt = Math.round(size / 4);
  const cached = asked.messages.length > 2 ? Math.round(prompt * 0.85) : 0;
  send([], {
    usage: {
      prompt_tokens: prompt,
      completion_tokens: Math.round(text.length / 4) + 20,
      prompt_tokens_details: { cached_tokens: cached },
      cost: round((prompt - cached) * 3e-7 + text.length * 3e-7) || 0.00001,
    },
  });
  chunks.push([round(ms), Buffer.from("data: [DONE]\n\n")]);
  return chunks;
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function ulid(at: number, random: Random): string {
  let time = "";
  for (let left = at, place = 0; place < 10; place += 1, left = Math.floor(left / 32)) {
    time = ALPHABET[left % 32]! + time;
  }
  return time + Array.from({ length: 16 }, () => ALPHABET[Math.floor(random() * 32)]).join("");
}

function words(random: Random, count: number): string {
  const text: string[] = [];
  for (let n = 0; n < count; n += 1)
    text.push(n % 14 === 13 ? `${pick(WORDS, random)}.\n` : pick(WORDS, random));
  return text.join(" ");
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

function round(n: number): number {
  return Math.round(n * 1000) / 1000;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder, exchanges = "1000", days = "5", seed = "1"] = process.argv.slice(2);
  if (!folder) throw new Error("usage: generate-captures.ts FOLDER [exchanges] [days] [seed]");
  const written = generateCaptures({
    folder,
    exchanges: Number(exchanges),
    days: Number(days),
    seed: Number(seed),
  });
  process.stdout.write(`${written} exchanges\n`);
}
