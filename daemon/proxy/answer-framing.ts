/**
 * How an answer is framed for the client that asked: by the length that its headers give, in chunks,
 * or by the end of the connection (RFC 9112 §6). Text in, text out; no sockets.
 *
 * Invariants: an answer that HTTP gives no body has none; to HTTP/1.1 a body without a length
 * goes in chunks, since only so can a break be told from an end; a header that cannot be sent as
 * it is throws, and nothing of the head has gone out then.
 */
import { LIMITS } from "../../record/limits.ts";
import type { RequestHead } from "./request-parser.ts";

export interface FramedHead {
  readonly text: string;
  readonly body: "none" | "length" | "chunked" | "close";
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_SENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${LIMITS.clientIdleMs / 1000}\r\n`;

/**
 * `headers` is flat and holds no framing but perhaps a content-length. `stays`: the connection may
 * carry another request. Throws Error where status or a header cannot be sent.
 */
export function frameHead(
  request: RequestHead,
  status: number,
  reason: string,
  headers: readonly string[],
  stays: boolean,
): FramedHead {
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new Error(`the status ${status} cannot be sent`);
  }
  if (NOT_SENDABLE.test(reason)) throw new Error("the reason holds a byte that cannot be sent");
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  let counted = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!NAME.test(name) || NOT_SENDABLE.test(value)) {
      throw new Error(`the header ${JSON.stringify(name)} holds a byte that cannot be sent`);
    }
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      // RFC 9110 §8.6: some clients would wait for the body.
      if (status === 204) continue;
      counted = true;
    }
    text += `${name}: ${value}\r\n`;
  }
  const body = bodyOf(request, status, counted);
  text += stays && body !== "close" ? KEEP_ALIVE : "Connection: close\r\n";
  if (body === "chunked") text += "Transfer-Encoding: chunked\r\n";
  return { text: `${text}\r\n`, body };
}

function bodyOf(request: RequestHead, status: number, counted: boolean): FramedHead["body"] {
  if (request.method === "HEAD" || status === 204 || status === 304) return "none";
  if (counted) return "length";
  return request.http === "1.1" ? "chunked" : "close";
}
