/** Makes wire exchanges for the tests of record/dialects out of a few words. */
import type { WireExchange } from "../../../../record/dialects/normal.ts";

export interface Words {
  readonly url?: string;
  readonly method?: string;
  readonly request?: unknown;
  readonly response?: string | Uint8Array | object | null;
  readonly status?: number | null;
  readonly type?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  /** Byte offsets at which the response was cut into chunks; the n-th chunk comes at n × 10 ms. */
  readonly cuts?: readonly number[];
}

export function exchange(words: Words): WireExchange {
  const body = bytes(words.response ?? null);
  const cuts = [...(words.cuts ?? []), body?.length ?? 0];
  const request = words.request === undefined ? null : bytes(words.request as object);
  const headers = [...(words.headers ?? [])];
  if (words.type !== null) headers.push(["content-type", words.type ?? "application/json"]);
  return {
    method: words.method ?? "POST",
    url: words.url ?? "/v1/chat/completions",
    requestHeaders: [],
    requestBody: request,
    status: words.status === undefined ? 200 : words.status,
    responseHeaders: headers,
    responseBody: body,
    chunks: body === null ? null : cuts.map((end, i) => ({ ms: (i + 1) * 10, end })),
  };
}

function bytes(value: string | Uint8Array | object | null): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

/** SSE as servers write it: one `data:` line an event, with `event:` where a name is given. */
export function sse(...events: (object | string | readonly [string, object])[]): string {
  return events
    .map((event) => {
      if (Array.isArray(event)) return `event: ${event[0]}\ndata: ${JSON.stringify(event[1])}\n\n`;
      return `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`;
    })
    .join("");
}
