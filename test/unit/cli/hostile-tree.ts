/**
 * Captures as a stranger could commit them: every member of every line with every wrong value, and
 * lines that stand for far more than they are. What the tests of hostile captures share.
 */
import { hash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { checkedLine, crcHex } from "../../../record/format/json-line.ts";
import type { Body, ExchangeLine } from "../../../record/format/schema.ts";
import { RESPONSES_LLM, sampleLine } from "../record/sample-capture.ts";

export const DAY = "2026-11-23";
/** A title, an id and names that would act on a terminal. */
export const ACTING = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\r\n\u0000\u2028";

type Json = Record<string, unknown>;

export const fileLine: Json = {
  type: "file",
  format: "callnumber/1",
  day: DAY,
  created: `${DAY}T00:00:00.000Z`,
  writer: null,
};

/** An exchange that has every member that the format knows. */
export function fullLine(id: string): ExchangeLine {
  const empty = { bytes: 0, sha256: sha256(Buffer.alloc(0)), parts: [] };
  const wire = { bytes: 1, sha256: sha256(Buffer.from("x")) };
  const line = sampleLine(id, { ...empty, encoding: "gzip", wire, decode_error: "none" });
  return {
    ...line,
    client: { name: "cline", agent: "Cline/3", address: "127.0.0.1" },
    session: "s",
    labels: { task: "review" },
    request: { ...line.request, trailers: [["a", "b"]] },
    response: {
      status: 200,
      http: "1.1",
      headers: [["content-type", "text/event-stream"]],
      trailers: [["a", "b"]],
      body: { ...empty },
    },
    outcome: "upstream_aborted",
    error: { code: "upstream-aborted", message: "gone" },
    timing: {
      connect_ms: 1,
      request_sent_ms: 1,
      headers_ms: 1,
      first_chunk_ms: 1,
      first_token_ms: 1,
      last_chunk_ms: 1,
      total_ms: 1,
      chunks: 1,
      gap_p50_ms: 1,
      gap_max_ms: 1,
    },
    llm: {
      ...RESPONSES_LLM,
      served_by: "a provider",
      usage: {
        input_tokens: 1,
        cache_read_input_tokens: 1,
        cache_creation_input_tokens: 1,
        output_tokens: 1,
        reasoning_output_tokens: 1,
      },
      cost_usd: 0.1,
      price_source: "a table",
      tools_offered: ["t"],
      tool_calls: ["t"],
      error: "e",
      notes: ["n"],
    },
    redactions: [{ rule: "r", where: "w", count: 1 }],
  };
}

export const MISSING = Symbol("missing");

/** What no member is, or only some are. `1e400` becomes Infinity when it is parsed. */
export const WRONG: readonly unknown[] = [
  ...[MISSING, null, true, -1, 1.5, 1e300, "1e400", "", "text", ACTING, "__proto__", "../../x"],
  ...[[], [null], [[]], [1, 2, 3], {}, { __proto__: null, length: 1e9 }, nested(200)],
];

/** `[[[…]]]` */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

/** The record with each of its members, at any depth, replaced by each wrong value. */
export function* mutations(record: Json): Generator<{ path: string; json: string }> {
  for (const path of pathsOf(record)) {
    for (const wrong of WRONG) {
      const copy = structuredClone(record);
      let holder: Json = copy;
      for (const name of path.slice(0, -1)) holder = holder[name] as Json;
      const last = path.at(-1)!;
      if (wrong === MISSING) {
        if (Array.isArray(holder)) holder.splice(Number(last), 1);
        else delete holder[last];
      } else holder[last] = wrong === "1e400" ? "@@1e400@@" : wrong;
      yield { path: path.join("."), json: JSON.stringify(copy).replace('"@@1e400@@"', "1e400") };
    }
  }
}

function* pathsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === "type") continue;
    yield [...path, name];
    yield* pathsOf(inner, [...path, name]);
  }
}

/** The line of a record's JSON with a right checksum, LF included: only what it says is wrong. */
export const lineOf = (json: string): Buffer => {
  const open = json.slice(0, -1);
  return Buffer.from(`${open},"crc32":"${crcHex(open)}"}\n`);
};

export const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");

/** Writes a capture file of an ID; gives its path. */
export function captureIn(captures: string, lines: readonly Buffer[], number = "11.11"): string {
  const category = number.slice(0, 2);
  const path = join(
    captures,
    `${category[0]}0-${category[0]}9 Area`,
    `${category} Category`,
    `${number} Stream`,
    `${DAY}.jsonl`,
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([checkedLine(fileLine), ...lines]));
  return path;
}

/** A part line whose bytes are `bytes` compressed, as often as `times` says. */
export function packedPart(n: number, bytes: Buffer, times = 1): Buffer {
  const frame = zstdCompressSync(bytes);
  const base64 = Buffer.concat(new Array<Buffer>(times).fill(frame)).toString("base64");
  const head = `{"type":"part","n":${n},"sha256":"${sha256(bytes)}","crc32":"${crcHex(base64)}"`;
  return Buffer.from(`${head},"zstd":"${base64}"}\n`);
}

export function jsonPart(n: number, json: string): Buffer {
  const digest = sha256(Buffer.from(json));
  return Buffer.from(`{"type":"part","n":${n},"sha256":"${digest}","json":${json}}\n`);
}

/** An exchange of an API that readers look into, with these bodies. */
export function exchangeWith(id: string, request: Body, response: Partial<Body> = {}): Buffer {
  const line = fullLine(id);
  const body = { ...line.response!.body!, ...response } as Body;
  if (response.chunks !== undefined) delete body.parts;
  return checkedLine({
    ...line,
    request: { ...line.request, body: request },
    response: { ...line.response!, body },
  });
}
