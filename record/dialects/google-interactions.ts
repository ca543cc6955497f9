/**
 * Gemini Interactions (`/v1beta/interactions`), plain and streamed: a list of steps (thought, model
 * output, function call …) instead of candidates.
 * https://ai.google.dev/api/interactions-api
 *
 * What always holds: the final `interaction.completed` gives the envelope, the step events its
 * steps; members of steps that are not known are kept; never throws.
 */
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { copy, get, isObject, type JsonObject, list, num, parseJson, str, word } from "./json.ts";
import { grow, overwrite, ownCopy, takeAll } from "./merge.ts";
import type { NormalMessage, Piece } from "./normal.ts";
import { openaiTools } from "./openai-messages.ts";
import {
  flatText,
  inlineMedia,
  mediaAt,
  role,
  textPiece,
  toolCall,
  unknownPiece,
} from "./pieces.ts";

export const googleInteractions: Dialect = {
  name: "google.interactions",
  usualOperation: "generate_content",
  content: new Set(["model", "input", "system_instruction", "tools"]),

  operation: (method, path) =>
    method === "POST" && /\/interactions$/.test(path) ? "generate_content" : null,

  looksLike: (_request, answer) =>
    str(answer, "object") === "interaction" || isObject(get(answer, "interaction")),

  model: (body) => word(body, "model") ?? word(body, "agent"),
  tools: openaiTools,

  messages(body) {
    const messages: NormalMessage[] = [];
    const system = str(body, "system_instruction");
    if (system !== null) {
      messages.push(said("system", [textPiece(system)], null, "system_instruction"));
    }
    const input = get(body, "input");
    if (typeof input === "string") messages.push(said("user", [textPiece(input)], null, "input"));
    else if (isObject(input)) messages.push(turn(input, null, "input"));
    for (const [i, entry] of list(body, "input").entries()) messages.push(turn(entry, i, "input"));
    return messages;
  },

  response(body) {
    const key = Array.isArray(get(body, "steps")) ? "steps" : "outputs";
    return list(body, key).map((step, i) => ({
      ...turn(step, i, key),
      role: "assistant" as const,
    }));
  },

  facts(body): Facts {
    const status = word(body, "status");
    return {
      servedModel: word(body, "model") ?? word(body, "agent"),
      servedBy: null,
      finishReasons: status === null ? [] : [status],
      usage: get(body, "usage"),
    };
  },

  assembler: () => interactionsAssembler(),
};

function said(
  who: NormalMessage["role"],
  pieces: Piece[],
  index: number | null,
  key: string,
): NormalMessage {
  return { role: who, pieces, index, key };
}

/** A turn `{role, content}`, a step, or a bare content part. */
function turn(entry: unknown, index: number | null, key: string): NormalMessage {
  const type = word(entry, "type");
  const content = get(entry, "content");
  const who =
    type === "function_result"
      ? "tool"
      : type === "function_call" || type === "thought" || type === "model_output"
        ? "assistant"
        : role(str(entry, "role"));
  if (content === undefined || type === "function_result") {
    return said(who, [part(entry)], index, key);
  }
  if (typeof content === "string") return said(who, [textPiece(content)], index, key);
  return said(who, (Array.isArray(content) ? content : [content]).map(part), index, key);
}

function part(value: unknown): Piece {
  const type = word(value, "type") ?? "unknown";
  switch (type) {
    case "text":
    case "model_output":
      return textPiece(str(value, "text") ?? "");
    case "thought": {
      const text = flatText(get(value, "summary"));
      return {
        kind: "reasoning",
        text,
        encrypted: text === "" && word(value, "signature") !== null,
      };
    }
    case "image":
    case "audio":
    case "video":
    case "document": {
      const uri = word(value, "uri");
      return uri === null
        ? inlineMedia(type, word(value, "mime_type"), str(value, "data"))
        : mediaAt(type, uri);
    }
    case "function_result":
      return {
        kind: "tool_result",
        id: word(value, "call_id"),
        name: word(value, "name"),
        text: flatText(get(value, "result")),
        error: get(value, "is_error") === true,
      };
  }
  if (type.endsWith("_call")) {
    const name = word(value, "name") ?? type.slice(0, -"_call".length);
    return toolCall(word(value, "id"), name, get(value, "arguments"));
  }
  return unknownPiece(value, type);
}

interface Step {
  readonly out: JsonObject;
  /** Arguments come as JSON text, bit by bit. */
  written: string;
}

function interactionsAssembler(): Assembler {
  let base: JsonObject | null = null;
  let ended = false;
  const steps = new Map<number, Step>();

  function stepAt(index: number): Step {
    let step = steps.get(index);
    if (step === undefined) {
      step = { out: {}, written: "" };
      steps.set(index, step);
    }
    return step;
  }

  function add(data: JsonObject): boolean {
    const whole = get(data, "interaction");
    if (isObject(whole)) {
      base = takeAll(base ?? ownCopy({}), whole);
      if (/\.(?:completed?|failed|cancelled)$/.test(str(data, "event_type") ?? "")) ended = true;
      return false;
    }
    const error = get(data, "error");
    if (isObject(error)) {
      base ??= ownCopy({});
      grow(base, "error", error);
    }
    const index = num(data, "index");
    if (index === null) return false;
    const start = get(data, "step") ?? get(data, "content");
    if (isObject(start)) overwrite(stepAt(index).out, start, new Set());
    const delta = get(data, "delta");
    return isObject(delta) && addDelta(stepAt(index), delta);
  }

  return {
    get ended() {
      return ended;
    },
    add: ({ data }: StreamEvent) => isObject(data) && add(data),
    result() {
      if (base === null && steps.size === 0) return undefined;
      const out = copy(base ?? { object: "interaction" });
      if (steps.size > 0 && list(out, "steps").length === 0) {
        out.steps = [...steps].sort(([a], [b]) => a - b).map(([, step]) => finish(step));
      }
      return out;
    },
  };
}

/** Text belongs into the step's content; a signature, a summary, arguments into the step itself. */
function addDelta(step: Step, delta: JsonObject): boolean {
  const type = word(delta, "type") ?? "";
  const { out } = step;
  if (type.startsWith("arguments")) {
    step.written += str(delta, "arguments") ?? "";
    return true;
  }
  if (type.startsWith("thought")) {
    for (const key of Object.keys(delta)) {
      const value = delta[key];
      if (key === "type") continue;
      if (key === "content") addTo(out, "summary", value);
      else grow(out, key, typeof value === "string" ? (str(out, key) ?? "") + value : value);
    }
    return type !== "thought_signature";
  }
  const content = list(out, "content");
  out.content = content;
  const last = content.at(-1);
  if (isObject(last) && type === "text" && last.type === "text") {
    last.text = (str(last, "text") ?? "") + (str(delta, "text") ?? "");
    overwrite(last, delta, new Set(["text", "type"]));
  } else content.push(copy(delta));
  return str(delta, "text") !== "";
}

function finish({ out, written }: Step): JsonObject {
  if (written === "") return out;
  const parsed = parseJson(written);
  return { ...out, arguments: parsed.ok ? parsed.value : written };
}

function addTo(target: JsonObject, key: string, value: unknown): void {
  const items = list(target, key);
  items.push(value);
  target[key] = items;
}
