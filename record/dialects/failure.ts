/**
 * Finds the provider's error in any of its disguises: an error status with JSON, text or HTML; a 200
 * whose JSON is an error; an error event inside a 200 stream; a choice that failed; a response whose
 * status is `failed`.
 *
 * What always holds: one line of plain text, type or code first where there is one; null where the
 * exchange succeeded; a refusal or a content filter is a finish reason, not an error.
 */
import { LIMITS } from "../limits.ts";
import { get, isObject, list, num, str, word } from "./json.ts";

/** The error that a parsed answer (plain, or one event) carries, or null. */
export function failureIn(json: unknown): string | null {
  const body = Array.isArray(json) ? json[0] : json;
  if (!isObject(body)) return null;
  return (
    describe(get(body, "error")) ??
    (str(body, "type") === "error" ? describe(body) : null) ??
    describe(get(body, "response", "error")) ??
    choiceFailure(body) ??
    listFailure(body)
  );
}

/** The error that status and body of an answer amount to, or null. `text` is the raw body. */
export function failureOf(status: number | null, json: unknown, text: () => string): string | null {
  const found = failureIn(json);
  if (found !== null || status === null || status < 400) return found;
  const said =
    word(json, "message") ??
    word(json, "Message") ??
    word(json, "detail") ??
    word(json, "error_description") ??
    (Array.isArray(get(json, "detail")) ? word(list(json, "detail")[0], "msg") : null) ??
    (typeof json === "string" ? json : null) ??
    plain(text());
  const type = word(json, "__type") ?? word(json, "code") ?? word(json, "type");
  return line(`HTTP ${status}`, join(type, said));
}

function describe(error: unknown): string | null {
  if (error === undefined || error === null) return null;
  if (typeof error === "string") return error === "" ? null : line(null, error);
  if (!isObject(error)) return null;
  const nested = get(error, "error");
  if (isObject(nested)) return describe(nested);
  const message = word(error, "message") ?? word(error, "detail") ?? word(error, "msg");
  const code = num(error, "code");
  const type =
    word(error, "type") ??
    word(error, "status") ??
    word(error, "code") ??
    (code === null ? null : String(code));
  if (message === null && type === null) return null;
  return line(null, join(type === "error" ? word(error, "code") : type, message));
}

/** OpenRouter puts the error of a provider that broke off into the choice. */
function choiceFailure(body: unknown): string | null {
  for (const choice of list(body, "choices")) {
    const error = describe(get(choice, "error"));
    if (error !== null) return error;
    if (str(choice, "finish_reason") === "error") return "finish_reason error";
  }
  return null;
}

function listFailure(body: unknown): string | null {
  const errors = list(body, "errors");
  return errors.length > 0 ? describe(errors[0]) : null;
}

function join(type: string | null, message: string | null): string | null {
  if (type === null || message === null) return type ?? message;
  return message.startsWith(type) ? message : `${type}: ${message}`;
}

function line(prefix: string | null, message: string | null): string {
  const whole = [prefix, message].filter((part) => part !== null && part !== "").join(" ");
  const flat = whole.replace(/\s+/g, " ").trim();
  return flat.length > LIMITS.errorTextCount ? `${flat.slice(0, LIMITS.errorTextCount)}…` : flat;
}

/** The title of an HTML page, or the first words of a text. */
function plain(text: string): string | null {
  const head = text.slice(0, 4096);
  const title = /<title[^>]{0,200}>([^<]{1,300})/i.exec(head)?.[1];
  if (title !== undefined) return title;
  return head.includes("\u0000") ? null : head.replace(/<[^>]{0,400}>/g, " ");
}
