/**
 * The answer to a request that was never recorded, where the configuration wants it refused: an
 * error in the shape of the API that was asked, so that a client's own library reports it.
 *
 * Invariants: pure; 404, which no client repeats.
 */
import type { CannedAnswer } from "./canned.ts";

const STATUS = 404;

export function missingAnswer(method: string, path: string): CannedAnswer {
  const plain = path.split("?", 1)[0] ?? path;
  const message = `no answer to this request was recorded (${method} ${plain}, playback.missing: refuse)`;
  const text = JSON.stringify(shaped(plain, message));
  return { status: STATUS, contentType: "application/json", pieces: [{ waitMs: 0, text }] };
}

function shaped(path: string, message: string): object {
  if (/\/(v1\/messages|complete)(\/|$)/.test(path)) {
    return { type: "error", error: { type: "not_found_error", message } };
  }
  if (/:(generate|stream|embed|batch|count|predict)/i.test(path) || /\/v1beta\//.test(path)) {
    return { error: { code: STATUS, message, status: "NOT_FOUND" } };
  }
  if (/\/api\/(chat|generate|embed|embeddings|show|tags)$/.test(path)) return { error: message };
  if (/\/(converse|converse-stream|invoke|invoke-with-response-stream)$/.test(path)) {
    return { message };
  }
  if (/\/v2\/(chat|embed|rerank)$/.test(path)) return { message };
  return {
    error: { message, type: "invalid_request_error", param: null, code: "recording_not_found" },
  };
}
