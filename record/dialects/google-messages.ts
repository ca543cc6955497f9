/**
 * Contents, parts and tools of Gemini's generateContent as normal messages. The REST API takes
 * camelCase and snake_case alike, and so does this.
 * https://ai.google.dev/api/generate-content
 *
 * What always holds: every entry of `contents` becomes one message; never throws.
 */
import { get, isObject, list, obj, str, word } from "./json.ts";
import type { NormalMessage, NormalTool, Piece } from "./normal.ts";
import { inlineMedia, mediaKind, role, textPiece, toolCall, unknownPiece } from "./pieces.ts";

/** A member under its camelCase or its snake_case name. */
export function either(value: unknown, camel: string): unknown {
  const snake = camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return get(value, camel) ?? get(value, snake);
}

/** System instruction, then contents. */
export function googleInput(body: unknown): NormalMessage[] {
  const messages: NormalMessage[] = [];
  const system = either(body, "systemInstruction");
  if (system !== undefined && system !== null) {
    const key =
      isObject(body) && "system_instruction" in body ? "system_instruction" : "systemInstruction";
    messages.push({ ...googleContent(system, null, key), role: "system" });
  }
  const contents = get(body, "contents");
  if (typeof contents === "string" || isObject(contents)) {
    messages.push(googleContent(contents, null, "contents"));
  }
  for (const [i, content] of list(body, "contents").entries()) {
    messages.push(googleContent(content, i, "contents"));
  }
  return messages;
}

/** One content; its role is the tool's where it only brings function responses. */
export function googleContent(content: unknown, index: number | null, key: string): NormalMessage {
  if (typeof content === "string") {
    return { role: "user", pieces: [textPiece(content)], index, key };
  }
  const parts = get(content, "parts");
  const pieces = (Array.isArray(parts) ? parts : parts === undefined ? [] : [parts]).map(part);
  const results = pieces.length > 0 && pieces.every((piece) => piece.kind === "tool_result");
  return { role: results ? "tool" : role(str(content, "role")), pieces, index, key };
}

function part(value: unknown): Piece {
  if (typeof value === "string") return textPiece(value);
  const text = str(value, "text");
  if (text !== null) {
    return get(value, "thought") === true
      ? { kind: "reasoning", text, encrypted: false }
      : textPiece(text);
  }
  const call = either(value, "functionCall") ?? either(value, "toolCall");
  if (isObject(call)) {
    return toolCall(
      word(call, "id"),
      word(call, "name") ?? word(call, "toolType"),
      get(call, "args"),
    );
  }
  const answer = either(value, "functionResponse") ?? either(value, "toolResponse");
  if (isObject(answer)) return functionResponse(answer);
  return mediaOrCode(value);
}

function functionResponse(answer: unknown): Piece {
  const response = get(answer, "response");
  // Tools that answer with one text wrap it in an object of one member.
  const said = obj(response);
  const lone = Object.keys(said).length === 1 ? Object.values(said)[0] : undefined;
  return {
    kind: "tool_result",
    id: word(answer, "id"),
    name: word(answer, "name") ?? word(answer, "toolType"),
    text: typeof lone === "string" ? lone : JSON.stringify(response ?? null),
    error: get(response, "error") !== undefined,
  };
}

function mediaOrCode(value: unknown): Piece {
  const inline = either(value, "inlineData");
  if (isObject(inline)) {
    const media = str(either(inline, "mimeType"));
    return inlineMedia(mediaKind(media), media, str(inline, "data"));
  }
  const file = either(value, "fileData");
  if (isObject(file)) {
    const media = str(either(file, "mimeType"));
    return { kind: mediaKind(media), media, bytes: null, ref: str(either(file, "fileUri")) };
  }
  const code = either(value, "executableCode");
  if (isObject(code)) return toolCall(word(code, "id"), "code_execution", get(code, "code"));
  const result = either(value, "codeExecutionResult");
  if (isObject(result)) {
    const text = str(result, "output") ?? "";
    const error = (word(result, "outcome") ?? "OUTCOME_OK") !== "OUTCOME_OK";
    return { kind: "tool_result", id: word(result, "id"), name: "code_execution", text, error };
  }
  const type = isObject(value) ? Object.keys(value)[0] : undefined;
  return unknownPiece(value, type ?? "unknown");
}

/** Function declarations one by one, and the provider's own tools by their member's name. */
export function googleTools(body: unknown): NormalTool[] {
  const tools = get(body, "tools");
  const all = Array.isArray(tools) ? tools : tools === undefined ? [] : [tools];
  return all.flatMap((tool) => {
    const declared = either(tool, "functionDeclarations");
    const functions = list(declared).map((declaration) => ({
      name: str(declaration, "name") ?? "",
      description: str(declaration, "description") ?? "",
      schema: either(declaration, "parametersJsonSchema") ?? get(declaration, "parameters") ?? null,
      kind: "function",
    }));
    const own = Object.keys(obj(tool))
      .filter((key) => key !== "functionDeclarations" && key !== "function_declarations")
      .map((key) => ({ name: key, description: "", schema: null, kind: key }));
    return [...functions, ...own];
  });
}
