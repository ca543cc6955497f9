/**
 * Anthropic Messages and count_tokens, also on Vertex (`:rawPredict`) and inside Bedrock's invoke.
 * https://docs.anthropic.com/en/api/messages-streaming
 *
 * What always holds: `message_delta` overwrites usage, it never adds; blocks keep every member that
 * start and deltas brought, of types known or not; tool input that is no JSON stays the text that
 * the model wrote.
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
import { grow, overwrite, ownAt, ownCopy, takeAll } from "./merge.ts";
import type { NormalMessage, NormalTool, Piece } from "./normal.ts";
import {
  flatText,
  inlineMedia,
  mediaAt,
  role,
  textPiece,
  toolCall,
  unknownPiece,
} from "./pieces.ts";

const PATH = /(?<!\/threads\/[^/]+)\/messages$/;
const VERTEX = /\/models\/(claude[^/:]*):(?:streamR|r)awPredict$/;

export const anthropicMessages: Dialect = {
  name: "anthropic.messages",
  usualOperation: "chat",
  content: new Set(["model", "messages", "system", "tools"]),

  operation: (method, path) =>
    method === "POST" && (PATH.test(path) || VERTEX.test(path)) ? "chat" : null,

  looksLike(request, answer) {
    const type = str(answer, "type");
    if (type === "message_start" || isObject(get(answer, "message", "usage"))) return true;
    if (type === "message" && str(answer, "role") !== null) return true;
    if (isObject(answer) && type !== "error") return false;
    return (
      Array.isArray(get(request, "messages")) &&
      (word(request, "anthropic_version") !== null ||
        (num(request, "max_tokens") !== null && get(request, "system") !== undefined) ||
        list(request, "tools").some((tool) => isObject(get(tool, "input_schema"))))
    );
  },

  model: (body, path) => word(body, "model") ?? VERTEX.exec(path)?.[1] ?? null,
  tools: anthropicTools,
  messages: anthropicInput,

  response: (body) =>
    Array.isArray(get(body, "content"))
      ? [anthropicMessage({ content: get(body, "content"), role: "assistant" }, null, "content")]
      : word(body, "completion") !== null
        ? [assistantText(str(body, "completion") ?? "")]
        : [],

  facts(body): Facts {
    const reason = word(body, "stop_reason");
    return {
      servedModel: word(body, "model"),
      servedBy: null,
      finishReasons: reason === null ? [] : [reason],
      usage: get(body, "usage"),
    };
  },

  assembler: () => anthropicAssembler(),
};

/** Only the request is a conversation; the answer is `{input_tokens}`. */
export const anthropicCountTokens: Dialect = {
  ...anthropicMessages,
  name: "anthropic.count_tokens",
  usualOperation: "count_tokens",
  operation: (method, path) =>
    method === "POST" && /\/messages\/count_tokens$|\/count-tokens:rawPredict$/.test(path)
      ? "count_tokens"
      : null,
  looksLike: () => false,
  response: () => [],
  facts: (body) => ({
    servedModel: null,
    servedBy: null,
    finishReasons: [],
    usage: get(body, "input_tokens") === undefined ? null : body,
  }),
  assembler: undefined,
};

function assistantText(text: string): NormalMessage {
  return { role: "assistant", pieces: [textPiece(text)], index: null, key: "completion" };
}

/** System blocks, then messages. */
export function anthropicInput(body: unknown): NormalMessage[] {
  const system = get(body, "system");
  const key = "system";
  const messages: NormalMessage[] = [];
  if (typeof system === "string") {
    messages.push({ role: "system", pieces: [textPiece(system)], index: null, key });
  }
  for (const [index, block] of list(body, "system").entries()) {
    messages.push({ role: "system", pieces: [blockPiece(block)], index, key });
  }
  for (const [index, message] of list(body, "messages").entries()) {
    messages.push(anthropicMessage(message, index, "messages"));
  }
  return messages;
}

/** A message; one that only brings tool results back is the tools' rather than the user's. */
export function anthropicMessage(
  message: unknown,
  index: number | null,
  key: string,
): NormalMessage {
  const content = get(message, "content");
  const pieces = typeof content === "string" ? [textPiece(content)] : list(content).map(blockPiece);
  const said = role(str(message, "role"));
  const results = pieces.length > 0 && pieces.every((piece) => piece.kind === "tool_result");
  return { role: said === "user" && results ? "tool" : said, pieces, index, key };
}

function blockPiece(block: unknown): Piece {
  if (typeof block === "string") return textPiece(block);
  const type = str(block, "type") ?? "unknown";
  switch (type) {
    case "text":
      return textPiece(str(block, "text") ?? "");
    case "thinking":
      return { kind: "reasoning", text: str(block, "thinking") ?? "", encrypted: false };
    case "redacted_thinking":
      return { kind: "reasoning", text: "", encrypted: true };
    case "image":
      return sourcePiece("image", get(block, "source"));
    case "document":
      return sourcePiece("document", get(block, "source"));
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return toolCall(word(block, "id"), str(block, "name"), get(block, "input"));
  }
  if (type.endsWith("tool_result")) {
    const content = get(block, "content");
    return {
      kind: "tool_result",
      id: word(block, "tool_use_id"),
      name: null,
      text: flatText(content),
      error: get(block, "is_error") === true || /_error$/.test(str(content, "type") ?? ""),
    };
  }
  return unknownPiece(block, type);
}

