/**
 * OpenAI Audio: transcriptions and translations (a form in, text out, plain or streamed) and speech
 * (text in, sound out).
 * https://platform.openai.com/docs/api-reference/audio
 *
 * What always holds: sound is never decoded; a transcript as plain text, SRT or VTT is left to the
 * body; never throws.
 */
import type { Assembler, Dialect, StreamEvent } from "./dialect.ts";
import { get, isObject, type JsonObject, list, num, str, word } from "./json.ts";
import { overwrite } from "./merge.ts";
import type { Piece } from "./normal.ts";
import { openaiChat } from "./openai-chat.ts";
import { textPiece } from "./pieces.ts";

const PATH = /\/audio\/(transcriptions|translations|speech)$/;
const OPERATIONS: Record<string, string> = {
  transcriptions: "transcription",
  translations: "translation",
  speech: "speech",
};

export const audio: Dialect = {
  name: "audio",
  usualOperation: "transcription",
  content: new Set(["model", "input", "instructions", "prompt", "file"]),
  operation(method, path) {
    const kind = PATH.exec(path)?.[1];
    return method === "POST" && kind !== undefined ? (OPERATIONS[kind] ?? null) : null;
  },
  looksLike: () => false,
  model: openaiChat.model,
  tools: () => [],

  messages(body) {
    const pieces: Piece[] = [];
    for (const key of ["instructions", "prompt", "input"]) {
      const text = word(body, key);
      if (text !== null) pieces.push(textPiece(text));
    }
    const file = get(body, "file");
    if (isObject(file)) {
      const bytes = num(file, "bytes");
      pieces.push({ kind: "audio", media: word(file, "type"), bytes, ref: word(file, "filename") });
    }
    return [{ role: "user", pieces, index: null, key: "input" }];
  },

  response(body) {
    const text = str(body, "text");
    if (text === null) return [];
    return [{ role: "assistant", pieces: [textPiece(text)], index: null, key: "text" }];
  },

  facts: (body) => ({
    servedModel: word(body, "model"),
    servedBy: null,
    finishReasons: [],
    usage: get(body, "usage"),
  }),

  assembler: () => transcriptAssembler(),
};

/** `transcript.text.delta` … `.done`; `speech.audio.delta` brings sound as base64. */
function transcriptAssembler(): Assembler {
  const out: JsonObject = {};
  let text = "";
  let ended = false;
  let seen = false;
  return {
    get ended() {
      return ended;
    },
    add({ data, name }: StreamEvent): boolean {
      if (!isObject(data)) return false;
      seen = true;
      const type = word(data, "type") ?? name ?? "";
      if (type.endsWith(".done")) {
        ended = true;
        overwrite(out, data, new Set(["type"]));
        return false;
      }
      const delta = str(data, "delta") ?? "";
      text += delta;
      if (type.endsWith(".segment")) {
        const segments = list(out, "segments");
        segments.push(data);
        out.segments = segments;
      }
      return delta !== "" || word(data, "audio") !== null;
    },
    result() {
      if (!seen) return undefined;
      return str(out, "text") === null && text !== "" ? { text, ...out } : out;
    },
  };
}
