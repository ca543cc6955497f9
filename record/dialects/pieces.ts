/**
 * Makers of message pieces that several dialects share: text, media in data URLs or by reference,
 * reasoning, tool calls and results, and the piece of last resort.
 *
 * What always holds: inline media is measured, never copied; nothing throws.
 */
import { isObject, str, toJson, word } from "./json.ts";
import type { MediaPiece, Piece, Role } from "./normal.ts";

export function textPiece(text: string): Piece {
  return { kind: "text", text };
}

/** A value that has no kind of its own, kept as JSON. */
export function unknownPiece(value: unknown, type?: string): Piece {
  return { kind: "unknown", type: type ?? str(value, "type") ?? "unknown", json: toJson(value) };
}

export function toolCall(id: string | null, name: string | null, args: unknown): Piece {
  const text = typeof args === "string" ? args : args === undefined ? "" : toJson(args);
  return { kind: "tool_call", id, name: name ?? "", arguments: text };
}

/** Bytes that base64 text of this form decodes to, without decoding it. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((text.length * 3) / 4) - padding);
}

/** Media given as base64 text. */
export function inlineMedia(
  kind: MediaPiece["kind"],
  media: string | null,
  data: string | null,
): MediaPiece {
  return { kind, media, bytes: data === null ? null : base64Bytes(data), ref: null };
}

/** Media given as URL, data URL or file id. */
export function mediaAt(kind: MediaPiece["kind"], url: string | null): MediaPiece {
  const data = url === null ? null : /^data:([^;,]{0,100})[^,]{0,200},/.exec(url);
  if (url === null || data === null) return { kind, media: null, bytes: null, ref: url };
  return {
    kind,
    media: data[1] || null,
    bytes: base64Bytes(url.slice(data[0].length)),
    ref: null,
  };
}

/** Which kind of media a media type is; what is neither image, audio nor video is a document. */
export function mediaKind(media: string | null): MediaPiece["kind"] {
  const family = (media ?? "").split("/")[0];
  return family === "image" || family === "audio" || family === "video" ? family : "document";
}

/** Role words of all providers; what is not known counts as the user's. */
export function role(word: string | null): Role {
  switch (word) {
    case "system":
    case "developer":
    case "SYSTEM":
      return "system";
    case "assistant":
    case "model":
    case "CHATBOT":
      return "assistant";
    case "tool":
    case "function":
    case "TOOL":
      return "tool";
    default:
      return "user";
  }
}

/** The text of a string, of an array of text parts, or JSON of anything else. */
export function flatText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) {
    const texts = value.map((part) => (typeof part === "string" ? part : word(part, "text")));
    if (texts.every((text) => text !== null)) return texts.join("\n");
  }
  return isObject(value) && typeof value.text === "string" ? value.text : toJson(value);
}
