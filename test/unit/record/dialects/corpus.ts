/**
 * The shared corpus of recorded exchanges, where a checkout has it beside itself; its records are
 * never committed. `CORPUS` is null where it is absent, and tests then skip, saying so.
 */
import { existsSync, readFileSync } from "node:fs";
import type { WireExchange } from "../../../../record/dialects/normal.ts";

export interface CorpusRecord {
  readonly id: string;
  readonly provider: string;
  readonly api: string;
  readonly exchange: WireExchange;
  readonly stream: boolean;
}

interface RawMessage {
  headers?: Record<string, unknown> | [string, string][];
  body?: string | null;
  body_encoding?: string;
  status?: number;
  stream?: boolean;
}
interface RawRecord {
  id: string;
  provider: string;
  api: string;
  request: RawMessage & { method: string; url: string };
  response?: RawMessage;
}

const file = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);

export const NO_CORPUS = existsSync(file) ? false : "the shared corpus is not beside this checkout";

/** All records, in file order. */
export function readCorpus(): CorpusRecord[] {
  if (NO_CORPUS !== false) return [];
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => record(JSON.parse(line)));
}

function record(raw: RawRecord): CorpusRecord {
  const { request, response } = raw;
  return {
    id: raw.id,
    provider: raw.provider,
    api: raw.api,
    stream: response?.stream === true,
    exchange: {
      method: request.method,
      url: request.url,
      requestHeaders: pairs(request),
      requestBody: bytes(request),
      status: response?.status ?? null,
      responseHeaders: pairs(response),
      responseBody: bytes(response),
      chunks: null,
    },
  };
}

function pairs(message: RawMessage | undefined): [string, string][] {
  const headers = message?.headers ?? {};
  if (Array.isArray(headers)) return headers;
  return Object.entries(headers).map(([name, value]) => [name, String(value)]);
}

function bytes(message: RawMessage | undefined): Uint8Array | null {
  if (typeof message?.body !== "string") return null;
  return Buffer.from(message.body, message.body_encoding === "base64" ? "base64" : "utf8");
}
