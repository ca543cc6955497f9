/**
 * Messages and tools in the shape of OpenAI's Chat Completions, which Mistral, DeepSeek, Groq, xAI,
 * OpenRouter, Ollama, Cohere v2 and others share with variations of their own.
 *
 * What always holds: reads requests and responses alike; what it does not know becomes a piece of
 * kind "unknown"; never throws.
 */
import { get, isObject, list, str, word } from "./json.ts";
import type { NormalMessage, NormalTool, Piece, ToolResultPiece } from "./normal.ts";
import {
  flatText,
  inlineMedia,
  mediaAt,
  role,
  textPiece,
  toolCall,
  unknownPiece,
} from "./pieces.ts";

/** One message of `messages` or `choices[].message`; `otherwise` is the role where it has none. */
export function openaiMessage(
  message: unknown,
  index: number | null,
  key: string,
  otherwise: string | null = null,
): NormalMessage {
  const told = get(message, "role");
  const who = role(told === undefined ? otherwise : str(told));
  if (who === "tool") {
    return { role: who, pieces: [toolResult(message)], index, key };
  }
  const pieces = [...reasoningPieces(message), ...contentPieces(get(message, "content"))];
  const refusal = word(message, "refusal");
  if (refusal !== null) pieces.push(textPiece(refusal));
  for (const call of list(message, "tool_calls")) pieces.push(openaiToolCall(call));
  const legacy = get(message, "function_call");
  if (isObject(legacy)) pieces.push(toolCall(null, str(legacy, "name"), get(legacy, "arguments")));
  const audio = get(message, "audio");
  if (isObject(audio)) {
    pieces.push(
      word(audio, "data") === null
        ? mediaAt("audio", word(audio, "id"))
        : inlineMedia("audio", null, str(audio, "data")),
    );
    const transcript = word(audio, "transcript");
    if (transcript !== null) pieces.push(textPiece(transcript));
  }
  for (const image of list(message, "images")) pieces.push(...contentPieces([image]));
  return { role: who, pieces, index, key };
}

function toolResult(message: unknown): ToolResultPiece {
  return {
    kind: "tool_result",
    id: word(message, "tool_call_id"),
    name: word(message, "name") ?? word(message, "tool_name"),
    text: flatText(get(message, "content")),
    error: false,
  };
}

/** `{id, type: "function", function: {name, arguments}}`, or a custom tool's `{custom: {input}}`. */
export function openaiToolCall(call: unknown): Piece {
  const custom = get(call, "custom");
  if (isObject(custom)) {
    return toolCall(word(call, "id"), str(custom, "name"), get(custom, "input"));
  }
  const inner = get(call, "function");
  const from = isObject(inner) ? inner : call;
  return toolCall(word(call, "id"), str(from, "name"), get(from, "arguments"));
}

/** Reasoning as text (`reasoning_content`, `reasoning`, `thinking`) or only as details. */
function reasoningPieces(message: unknown): Piece[] {
  const text =
    word(message, "reasoning_content") ?? word(message, "reasoning") ?? word(message, "thinking");
  const pieces: Piece[] = text === null ? [] : [{ kind: "reasoning", text, encrypted: false }];
  for (const detail of list(message, "reasoning_details")) {
    const said = word(detail, "text") ?? word(detail, "summary");
    if (said === null && word(detail, "data") !== null) {
      pieces.push({ kind: "reasoning", text: "", encrypted: true });
    } else if (said !== null && text === null) {
      pieces.push({ kind: "reasoning", text: said, encrypted: false });
    }
  }
  return pieces;
}

/** `content` as string or as array of typed parts. */
export function contentPieces(content: unknown): Piece[] {
  if (typeof content === "string") return content === "" ? [] : [textPiece(content)];
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) return [contentPart(content)];
  return content.map(contentPart);
}

function contentPart(part: unknown): Piece {
  if (typeof part === "string") return textPiece(part);
  const type = str(part, "type");
  const url = (key: string) => str(part, key) ?? str(part, key, "url");
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
      return textPiece(str(part, "text") ?? "");
    case "refusal":
      return textPiece(str(part, "refusal") ?? "");
    case "thinking":
      return { kind: "reasoning", text: flatText(get(part, "thinking")), encrypted: false };
    case "image_url":
    case "input_image":
      return mediaAt("image", url("image_url") ?? word(part, "file_id"));
    case "input_audio":
      return inlineMedia(
        "audio",
        audioType(word(part, "input_audio", "format")),
        str(part, "input_audio", "data") ?? str(part, "input_audio"),
      );
    case "audio_url":
      return mediaAt("audio", url("audio_url"));
    case "video_url":
      return mediaAt("video", url("video_url"));
    case "document_url":
      return mediaAt("document", url("document_url"));
    case "file":
    case "input_file":
      return filePart(isObject(get(part, "file")) ? get(part, "file") : part);
    default:
      return unknownPiece(part);
  }
}

function audioType(format: string | null): string | null {
  return format === null ? null : `audio/${format}`;
}

function filePart(file: unknown): Piece {
  const data = word(file, "file_data");
  if (data === null) return mediaAt("document", word(file, "file_id") ?? word(file, "file_url"));
  return data.startsWith("data:") ? mediaAt("document", data) : inlineMedia("document", null, data);
}

/** Entries as they were met last, and the tools that they are. */
let latest: { entries: readonly unknown[]; tools: NormalTool[] } = { entries: [], tools: [] };

/**
 * Entries of `tools` (and of the older `functions`). Turns that share the very entries share the
 * tools.
 */
export function openaiTools(body: unknown): NormalTool[] {
  const functions = list(body, "functions");
  const given = list(body, "tools");
  const entries = functions.length === 0 ? given : [...given, ...functions];
  if (entries.length === 0) return [];
  const known = latest.entries;
  let same = 0;
  while (same < known.length && known[same] === entries[same]) same++;
  if (same < known.length || same < entries.length) {
    // A copy: the list itself may be one that parses its entries each time.
    const own = [...entries];
    latest = { entries: own, tools: own.map(openaiTool) };
  }
  return latest.tools;
}

function openaiTool(tool: unknown): NormalTool {
  const type = str(tool, "type") ?? "function";
  const inner = get(tool, type);
  const from = isObject(inner) ? inner : tool;
  return {
    name: word(from, "name") ?? word(tool, "name") ?? word(tool, "server_label") ?? type,
    description: str(from, "description") ?? "",
    schema: get(from, "parameters") ?? get(from, "format") ?? null,
    kind: type,
  };
}
