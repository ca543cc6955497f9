/**
 * Gemini generateContent, streamGenerateContent (SSE, or one JSON array) and countTokens, under /v1,
 * /v1beta and Vertex's paths, and in the envelope `{response: …}` of Gemini Code Assist.
 *
 * What always holds: usage is cumulative, so the last word counts; neighbouring text parts of one
 * kind are joined as the plain response has them; a thought signature stays with the part it came
 * with; unknown members survive.
 */
import { LIMITS } from "../limits.ts";
import type { Assembler, Dialect, Facts, StreamEvent } from "./dialect.ts";
import { either, googleContent, googleInput, googleTools } from "./google-messages.ts";
import { addPartialArg } from "./google-partial-args.ts";
import { copy, get, isObject, type JsonObject, list, num, obj, put, str, word } from "./json.ts";
import { grow, leaveOut, overwrite, ownAt } from "./merge.ts";

const GENERATE = /(?::|\/)(?:streamG|g)enerateContent$/;
const MODEL = /\/(?:models|tunedModels|endpoints)\/([^/:]+):[a-zA-Z]+$/;

function modelOf(body: unknown, path: string): string | null {
  const name = MODEL.exec(path)?.[1];
  if (name === undefined) return word(body, "model")?.replace(/^models\//, "") ?? null;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Code Assist wraps request and response: `{model, project, request: {contents …}}`. */
function unwrapRequest(body: unknown): unknown {
  const inner = get(body, "request") ?? get(body, "generateContentRequest");
  return isObject(inner) && get(body, "contents") === undefined ? inner : body;
}

function unwrapResponse(body: unknown): unknown {
  const inner = get(body, "response");
  return isObject(inner) && get(body, "candidates") === undefined ? inner : body;
}

export const googleGenerate: Dialect = {
  name: "google.generate",
  usualOperation: "generate_content",
  content: new Set(["model", "contents", "systemInstruction", "system_instruction", "tools"]),

  operation: (method, path) =>
    method === "POST" && GENERATE.test(path) ? "generate_content" : null,

  looksLike(request, answer) {
    if (get(unwrapResponse(answer), "candidates") !== undefined) return true;
    if (isObject(answer) && get(answer, "error") === undefined) return false;
    return list(unwrapRequest(request), "contents").some((c) => get(c, "parts") !== undefined);
  },

  model: modelOf,
  tools: (body) => googleTools(unwrapRequest(body)),
  messages: (body) => googleInput(unwrapRequest(body)),

  response: (body) =>
    list(unwrapResponse(body), "candidates").map((candidate, i) =>
      googleContent({ role: "model", ...obj(candidate, "content") }, i, "candidates"),
    ),

  facts(body): Facts {
    const response = unwrapResponse(body);
    const reasons = list(response, "candidates").map((c) => str(either(c, "finishReason")));
    const blocked = str(either(either(response, "promptFeedback"), "blockReason"));
    const all = reasons.filter((reason) => reason !== null && reason !== "");
    return {
      servedModel: str(either(response, "modelVersion")),
      servedBy: null,
      finishReasons: all.length === 0 && blocked !== null ? [blocked] : (all as string[]),
      usage: either(response, "usageMetadata"),
    };
  },

  assembler: () => googleAssembler(),
};

export const googleCountTokens: Dialect = {
  ...googleGenerate,
  name: "google.count_tokens",
  usualOperation: "count_tokens",
  operation: (method, path) =>
    method === "POST" && /:countTokens$/.test(path) ? "count_tokens" : null,
  looksLike: () => false,
  response: () => [],
  facts: (body) => ({
    servedModel: null,
    servedBy: null,
    finishReasons: [],
    usage: { total_tokens: get(body, "totalTokens") },
  }),
  assembler: undefined,
};

interface Candidate {
  readonly out: JsonObject;
  readonly content: JsonObject;
  readonly parts: JsonObject[];
}

const NOT_TOP_LEVEL = new Set(["candidates", "usageMetadata"]);
const NOT_CANDIDATE = new Set(["content", "index", "citationMetadata"]);

function googleAssembler(): Assembler {
  const top: JsonObject = {};
  const envelope: JsonObject = {};
  const candidates = new Map<number, Candidate>();
  let wrapped = false;
  let seen = false;
  let ended = false;

  function addCandidate(from: JsonObject): boolean {
    const index = num(from, "index") ?? 0;
    let candidate = candidates.get(index);
    if (candidate === undefined) {
      candidate = { out: {}, content: {}, parts: [] };
      candidates.set(index, candidate);
    }
    overwrite(candidate.out, from, NOT_CANDIDATE);
    addCitations(candidate.out, get(from, "citationMetadata"));
    if (str(either(from, "finishReason")) !== null) ended = true;
    const content = obj(from, "content");
    overwrite(candidate.content, content, new Set(["parts"]));
    let told = false;
    for (const part of list(content, "parts")) {
      if (!isObject(part)) continue;
      if (str(part, "text") !== "") told = true;
      addPart(candidate.parts, part);
    }
    return told;
  }

  return {
    get ended() {
      return ended;
    },
    add({ data }: StreamEvent): boolean {
      const response = unwrapResponse(data);
      if (!isObject(data) || !isObject(response)) return false;
      seen = true;
      if (response !== data) {
        wrapped = true;
        overwrite(envelope, data, new Set(["response"]));
      }
      overwrite(top, response, NOT_TOP_LEVEL);
      const usage = get(response, "usageMetadata");
      if (isObject(usage)) {
        overwrite(ownAt(top, "usageMetadata"), usage, new Set());
      }
      if (get(response, "promptFeedback") !== undefined) ended = true;
      let content = false;
      for (const candidate of list(response, "candidates")) {
        if (isObject(candidate) && addCandidate(candidate)) content = true;
      }
      return content;
    },
    result() {
      if (!seen) return undefined;
      const built = [...candidates].sort(([a], [b]) => a - b).map(([index, c]) => finish(index, c));
      const out: JsonObject = built.length > 0 ? { candidates: built } : {};
      for (const key of Object.keys(top)) put(out, key, top[key]);
      return wrapped ? { response: out, ...envelope } : out;
    },
  };
}

function finish(index: number, { out, content, parts }: Candidate): JsonObject {
  const candidate: JsonObject = { content: { ...content, parts: parts.map(finishPart) } };
  if (candidate.content && content.role === undefined) obj(candidate, "content").role = "model";
  for (const key of Object.keys(out)) put(candidate, key, out[key]);
  candidate.index = index;
  return candidate;
}

function addCitations(out: JsonObject, from: unknown): void {
  if (!isObject(from)) return;
  const merged = obj(out, "citationMetadata");
  for (const key of Object.keys(from)) {
    const before = get(merged, key);
    const value = from[key];
    if (Array.isArray(before) && Array.isArray(value))
      for (const entry of value) before.push(entry);
    else grow(merged, key, Array.isArray(value) ? [...value] : value);
  }
  out.citationMetadata = merged;
}

/** Text goes on with text of the same kind; a function call goes on while it says so. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1);
  const text = str(part, "text");
  const before = str(last, "text");
  if (last !== undefined && text !== null && before !== null) {
    const same = (get(last, "thought") === true) === (get(part, "thought") === true);
    const sealed = either(last, "thoughtSignature") !== undefined && text !== "";
    const others = Object.keys(part).every((key) => PLAIN_TEXT.has(key));
    if (same && !sealed && others) {
      last.text = before + text;
      overwrite(last, part, new Set(["text"]));
      return;
    }
  }
  const call = get(part, "functionCall");
  const open = get(last, "functionCall");
  if (isObject(call) && isObject(open) && isObject(last) && open.willContinue === true) {
    if (word(call, "name") === null) {
      goOn(open, call);
      overwrite(last, part, new Set(["functionCall"]));
      return;
    }
  }
  if (parts.length >= LIMITS.assembledEntryCount) {
    leaveOut();
    return;
  }
  const added = copy(part);
  if (isObject(call)) {
    added.functionCall = {};
    goOn(added.functionCall as JsonObject, call);
  }
  parts.push(added);
}

const PLAIN_TEXT = new Set(["text", "thought", "thoughtSignature", "thought_signature"]);

function goOn(call: JsonObject, from: JsonObject): void {
  overwrite(call, from, new Set(["partialArgs", "willContinue"]));
  const partial = list(from, "partialArgs");
  if (partial.length > 0) {
    const args = obj(call, "args");
    call.args = args;
    for (const arg of partial) addPartialArg(args, arg);
  }
  call.willContinue = get(from, "willContinue") === true;
}

/** A finished call does not say whether it will go on. */
function finishPart(part: JsonObject): JsonObject {
  const call = get(part, "functionCall");
  if (!isObject(call) || call.willContinue !== false) return part;
  const { willContinue: _, ...rest } = call;
  return { ...part, functionCall: rest };
}
