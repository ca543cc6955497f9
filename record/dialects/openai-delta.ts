/**
 * Adds up the `delta` objects of a Chat Completions stream into one message.
 *
 * What always holds: text is joined, lists of parts are joined part by part, tool calls find their
 * place with an index, with an id, or with neither; members that no one has heard of yet are kept
 * (strings joined, all else overwritten); never throws, linear in the bytes.
 */
import { LIMITS } from "../limits.ts";
import { copy, get, isObject, type JsonObject, list, num, obj, put, str, word } from "./json.ts";
import { grow, leaveOut } from "./merge.ts";

/** Strings that say the same in every chunk instead of going on. */
const NAMES = new Set(["role", "id", "type", "name", "format", "object"]);
const CALL_ASIDE = new Set(["index", "id"]);
const NONE: ReadonlySet<string> = new Set();
const ASIDE = new Set(["tool_calls", "content", "audio", "reasoning_details"]);

/** Whether a delta carries a token: anything but a role and empty strings. */
export function hasContent(delta: JsonObject): boolean {
  for (const key in delta) {
    const value = delta[key];
    if (value === "" || value === null || NAMES.has(key)) continue;
    if (typeof value === "string") return true;
    if (Array.isArray(value) ? value.length > 0 : isObject(value)) return true;
  }
  return false;
}

/** A message under construction. */
export class DeltaMessage {
  readonly message: JsonObject = { role: "assistant", content: null };
  /** Tool calls by `index` and by id. */
  readonly #slots = new Map<number | string, JsonObject>();
  /** The `index` that each call came with; the message has none. */
  readonly #indexes = new Map<JsonObject, number>();

  add(delta: JsonObject): void {
    const message = this.message;
    addContent(message, get(delta, "content"));
    for (const call of list(delta, "tool_calls")) if (isObject(call)) this.#addToolCall(call);
    const audio = get(delta, "audio");
    if (isObject(audio)) addAudio(message, audio);
    for (const detail of list(delta, "reasoning_details")) {
      if (isObject(detail)) addReasoningDetail(message, detail);
    }
    addMembers(message, delta, ASIDE);
  }

