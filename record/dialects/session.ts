/**
 * The session id that clients put into the request body (headers come first and are the filer's):
 * `session_id` (OpenRouter clients), `conversation` (Responses), `prompt_cache_key` (Codex), and the JSON or the words inside
 * Anthropic's `metadata.user_id` (Claude Code).
 *
 * What always holds: null rather than a guess; never longer than LIMITS.sessionIdCount characters.
 */
import { LIMITS } from "../limits.ts";
import { get, isObject, parseJson, word } from "./json.ts";

/** The session id in a parsed request body, or null. */
export function sessionInBody(body: unknown): string | null {
  const found =
    word(body, "session_id") ??
    keptConversation(body) ??
    word(body, "prompt_cache_key") ??
    inUserId(get(body, "metadata"));
  return found !== null && found.length <= LIMITS.sessionIdCount ? found : null;
}

/**
 * The conversation of the Responses API in which the provider keeps what was said: an id or
 * `{"id": …}`. Null where the value does not look like such an id, since others use the word too.
 */
export function keptConversation(body: unknown): string | null {
  const id = word(body, "conversation") ?? word(body, "conversation", "id");
  return id !== null && /^conv_[\w-]+$/.test(id) ? id : null;
}

function inUserId(metadata: unknown): string | null {
  const userId = word(metadata, "user_id");
  if (userId === null || userId.length > LIMITS.sessionIdCount * 8) return null;
  if (userId.startsWith("{")) {
    const parsed = parseJson(userId);
    return parsed.ok && isObject(parsed.value) ? word(parsed.value, "session_id") : null;
  }
  // Older Claude Code: user_<hash>_account_<uuid>_session_<uuid>
  return /_session_([\w-]{8,})$/.exec(userId)?.[1] ?? null;
}
