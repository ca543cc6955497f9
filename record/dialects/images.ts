/**
 * OpenAI Images: generations, edits and variations, as JSON, as a form, or streamed as partial
 * images.
 * https://platform.openai.com/docs/api-reference/images
 *
 * What always holds: the pictures stay where they are, only their size is read; never throws.
 */
import type { Assembler, Dialect, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, put, str, word } from "./json.ts";
import type { Piece } from "./normal.ts";
import { openaiChat } from "./openai-chat.ts";
import { inlineMedia, mediaAt, textPiece } from "./pieces.ts";

const PATH = /\/images\/(generations|edits|variations)$/;
const OPERATIONS: Record<string, string> = {
  generations: "image_generation",
  edits: "image_edit",
  variations: "image_variation",
};

export const images: Dialect = {
  name: "images",
  usualOperation: "image_generation",
  content: new Set(["model", "prompt", "image", "image[]", "mask"]),
  operation(method, path) {
    const kind = PATH.exec(path)?.[1];
    return method === "POST" && kind !== undefined ? (OPERATIONS[kind] ?? null) : null;
  },
  looksLike: (_request, answer) => word(list(answer, "data")[0], "b64_json") !== null,
  model: openaiChat.model,
  tools: () => [],

  messages(body) {
    const pieces: Piece[] = [];
    const prompt = word(body, "prompt");
    if (prompt !== null) pieces.push(textPiece(prompt));
    for (const key of ["image", "image[]", "mask"]) {
      const value = get(body, key);
      for (const file of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
        pieces.push(upload(file));
      }
    }
    return [{ role: "user", pieces, index: null, key: "prompt" }];
  },

  response: (body) =>
    list(body, "data").map((item, index) => ({
      role: "assistant",
      pieces: [picture(item, word(body, "output_format"))],
      index,
      key: "data",
    })),

  facts: (body) => ({
    servedModel: word(body, "model"),
    servedBy: null,
    finishReasons: [],
    usage: get(body, "usage"),
  }),

  assembler: () => imagesAssembler(),
};

function upload(file: unknown): Piece {
  const url = str(file) ?? word(file, "image_url") ?? word(file, "file_id");
  if (url !== null) return mediaAt("image", url);
  const bytes = get(file, "bytes");
  const size = typeof bytes === "number" ? bytes : null;
  return { kind: "image", media: word(file, "type"), bytes: size, ref: word(file, "filename") };
}

function picture(item: unknown, format: string | null): Piece {
  const data = word(item, "b64_json");
  if (data === null) return mediaAt("image", word(item, "url"));
  return inlineMedia("image", format === null ? null : `image/${format}`, data);
}

/** The completed event is the answer with `b64_json` at its top; partial images lead up to it. */
function imagesAssembler(): Assembler {
  const out: JsonObject = {};
  const data: JsonObject[] = [];
  let partial: JsonObject | null = null;
  let ended = false;
  return {
    get ended() {
      return ended;
    },
    add({ data: event, name }: StreamEvent): boolean {
      if (!isObject(event)) return false;
      const type = word(event, "type") ?? name ?? "";
      if (word(event, "b64_json") === null) return false;
      for (const key of Object.keys(event)) {
        if (key !== "b64_json" && key !== "type" && key !== "partial_image_index") {
          put(out, key === "created_at" ? "created" : key, event[key]);
        }
      }
      if (type.endsWith(".completed")) {
        data.push({ b64_json: event.b64_json });
        ended = true;
      } else partial = { b64_json: event.b64_json };
      return true;
    },
    result() {
      if (data.length === 0 && partial === null) return undefined;
      return { ...out, data: data.length > 0 ? data : [partial] };
    },
  };
}