  /**
   * With an index: that slot, unless it holds another call (Gemini's OpenAI mode numbers every
   * parallel call 0). Without: the call of the same id, a new call for a new id or name, else the
   * last one.
   */
  #addToolCall(delta: JsonObject): void {
    const calls = list(this.message, "tool_calls") as JsonObject[];
    if (calls.length === 0) this.message.tool_calls = calls;
    const index = num(delta, "index");
    const id = word(delta, "id");
    const name = word(delta, "function", "name") ?? word(delta, "custom", "name");
    let call = this.#find(index, id, name, calls);
    if (call === undefined) {
      if (calls.length >= LIMITS.assembledEntryCount) {
        leaveOut();
        return;
      }
      call = {};
      calls.push(call);
      if (index !== null) {
        this.#slots.set(index, call);
        this.#indexes.set(call, index);
      }
    }
    if (id !== null) this.#slots.set(id, call);
    addFunction(call, delta, name);
  }

  #find(index: number | null, id: string | null, name: string | null, calls: JsonObject[]) {
    if (index !== null) {
      const slot = this.#slots.get(index);
      const held = word(slot, "id");
      const another = id !== null && held !== null && held !== id && name !== null;
      return another ? this.#slots.get(id) : slot;
    }
    if (id !== null) return this.#slots.get(id);
    const last = calls.at(-1);
    if (name === null) return last;
    // The name again and no id ever: the same call, going on.
    return word(last, "function", "name") === name && last?.id === undefined ? last : undefined;
  }

  /** Joins what is unfinished, puts the calls in the order of their indexes. */
  finish(): JsonObject {
    const message = this.message;
    const audio = get(message, "audio");
    if (isObject(audio) && Array.isArray(audio.data)) {
      const bytes = audio.data.map((text) => Buffer.from(String(text), "base64"));
      audio.data = Buffer.concat(bytes).toString("base64");
    }
    const calls = list(message, "tool_calls") as JsonObject[];
    const at = (call: JsonObject): number => this.#indexes.get(call) ?? 0;
    if (calls.every((call) => this.#indexes.has(call))) calls.sort((a, b) => at(a) - at(b));
    return message;
  }
}

/** Strings go on, lists grow, objects are looked into, all else is overwritten. */
function addMembers(target: JsonObject, from: JsonObject, except: ReadonlySet<string>): void {
  for (const key in from) {
    const value = from[key];
    if (except.has(key) || value === null || value === undefined) continue;
    const before = Object.hasOwn(target, key) ? target[key] : undefined;
    if (typeof value === "string" && typeof before === "string") {
      if (!NAMES.has(key)) put(target, key, before + value);
      else if (value !== "") put(target, key, value);
    } else if (Array.isArray(value) && Array.isArray(before)) {
      for (const item of value) before.push(item);
    } else if (Array.isArray(value)) grow(target, key, [...value]);
    else if (isObject(value)) {
      const inner = isObject(before) ? before : {};
      addMembers(inner, value, NONE);
      grow(target, key, inner);
    } else grow(target, key, value);
  }
}

/** A string, or (Mistral) a list of typed parts; both may come in one stream. */
function addContent(message: JsonObject, content: unknown): void {
  if (typeof content === "string") {
    if (Array.isArray(message.content)) addPart(message.content, { type: "text", text: content });
    else message.content = (str(message, "content") ?? "") + content;
    return;
  }
  if (!Array.isArray(content)) return;
  if (!Array.isArray(message.content)) {
    const before = word(message, "content");
    message.content = before === null ? [] : [{ type: "text", text: before }];
  }
  for (const part of content) {
    addPart(
      message.content as unknown[],
      typeof part === "string" ? { type: "text", text: part } : part,
    );
  }
}

/** Joins a text or thinking part to the part before when that is of the same type. */
function addPart(parts: unknown[], part: unknown): void {
  const last = parts.at(-1);
  const type = str(part, "type");
  if (isObject(last) && isObject(part) && str(last, "type") === type) {
    if (type === "text" && typeof last.text === "string" && typeof part.text === "string") {
      if (Object.keys(part).length === 2) {
        last.text += part.text;
        return;
      }
    } else if (
      type === "thinking" &&
      Array.isArray(last.thinking) &&
      Array.isArray(part.thinking)
    ) {
      for (const piece of part.thinking) addPart(last.thinking, piece);
      for (const key of Object.keys(part)) if (key !== "thinking") put(last, key, part[key]);
      return;
    }
  }
  if (type === "text" && str(part, "text") === "" && parts.length > 0) return;
  parts.push(ownPart(part));
}

/** A part whose text and thinking may go on. */
function ownPart(part: unknown): unknown {
  if (!isObject(part)) return part;
  const made = copy(part);
  if (Array.isArray(part.thinking)) made.thinking = part.thinking.map(ownPart);
  return made;
}

function addFunction(call: JsonObject, delta: JsonObject, name: string | null): void {
  const before = word(call, "function", "name") ?? word(call, "custom", "name");
  // Names come whole, whole again with every chunk, or (rarely) in pieces.
  const whole = before === null || name === null || name.startsWith(before) ? name : before + name;
  addMembers(call, delta, CALL_ASIDE);
  if (word(delta, "id") !== null && word(call, "id") === null) call.id = delta.id;
  for (const kind of ["function", "custom"]) {
    const inner = get(call, kind);
    if (!isObject(inner)) continue;
    if (whole !== null) inner.name = whole;
    // A call without arguments still has the member in a plain response.
    const written = obj(delta, kind).arguments;
    if (isObject(written)) inner.arguments = JSON.stringify(written);
  }
}

function addAudio(message: JsonObject, delta: JsonObject): void {
  const audio = obj(message, "audio");
  message.audio = audio;
  // Each piece is base64 of its own and may be padded: joined at the end, as bytes.
  const data = word(delta, "data");
  if (data !== null) {
    const pieces = list(audio, "data");
    pieces.push(data);
    audio.data = pieces;
  }
  addMembers(audio, delta, new Set(["data"]));
}

/** OpenRouter: pieces of one detail share index and type. */
function addReasoningDetail(message: JsonObject, detail: JsonObject): void {
  const details = list(message, "reasoning_details") as JsonObject[];
  if (details.length === 0) message.reasoning_details = details;
  const last = details.at(-1);
  const same =
    last !== undefined &&
    last.type === detail.type &&
    (num(last, "index") ?? 0) === (num(detail, "index") ?? 0) &&
    (word(last, "id") === null || word(detail, "id") === null || last.id === detail.id);
  const target: JsonObject = same ? last : {};
  if (!same) details.push(target);
  addMembers(target, detail, new Set(["signature"]));
  if (word(detail, "signature") !== null) target.signature = detail.signature;
}
