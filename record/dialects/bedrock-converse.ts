/**
 * Amazon Bedrock Converse and ConverseStream; the same shape is Nova's own inside `invoke`.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 *
 * What always holds: a stream's events come under their `:event-type`, or (Nova) as the one member
 * of the event; the padding member `p` is dropped; never throws.
 */
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import {
  copy,
  get,
  isObject,
  type JsonObject,
  list,
  num,
  obj,
  parseJson,
  put,
  str,
  word,
} from "./json.ts";
import { overwrite } from "./merge.ts";
import type { NormalMessage, NormalTool, Piece } from "./normal.ts";
import { inlineMedia, role, textPiece, toolCall, unknownPiece } from "./pieces.ts";

const PATH = /\/model\/([^/]+)\/converse(?:-stream)?$/;
const COUNT = /\/model\/([^/]+)\/count-tokens$/;

/** The model of a Bedrock path, percent-encoding undone; the last part of an ARN. */
export function bedrockModel(path: string): string | null {
  const name = /\/model\/([^/]+)\//.exec(path)?.[1];
  if (name === undefined) return null;
  try {
    const whole = decodeURIComponent(name);
    return whole.startsWith("arn:") ? whole.slice(whole.lastIndexOf("/") + 1) : whole;
  } catch {
    return name;
  }
}

export const bedrockConverse: Dialect = {
  name: "bedrock.converse",
  usualOperation: "chat",
  content: new Set(["messages", "system", "toolConfig"]),
  operation: (method, path) => (method === "POST" && PATH.test(path) ? "chat" : null),
  looksLike: (_request, answer) => isObject(get(answer, "output", "message")),
  model: (_body, path) => bedrockModel(path),
  tools: converseTools,
  messages: converseInput,
  response: converseResponse,
  facts: converseFacts,
  assembler: () => converseAssembler(),
};

export const bedrockCountTokens: Dialect = {
  ...bedrockConverse,
  name: "bedrock.count_tokens",
  usualOperation: "count_tokens",
  operation: (method, path) => (method === "POST" && COUNT.test(path) ? "count_tokens" : null),
  looksLike: () => false,
  messages: (body) => converseInput(get(body, "input", "converse") ?? body),
  tools: (body) => converseTools(get(body, "input", "converse") ?? body),
  response: () => [],
  facts: (body) => ({ servedModel: null, servedBy: null, finishReasons: [], usage: body }),
  assembler: undefined,
};

export function converseInput(body: unknown): NormalMessage[] {
  const messages: NormalMessage[] = [];
  for (const [index, block] of list(body, "system").entries()) {
    messages.push({ role: "system", pieces: [blockPiece(block)], index, key: "system" });
  }
  for (const [i, message] of list(body, "messages").entries()) {
    messages.push(converseMessage(message, i, "messages"));
  }
  return messages;
}

export function converseResponse(body: unknown): NormalMessage[] {
  const message = get(body, "output", "message");
  return isObject(message) ? [converseMessage(message, null, "output")] : [];
}

function converseMessage(message: unknown, index: number | null, key: string): NormalMessage {
  const content = get(message, "content");
  const pieces = typeof content === "string" ? [textPiece(content)] : list(content).map(blockPiece);
  const results = pieces.length > 0 && pieces.every((piece) => piece.kind === "tool_result");
  const said = role(str(message, "role"));
  return { role: said === "user" && results ? "tool" : said, pieces, index, key };
}

function blockPiece(block: unknown): Piece {
  const text = str(block, "text");
  if (text !== null) return textPiece(text);
  const call = get(block, "toolUse");
  if (isObject(call))
    return toolCall(word(call, "toolUseId"), str(call, "name"), get(call, "input"));
  const result = get(block, "toolResult");
  if (isObject(result)) {
    const texts = list(result, "content").map(
      (part) => str(part, "text") ?? JSON.stringify(get(part, "json") ?? part),
    );
    const error = str(result, "status") === "error";
    const id = word(result, "toolUseId");
    return { kind: "tool_result", id, name: null, text: texts.join("\n"), error };
  }
  const reasoning = get(block, "reasoningContent");
  if (isObject(reasoning)) {
    const said = str(reasoning, "reasoningText", "text") ?? str(reasoning, "text") ?? "";
    return { kind: "reasoning", text: said, encrypted: said === "" };
  }
  return media(block);
}

function media(block: unknown): Piece {
  for (const kind of ["image", "document", "video", "audio"] as const) {
    const found = get(block, kind);
    if (!isObject(found)) continue;
    const format = word(found, "format");
    const type = kind === "document" ? "application" : kind;
    const mediaType = format === null ? null : `${type}/${format}`;
    const uri = word(found, "source", "s3Location", "uri");
    if (uri !== null) return { kind, media: mediaType, bytes: null, ref: uri };
    return inlineMedia(kind, mediaType, str(found, "source", "bytes"));
  }
  return unknownPiece(block, isObject(block) ? (Object.keys(block)[0] ?? "unknown") : "unknown");
}

