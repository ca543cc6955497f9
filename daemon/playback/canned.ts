/**
 * The small built-in model: a canned answer in the shape of each API, whole or as a stream.
 *
 * What always holds: pure; the same request always gets the same answer; it says plainly that it
 * is playback and no model. Usage figures are counts of the words it really took and gave.
 */

export interface CannedAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Pieces of the body with the pause before each, milliseconds. */
  readonly pieces: readonly { readonly waitMs: number; readonly text: string }[];
}

const MODEL = "playback-1";
const FIRST_MS = 60;
const GAP_MS = 12;

/** `path` begins after the upstream's name, `body` is the request's text. */
export function cannedAnswer(
  method: string,
  path: string,
  body: string,
  nowMs: number,
): CannedAnswer {
  const plain = (path.split("?", 1)[0] as string).replace(/\/+$/, "");
  const request = parse(body);
  const asked = typeof request.model === "string" ? request.model : MODEL;
  const words = reply(request);
  const input = countWords(body);
  const made: Made = { model: asked, words, input, created: Math.floor(nowMs / 1000) };
  if (/\/models$/.test(plain) && method === "GET") return whole(modelList(made.created));
  if (/\/api\/tags$/.test(plain))
    return whole({ models: [{ name: MODEL, model: MODEL, size: 0 }] });
  if (/\/chat\/completions$/.test(plain)) {
    return request.stream === true ? sse(chatStream(made, request)) : whole(chatWhole(made));
  }
  if (/\/responses$/.test(plain)) {
    return request.stream === true
      ? sse(responsesStream(made))
      : whole(responsesWhole(made, "completed"));
  }
  if (/\/messages$/.test(plain)) {
    return request.stream === true ? sse(messagesStream(made)) : whole(messagesWhole(made));
  }
  const gemini = /\/models\/([^/]+):(generateContent|streamGenerateContent)$/.exec(plain);
  if (gemini !== null) {
    const named = { ...made, model: decodeURIComponent(gemini[1] as string) };
    if (gemini[2] === "generateContent") return whole(geminiChunk(named, words.join(""), true));
    const chunks = named.words.map((word, i) => geminiChunk(named, word, i === words.length - 1));
    if (/[?&]alt=sse(?:&|$)/.test(path)) return sse(chunks.map((chunk) => [null, chunk]));
    return stream(
      "application/json",
      chunks.map((c, i) => `${i === 0 ? "[" : ","}${JSON.stringify(c)}`).concat("]"),
    );
  }
  if (/\/api\/(?:chat|generate)$/.test(plain)) return ollama(made, request, plain.endsWith("chat"));
  const message = `playback has no answer for ${method} ${plain}`;
  return whole({ error: { message, type: "invalid_request_error", param: null, code: null } }, 404);
}

interface Made {
  readonly model: string;
  readonly words: readonly string[];
  readonly input: number;
  readonly created: number;
}

type Table = Record<string, unknown>;

function parse(body: string): Table {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Table) : {};
  } catch {
    return {};
  }
}

/** What is answered, in words with their spaces: what was asked, given back. */
function reply(request: Table): string[] {
  const asked = lastText(request.messages ?? request.input ?? request.contents ?? request.prompt);
  const quoted = asked.length > 120 ? `${asked.slice(0, 120)}…` : asked;
  const text =
    quoted === ""
      ? "This is playback: a canned reply, no model was asked."
      : `This is playback: a canned reply, no model was asked. You wrote: “${quoted}”`;
  return text.split(/(?<=\s)/);
}

/** Text of the last entry of a message list, however the API nests it. */
function lastText(list: unknown): string {
  if (typeof list === "string") return list;
  if (!Array.isArray(list)) return "";
  const last = list.at(-1) as Table | undefined;
  if (typeof last !== "object" || last === null) return "";
  if (typeof last.text === "string") return last.text;
  return lastText(last.content ?? last.parts);
}

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

function whole(value: unknown, status = 200): CannedAnswer {
  const text = JSON.stringify(value);
  return { status, contentType: "application/json", pieces: [{ waitMs: FIRST_MS, text }] };
}

function stream(contentType: string, texts: readonly string[]): CannedAnswer {
  const pieces = texts.map((text, i) => ({ waitMs: i === 0 ? FIRST_MS : GAP_MS, text }));
  return { status: 200, contentType, pieces };
}

/** Events with or without a name; a string goes out as it is. */
function sse(events: readonly [string | null, unknown][]): CannedAnswer {
  const texts = events.map(([name, data]) => {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    return `${name === null ? "" : `event: ${name}\n`}data: ${text}\n\n`;
  });
  return stream("text/event-stream; charset=utf-8", texts);
}

