/**
 * The daemon's own error answers, in the shape that the client's SDK knows how to show: decided by
 * the path, since nothing else is known of the caller.
 *
 * What always holds: JSON, `x-callnumber-error` carries the stable code, no CORS header, nothing of
 * the request in it but what the message quotes. Pure.
 */
import { CATALOGUE, type ErrorCode } from "../../record/errors.ts";
import type { Refusal } from "./guard.ts";
import { headText } from "./headers.ts";

export interface ErrorAnswer {
  readonly status: number;
  /** Flat list; content-length included. */
  readonly headers: string[];
  readonly body: Buffer;
}

/** `path` is the request target as the client sent it, or as much of it as is known. */
export function errorAnswer(refusal: Refusal, path: string): ErrorAnswer {
  const entry: { hint: string; status?: number } = CATALOGUE[refusal.code];
  const status = entry.status ?? 502;
  const message = `callnumber: ${refusal.message} (${entry.hint})`;
  const body = Buffer.from(`${JSON.stringify(errorBody(path, refusal.code, status, message))}\n`);
  return {
    status,
    headers: [
      "content-type",
      "application/json; charset=utf-8",
      "content-length",
      String(body.length),
      "cache-control",
      "no-store",
      "x-callnumber-error",
      refusal.code,
    ],
    body,
  };
}

/** Reason phrases of the statuses that the catalogue gives (RFC 9110 §15, RFC 6585). */
const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
};

export function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

/** A whole answer for a connection that ends with it. */
export function rawAnswer(refusal: Refusal, path: string): Buffer {
  const { status, headers, body } = errorAnswer(refusal, path);
  const head = headText(`HTTP/1.1 ${status} ${reasonOf(status)}`, [
    ...headers,
    "connection",
    "close",
  ]);
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

/** Shapes: docs of each vendor's error object, November 2026. */
function errorBody(path: string, code: ErrorCode, status: number, message: string): unknown {
  const plain = path.split("?", 1)[0] as string;
  if (/\/v1\/messages(?:\/|$)/.test(plain)) {
    return { type: "error", error: { type: anthropicType(status), message } };
  }
  if (/\/v1(?:alpha|beta\d*)?\/(?:models|tunedModels)\/[^/]+:/.test(plain)) {
    return { error: { code: status, message, status: googleStatus(status) } };
  }
  if (/\/api\/(?:chat|generate|tags|show|embed|embeddings|ps|version)$/.test(plain)) {
    return { error: message };
  }
  const type = status < 500 ? "invalid_request_error" : "api_error";
  return { error: { message, type, param: null, code } };
}

function anthropicType(status: number): string {
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 503) return "overloaded_error";
  return status < 500 ? "invalid_request_error" : "api_error";
}

function googleStatus(status: number): string {
  if (status === 403) return "PERMISSION_DENIED";
  if (status === 404) return "NOT_FOUND";
  if (status === 504) return "DEADLINE_EXCEEDED";
  return status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
}