export function converseTools(body: unknown): NormalTool[] {
  return list(body, "toolConfig", "tools")
    .filter((tool) => !isObject(get(tool, "cachePoint")))
    .map((tool) => {
      const kind = Object.keys(obj(tool))[0] ?? "toolSpec";
      const spec = get(tool, kind);
      return {
        name: word(spec, "name") ?? kind,
        description: str(spec, "description") ?? "",
        schema: get(spec, "inputSchema", "json") ?? get(spec, "inputSchema") ?? null,
        kind: kind === "toolSpec" ? "function" : kind,
      };
    });
}

export function converseFacts(body: unknown): Facts {
  const reason = word(body, "stopReason");
  return {
    servedModel: word(body, "trace", "promptRouter", "invokedModelId"),
    servedBy: null,
    finishReasons: reason === null ? [] : [reason],
    usage: get(body, "usage"),
  };
}

const EVENTS = [
  "messageStart",
  "contentBlockStart",
  "contentBlockDelta",
  "contentBlockStop",
  "messageStop",
  "metadata",
];
const NOT_KEPT = new Set(["p"]);

interface Block {
  readonly out: JsonObject;
  /** Tool input so far, as text. */
  input: string;
}

export function converseAssembler(): Assembler {
  const message: JsonObject = { role: "assistant" };
  const out: JsonObject = {};
  const blocks = new Map<number, Block>();
  let seen = false;
  let ended = false;

  function blockAt(index: number): Block {
    let block = blocks.get(index);
    if (block === undefined) {
      block = { out: {}, input: "" };
      blocks.set(index, block);
    }
    return block;
  }

  function add(name: string, data: JsonObject): boolean {
    const index = num(data, "contentBlockIndex") ?? 0;
    switch (name) {
      case "messageStart":
        overwrite(message, data, NOT_KEPT);
        return false;
      case "contentBlockStart": {
        const start = obj(data, "start");
        for (const key of Object.keys(start)) {
          put(blockAt(index).out, key, isObject(start[key]) ? copy(start[key]) : start[key]);
        }
        return isObject(get(start, "toolUse"));
      }
      case "contentBlockDelta":
        return addDelta(blockAt(index), obj(data, "delta"));
      case "messageStop":
        ended = true;
        overwrite(out, data, NOT_KEPT);
        return false;
      case "metadata":
        overwrite(out, data, NOT_KEPT);
        return false;
      default:
        if (isObject(get(data, "error"))) out.error = data.error;
        return false;
    }
  }

  return {
    get ended() {
      return ended;
    },
    add({ data, name }: StreamEvent): boolean {
      if (!isObject(data)) return false;
      seen = true;
      const lone = EVENTS.find((event) => isObject(get(data, event)));
      if (lone === undefined) return add(name ?? "", data);
      overwrite(out, data, new Set(EVENTS));
      return add(lone, obj(data, lone));
    },
    result() {
      if (!seen) return undefined;
      const content = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => finish(block));
      return { output: { message: { ...message, content } }, ...out };
    },
  };
}

function addDelta(block: Block, delta: JsonObject): boolean {
  const { out } = block;
  for (const key of Object.keys(delta)) {
    const value = delta[key];
    const inner = obj(out, key);
    if (typeof value === "string") put(out, key, (str(out, key) ?? "") + value);
    else if (key === "toolUse") {
      block.input += str(value, "input") ?? "";
      put(out, key, inner);
    } else if (key === "citation") {
      const citations = list(out, "citationsContent", "citations");
      citations.push(value);
      out.citationsContent = { citations };
    } else if (key === "reasoningContent") addReasoning(inner, obj(value), out);
    else put(out, key, value);
  }
  return Object.keys(delta).length > 0;
}

/** Text and signature stand one level deeper in the plain answer; redacted content does not. */
function addReasoning(inner: JsonObject, delta: JsonObject, out: JsonObject): void {
  out.reasoningContent = inner;
  for (const key of Object.keys(delta)) {
    const value = delta[key];
    if (key === "redactedContent" || typeof value !== "string") put(inner, key, value);
    else {
      const text = obj(inner, "reasoningText");
      put(text, key, key === "signature" ? value : (str(text, key) ?? "") + value);
      inner.reasoningText = text;
    }
  }
}

function finish({ out, input }: Block): JsonObject {
  const call = get(out, "toolUse");
  if (isObject(call)) {
    const parsed = parseJson(input === "" ? "{}" : input);
    call.input = parsed.ok ? parsed.value : input;
  }
  const citations = get(out, "citationsContent");
  if (isObject(citations) && typeof out.text === "string") {
    const { text, ...rest } = out;
    return { ...rest, citationsContent: { ...citations, content: [{ text }] } };
  }
  return out;
}