function modelList(created: number): Table {
  return {
    object: "list",
    data: [{ id: MODEL, object: "model", created, owned_by: "callnumber" }],
  };
}

function chatUsage({ input, words }: Made): Table {
  const output = words.length;
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function chatWhole(made: Made): Table {
  const message = { role: "assistant", content: made.words.join("") };
  return {
    id: "chatcmpl-playback",
    object: "chat.completion",
    created: made.created,
    model: made.model,
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: chatUsage(made),
  };
}

function chatStream(made: Made, request: Table): [null, unknown][] {
  const head = {
    id: "chatcmpl-playback",
    object: "chat.completion.chunk",
    created: made.created,
    model: made.model,
  };
  const chunk = (delta: Table, finish: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const events: unknown[] = [chunk({ role: "assistant", content: "" }, null)];
  for (const word of made.words) events.push(chunk({ content: word }, null));
  events.push(chunk({}, "stop"));
  const options = request.stream_options as Table | undefined;
  if (options?.include_usage === true)
    events.push({ ...head, choices: [], usage: chatUsage(made) });
  return [...events, "[DONE]"].map((event) => [null, event]);
}

function responsesWhole(made: Made, status: string): Table {
  const done = status === "completed";
  const part = { type: "output_text", text: made.words.join(""), annotations: [] };
  const item = { id: "msg_playback", type: "message", status, role: "assistant", content: [part] };
  const usage = { input_tokens: made.input, output_tokens: made.words.length };
  return {
    id: "resp_playback",
    object: "response",
    created_at: made.created,
    status,
    model: made.model,
    output: done ? [item] : [],
    usage: done ? { ...usage, total_tokens: made.input + made.words.length } : null,
  };
}

function responsesStream(made: Made): [string, unknown][] {
  const place = { item_id: "msg_playback", output_index: 0, content_index: 0 };
  const item = { id: "msg_playback", type: "message", role: "assistant" };
  const part = { type: "output_text", text: "", annotations: [] };
  const text = made.words.join("");
  const finished = responsesWhole(made, "completed");
  const events: Table[] = [
    { type: "response.created", response: responsesWhole(made, "in_progress") },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...place, part },
    ...made.words.map((delta) => ({ type: "response.output_text.delta", ...place, delta })),
    { type: "response.output_text.done", ...place, text },
    { type: "response.content_part.done", ...place, part: { ...part, text } },
    {
      type: "response.output_item.done",
      output_index: 0,
      item: { ...item, status: "completed", content: [{ ...part, text }] },
    },
    { type: "response.completed", response: finished },
  ];
  return events.map((event, i) => [event.type as string, { ...event, sequence_number: i }]);
}

function messagesWhole(made: Made): Table {
  return {
    id: "msg_playback",
    type: "message",
    role: "assistant",
    model: made.model,
    content: [{ type: "text", text: made.words.join("") }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: made.input, output_tokens: made.words.length },
  };
}

function messagesStream(made: Made): [string, unknown][] {
  const usage = { input_tokens: made.input, output_tokens: 1 };
  const message = { ...messagesWhole(made), content: [], stop_reason: null, usage };
  const delta = (text: string) => ({ type: "text_delta", text });
  const events: Table[] = [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...made.words.map((word) => ({ type: "content_block_delta", index: 0, delta: delta(word) })),
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: made.words.length },
    },
    { type: "message_stop" },
  ];
  return events.map((event) => [event.type as string, event]);
}

function geminiChunk(made: Made, text: string, last: boolean): Table {
  const candidate = { content: { role: "model", parts: [{ text }] }, index: 0 };
  const output = made.words.length;
  const usage = {
    promptTokenCount: made.input,
    candidatesTokenCount: output,
    totalTokenCount: made.input + output,
  };
  return {
    candidates: [last ? { ...candidate, finishReason: "STOP" } : candidate],
    ...(last ? { usageMetadata: usage } : {}),
    modelVersion: made.model,
    responseId: "playback",
  };
}

function ollama(made: Made, request: Table, chat: boolean): CannedAnswer {
  const created_at = new Date(made.created * 1000).toISOString();
  const line = (text: string, done: boolean) => ({
    model: made.model,
    created_at,
    ...(chat ? { message: { role: "assistant", content: text } } : { response: text }),
    done,
    ...(done
      ? { done_reason: "stop", prompt_eval_count: made.input, eval_count: made.words.length }
      : {}),
  });
  if (request.stream === false) return whole(line(made.words.join(""), true));
  const lines = [...made.words.map((word) => line(word, false)), line("", true)];
  return stream(
    "application/x-ndjson",
    lines.map((entry) => `${JSON.stringify(entry)}\n`),
  );
}
