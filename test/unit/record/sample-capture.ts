/**
 * Makes capture files for tests, through the writer that makes the real ones.
 */
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CaptureWriter } from "../../../record/bodies/capture-writer.ts";
import type { Chunk } from "../../../record/bodies/chunks.ts";
import type { Body, ExchangeLine, Llm } from "../../../record/format/schema.ts";
import { eachLine } from "../../../record/reader/file-lines.ts";

export interface SampleExchange {
  id: string;
  request?: Buffer | string | null;
  response?: Buffer | string | null;
  stream?: Chunk[];
  assembled?: string;
  labels?: Record<string, string>;
  /** Any other member of the exchange's line. */
  line?: Partial<ExchangeLine>;
}

/** What the dialects say of a plain call of the Responses API. */
export const RESPONSES_LLM: Llm = {
  api: "openai.responses",
  operation: "chat",
  model: "m",
  served_model: "m",
  served_by: null,
  stream: false,
  finish_reasons: ["completed"],
  usage: null,
  cost_usd: null,
  price_source: null,
  tools_offered: [],
  tool_calls: [],
};

/** A folder that goes with the test. */
export function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A writer that appends to `path`. */
export function writerTo(path: string): CaptureWriter {
  return new CaptureWriter({
    day: "2026-11-23",
    created: "2026-11-23T00:00:03.120Z",
    writer: null,
    append: (lines) => appendFileSync(path, lines),
  });
}

/** A writer that goes on with the file at `path`, as after a restart; also told: torn bytes. */
export function resumedWriter(path: string): { writer: CaptureWriter; torn: number } {
  const writer = writerTo(path);
  if (!existsSync(path)) return { writer, torn: 0 };
  const { complete, size } = eachLine(path, (line) => writer.absorb(line));
  return { writer, torn: size - complete };
}

const bytesOf = (text: Buffer | string) => Buffer.from(text as string);

/** Writes one exchange; returns the bytes appended. */
export function writeSample(writer: CaptureWriter, sample: SampleExchange): number {
  const { id, request, response, stream, assembled } = sample;
  const draft = writer.draft();
  const requestBody =
    request === null || request === undefined ? null : draft.request(bytesOf(request));
  const responseBody = stream
    ? draft.stream(stream)
    : response === null || response === undefined
      ? null
      : draft.body(bytesOf(response));
  const line: ExchangeLine = {
    ...sampleLine(id, requestBody),
    labels: sample.labels ?? {},
    response: responseBody && {
      status: 200,
      headers: [],
      body: responseBody,
      ...(assembled && { assembled: draft.part(Buffer.from(assembled), true) }),
    },
    ...sample.line,
  };
  return writer.write(draft, line);
}

/** An exchange that was not answered, with what a line has to have. */
export function sampleLine(id: string, body: Body | null = null): ExchangeLine {
  return {
    type: "exchange",
    id,
    started: "2026-11-23T10:00:00.000Z",
    upstream: "openrouter",
    client: { name: null, agent: "test/1", address: "127.0.0.1" },
    session: null,
    labels: {},
    request: {
      method: "POST",
      url: "/v1/chat/completions",
      http: "1.1",
      headers: [["content-type", "application/json"]],
      body,
    },
    response: null,
    outcome: "complete",
    timing: { total_ms: 12.5 },
    llm: null,
    redactions: [],
    verbatim: true,
  };
}

/** An id for the i-th exchange: 26 characters, ascending. */
export function sampleId(i: number): string {
  return `01KAQ${i.toString().padStart(21, "0")}`;
}

/** A conversation of `turns` requests, each with all that came before, as a chat client sends it. */
export function conversation(turns: number, topic = "a"): string[] {
  const messages = [`{"role":"system","content":"You are ${topic}. ${"Be kind. ".repeat(40)}"}`];
  return Array.from({ length: turns }, (_, i) => {
    messages.push(`{"role":"user","content":"${topic}: question ${i} ${"why? ".repeat(20)}"}`);
    const body = `{"model":"m","messages":[${messages}],"tools":[{"name":"t"}],"stream":true}`;
    messages.push(`{"role":"assistant","content":"${topic}: answer ${i} ${"so. ".repeat(20)}"}`);
    return body;
  });
}
