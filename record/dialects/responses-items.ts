/**
 * Input and output items of the OpenAI Responses API as normal messages.
 * https://platform.openai.com/docs/api-reference/responses/object
 *
 * What always holds: every item becomes one message (so that positions match the body's list), an
 * item type of tomorrow included: calls and their outputs are told by their names, all else is kept
 * as a piece of kind "unknown".
 */
import { get, isObject, list, str, toJson, word } from "./json.ts";
import type { NormalMessage, NormalTool, Piece } from "./normal.ts";
import { contentPieces } from "./openai-messages.ts";
import { flatText, inlineMedia, role, textPiece, toolCall, unknownPiece } from "./pieces.ts";

/** One item of `input` or `output`. */
export function responsesItem(item: unknown, index: number | null, key: string): NormalMessage {
  if (typeof item === "string") return { role: "user", pieces: [textPiece(item)], index, key };
  const type = word(item, "type") ?? (str(item, "role") === null ? "unknown" : "message");
  if (type === "message") {
    const pieces = contentPieces(get(item, "content"));
    return { role: role(str(item, "role")), pieces, index, key };
  }
  if (type.endsWith("_output")) return { role: "tool", pieces: [output(item)], index, key };
  if (type === "mcp_approval_response") {
    return { role: "user", pieces: [unknownPiece(item)], index, key };
  }
  return { role: "assistant", pieces: itemPieces(item, type), index, key };
}

function output(item: unknown): Piece {
  return {
    kind: "tool_result",
    id: word(item, "call_id") ?? word(item, "id"),
    name: word(item, "name"),
    text: flatText(get(item, "output")),
    error: str(item, "status") === "failed" || get(item, "error") !== undefined,
  };
}

function itemPieces(item: unknown, type: string): Piece[] {
  const id = word(item, "call_id") ?? word(item, "id");
  switch (type) {
    case "reasoning":
      return reasoning(item);
    case "function_call":
      return [toolCall(id, str(item, "name"), get(item, "arguments"))];
    case "custom_tool_call":
      return [toolCall(id, str(item, "name"), get(item, "input"))];
    case "mcp_call":
      return [
        toolCall(id, str(item, "name"), get(item, "arguments")),
        ...result(item, id, "output"),
      ];
    case "code_interpreter_call":
      return [toolCall(id, "code_interpreter", get(item, "code")), ...result(item, id, "outputs")];
    case "file_search_call":
      return [toolCall(id, "file_search", get(item, "queries")), ...result(item, id, "results")];
    case "image_generation_call": {
      const image = str(item, "result");
      const media = word(item, "output_format");
      const call = toolCall(id, "image_generation", word(item, "revised_prompt") ?? "");
      if (image === null) return [call];
      return [call, inlineMedia("image", media === null ? null : `image/${media}`, image)];
    }
    case "compaction":
    case "compaction_summary":
    case "context_compaction":
      return [{ kind: "reasoning", text: "", encrypted: true }];
  }
  if (type.endsWith("_call")) {
    return [
      toolCall(id, type.slice(0, -"_call".length), get(item, "action") ?? get(item, "operation")),
    ];
  }
  return [unknownPiece(item, type)];
}

/** What the provider's own tool gave back, in the very item of the call. */
function result(item: unknown, id: string | null, key: string): Piece[] {
  const value = get(item, key);
  const error = get(item, "error");
  const failed = error !== undefined && error !== null;
  if (!failed && (value === undefined || value === null)) return [];
  return [
    { kind: "tool_result", id, name: null, text: flatText(failed ? error : value), error: failed },
  ];
}

function reasoning(item: unknown): Piece[] {
  const texts = [...list(item, "content"), ...list(item, "summary")]
    .map((part) => str(part, "text"))
    .filter((text) => text !== null);
  if (texts.length > 0) {
    return texts.map((text) => ({ kind: "reasoning", text, encrypted: false }));
  }
  return [{ kind: "reasoning", text: "", encrypted: word(item, "encrypted_content") !== null }];
}

/** `instructions`, then `input` (a string or a list of items). */
export function responsesInput(body: unknown): NormalMessage[] {
  const messages: NormalMessage[] = [];
  const said = get(body, "instructions");
  if (typeof said === "string") {
    messages.push({ role: "system", pieces: [textPiece(said)], index: null, key: "instructions" });
  }
  for (const [i, item] of list(body, "instructions").entries()) {
    messages.push({ ...responsesItem(item, i, "instructions"), role: "system" });
  }
  const input = get(body, "input");
  if (typeof input === "string") messages.push(responsesItem(input, null, "input"));
  for (const [i, item] of list(body, "input").entries()) {
    messages.push(responsesItem(item, i, "input"));
  }
  return messages;
}

/** Function tools are flat here; a `namespace` holds further tools. */
export function responsesTools(body: unknown): NormalTool[] {
  return list(body, "tools").flatMap((tool) => {
    const inner = list(tool, "tools");
    return isObject(tool) && tool.type === "namespace" && inner.length > 0
      ? inner.map(responsesTool)
      : [responsesTool(tool)];
  });
}

function responsesTool(tool: unknown): NormalTool {
  const kind = word(tool, "type") ?? "function";
  const name = word(tool, "name") ?? word(tool, "function", "name") ?? word(tool, "server_label");
  return {
    name: name ?? kind,
    description: str(tool, "description") ?? str(tool, "function", "description") ?? "",
    schema: get(tool, "parameters") ?? get(tool, "function", "parameters") ?? format(tool),
    kind,
  };
}

function format(tool: unknown): unknown {
  const grammar = get(tool, "format");
  return isObject(grammar) && toJson(grammar) !== "{}" ? grammar : null;
}
