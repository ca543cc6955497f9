/**
 * Ollama's own API: /api/chat and /api/generate, plain or as newline-delimited JSON.
 * https://github.com/ollama/ollama/blob/main/docs/api.md
 *
 * What always holds: the assembled message is the last line with the text, the thinking and the tool
 * calls of all lines in it, which is what `stream: false` answers.
 */
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, obj, put, str, word } from "./json.ts";
import { overwrite } from "./merge.ts";
import type { NormalMessage, Piece } from "./normal.ts";
import { openaiMessage, openaiTools } from "./openai-messages.ts";
import { inlineMedia, textPiece } from "./pieces.ts";

function facts(body: unknown): Facts {
  const reason = word(body, "done_reason") ?? (get(body, "done") === true ? "stop" : null);
  return {
    servedModel: word(body, "model"),
    servedBy: null,
    finishReasons: reason === null ? [] : [reason],
    usage: isObject(body) ? body : null,
  };
}

/** Images stand beside the text as bare base64. */
function withImages(message: NormalMessage, source: unknown): NormalMessage {
  const images: Piece[] = list(source, "images").map((image) =>
    inlineMedia("image", null, str(image)),
  );
  const pieces = message.pieces.filter(
    (piece) => piece.kind !== "unknown" && piece.kind !== "image",
  );
  return images.length === 0 ? message : { ...message, pieces: [...pieces, ...images] };
}

function chatMessage(message: unknown, index: number | null, key: string): NormalMessage {
  return withImages(openaiMessage({ ...obj(message), images: undefined }, index, key), message);
}

export const ollamaChat: Dialect = {
  name: "ollama.chat",
  usualOperation: "chat",
  content: new Set(["model", "messages", "tools"]),
  operation: (method, path) => (method === "POST" && /\/api\/chat$/.test(path) ? "chat" : null),
  looksLike: (_request, answer) =>
    isObject(get(answer, "message")) && typeof get(answer, "done") === "boolean",
  model: (body) => word(body, "model"),
  tools: openaiTools,
  messages: (body) => list(body, "messages").map((m, i) => chatMessage(m, i, "messages")),
  response: (body) =>
    isObject(get(body, "message"))
      ? [chatMessage({ role: "assistant", ...obj(body, "message") }, null, "message")]
      : [],
  facts,
  assembler: () => linesAssembler("message"),
};

export const ollamaGenerate: Dialect = {
  name: "ollama.generate",
  usualOperation: "text_completion",
  content: new Set(["model", "prompt", "system", "images", "suffix"]),
  operation: (method, path) =>
    method === "POST" && /\/api\/generate$/.test(path) ? "text_completion" : null,
  looksLike: (_request, answer) =>
    typeof get(answer, "response") === "string" && typeof get(answer, "done") === "boolean",
  model: (body) => word(body, "model"),
  tools: () => [],
  messages(body) {
    const messages: NormalMessage[] = [];
    const system = word(body, "system");
    if (system !== null) {
      messages.push({ role: "system", pieces: [textPiece(system)], index: null, key: "system" });
    }
    const prompt = [textPiece(str(body, "prompt") ?? "")];
    messages.push(withImages({ role: "user", pieces: prompt, index: null, key: "prompt" }, body));
    return messages;
  },
  response(body) {
    const pieces: Piece[] = [];
    const thinking = word(body, "thinking");
    if (thinking !== null) pieces.push({ kind: "reasoning", text: thinking, encrypted: false });
    const text = str(body, "response");
    if (text !== null && text !== "") pieces.push(textPiece(text));
    return text === null ? [] : [{ role: "assistant", pieces, index: null, key: "response" }];
  },
  facts,
  assembler: () => linesAssembler(null),
};

const TEXTS = ["content", "thinking", "response"];
const LISTS = ["tool_calls", "images", "logprobs"];

/** @param within member that holds the text (`message`), or null where it stands at the top */
function linesAssembler(within: string | null): Assembler {
  const out: JsonObject = {};
  let seen = false;
  let ended = false;

  const aside = new Set([...TEXTS, ...LISTS, ...(within === null ? [] : [within])]);

  function addTo(target: JsonObject, from: JsonObject): boolean {
    let content = false;
    for (const key of TEXTS) {
      const text = str(from, key);
      if (text === null) continue;
      target[key] = (str(target, key) ?? "") + text;
      if (text !== "") content = true;
    }
    for (const key of LISTS) {
      const items = list(from, key);
      if (items.length === 0) continue;
      const all = list(target, key);
      for (const item of items) all.push(item);
      put(target, key, all);
      content = true;
    }
    overwrite(target, from, aside);
    return content;
  }

  return {
    get ended() {
      return ended;
    },
    add({ data }: StreamEvent): boolean {
      if (!isObject(data)) return false;
      seen = true;
      if (get(data, "done") === true) ended = true;
      const top = addTo(out, data);
      const inner = within === null ? undefined : get(data, within);
      if (within === null || !isObject(inner)) return top && num(data, "eval_count") === null;
      const target = obj(out, within);
      out[within] = target;
      return addTo(target, inner);
    },
    result: () => (seen ? out : undefined),
  };
}