function sourcePiece(kind: "image" | "document", source: unknown): Piece {
  const media = word(source, "media_type");
  if (str(source, "type") === "text") {
    const text = str(source, "data") ?? "";
    return { kind, media: media ?? "text/plain", bytes: Buffer.byteLength(text), ref: null };
  }
  const ref = word(source, "url") ?? word(source, "file_id");
  if (ref !== null) return mediaAt(kind, ref);
  return inlineMedia(kind, media, str(source, "data"));
}

export function anthropicTools(body: unknown): NormalTool[] {
  return list(body, "tools").map((tool) => {
    const type = word(tool, "type") ?? "custom";
    return {
      name: word(tool, "name") ?? word(tool, "mcp_server_name") ?? type,
      description: str(tool, "description") ?? "",
      schema: get(tool, "input_schema") ?? null,
      kind: type === "custom" ? "function" : type,
    };
  });
}

/** Joined while the block is open; `input_json_delta` is parsed when the stream ends. */
interface Block {
  readonly out: JsonObject;
  input: string;
}

export function anthropicAssembler(): Assembler {
  let message: JsonObject | null = null;
  let ended = false;
  /** A second message after the end of the first goes on where the first one's blocks end. */
  let offset = 0;
  /** One more than the highest index so far. */
  let next = 0;
  const blocks = new Map<number, Block>();

  function blockAt(index: number): Block {
    let block = blocks.get(index);
    if (block === undefined) {
      block = { out: {}, input: "" };
      blocks.set(index, block);
    }
    return block;
  }

  function addDelta(block: Block, delta: JsonObject): boolean {
    let content = false;
    for (const key of Object.keys(delta)) {
      const value = delta[key];
      // `estimated_tokens` tells how far the thinking is while it is hidden; no plain answer has it.
      if (key === "type" || key === "estimated_tokens" || value === null) continue;
      if (key === "partial_json") {
        block.input += typeof value === "string" ? value : "";
      } else if (key === "citation") {
        const citations = list(block.out, "citations");
        citations.push(value);
        block.out.citations = citations;
      } else if (key === "signature") block.out.signature = value;
      else if (typeof value === "string") {
        put(block.out, key, (str(block.out, key) ?? "") + value);
      } else put(block.out, key, value);
      if (key !== "signature" && value !== "") content = true;
    }
    return content;
  }

  function add(data: JsonObject, name: string | null): boolean {
    // Text completions on Bedrock have no type at all.
    const type = word(data, "type") ?? (str(data, "completion") === null ? name : "completion");
    const index = offset + (num(data, "index") ?? 0);
    next = Math.max(next, index + 1);
    switch (type) {
      case "message_start":
        if (ended) offset = next;
        else {
          // Begun anew without an end: a gateway tried again, and the first try counts for nothing.
          blocks.clear();
          next = offset;
          message = null;
        }
        message = takeAll(message ?? ownCopy({}), obj(data, "message"));
        return false;
      case "content_block_start": {
        const start = copy(obj(data, "content_block"));
        // A block that starts again under the same index (a restarted stream) replaces the first.
        blocks.set(index, { out: start, input: "" });
        return typeof start.text === "string" ? start.text !== "" : str(start, "name") !== null;
      }
      case "content_block_delta":
        return addDelta(blockAt(index), obj(data, "delta"));
      case "message_delta": {
        message ??= {};
        overwrite(message, obj(data, "delta"), new Set());
        const usage = obj(data, "usage");
        if (Object.keys(usage).length > 0) overwrite(ownAt(message, "usage"), usage, new Set());
        overwrite(message, data, new Set(["type", "delta", "usage"]));
        return false;
      }
      case "message_stop":
        ended = true;
        message ??= {};
        // Bedrock adds its own counts to the last event.
        overwrite(message, data, new Set(["type"]));
        return false;
      case "completion":
        message ??= {};
        put(
          message,
          "completion",
          (str(message, "completion") ?? "") + (str(data, "completion") ?? ""),
        );
        overwrite(message, data, new Set(["completion"]));
        if (word(data, "stop_reason") !== null) ended = true;
        return word(data, "completion") !== null;
      default:
        if (isObject(get(data, "error"))) {
          message ??= ownCopy({});
          grow(message, "error", data.error);
        }
        return false;
    }
  }

  return {
    get ended() {
      return ended;
    },
    add: ({ data, name }: StreamEvent) => isObject(data) && add(data, name),
    result() {
      if (message === null && blocks.size === 0) return undefined;
      const out = copy(message ?? { type: "message", role: "assistant" });
      if (out.completion !== undefined && blocks.size === 0) return out;
      const content = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => finishBlock(block));
      // Where the start brought content of its own and no block followed, that stands.
      if (content.length > 0 || !Array.isArray(out.content)) out.content = content;
      return out;
    },
  };
}

function finishBlock({ out, input }: Block): JsonObject {
  if (input === "") return out;
  const parsed = parseJson(input);
  return { ...out, input: parsed.ok ? parsed.value : input };
}
