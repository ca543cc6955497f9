/** A small captures folder with real capture files, for the tests of moving and deleting. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CaptureWriter } from "../../../../record/bodies/capture-writer.ts";
import type { ExchangeLine } from "../../../../record/format/schema.ts";
import { planOf } from "../../../../record/johnny-decimal/plan.ts";
import { CaptureTree } from "../../../../record/johnny-decimal/tree.ts";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";

export const INBOX = "10-19 Coding agents/11 Cline/11.01 Inbox for category 11";

/** A tree with areas 10-19, categories 11 and 13, in a folder that is removed after the test. */
export function freshTree(t: TestContext): CaptureTree {
  const captures = mkdtempSync(join(tmpdir(), "jd-refile-"));
  t.after(() => rmSync(captures, { recursive: true, force: true }));
  const row = (number: string, title: string) => ({ number, title, description: "" });
  const plan = planOf([row("10-19", "Coding agents"), row("11", "Cline"), row("13", "Other")]);
  return new CaptureTree({ captures, plan });
}

/**
 * Writes one file with as many exchanges as there are models. Each request repeats the history of
 * the one before it (so lists link), every second answer is a stream, each third has failed.
 */
export function writeCapture(folder: string, name: string, models: readonly string[]) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const day = name.slice(0, 10);
  const created = `${day}T00:00:00.000Z`;
  const append = (lines: Buffer) => appendFileSync(path, lines, { mode: 0o600 });
  const writer = new CaptureWriter({ day, created, writer: null, append });
  const messages = [{ role: "system", content: "You write plain answers. ".repeat(20) }];
  for (const [turn, model] of models.entries()) {
    messages.push({ role: "user", content: `turn ${turn} of ${name}: ${"padding ".repeat(12)}` });
    const draft = writer.draft();
    const request = draft.request(Buffer.from(JSON.stringify({ model, messages })));
    const stream = turn % 2 === 1;
    const answer = Buffer.from(JSON.stringify({ choices: [{ index: turn, model }] }));
    const body = stream
      ? draft.stream([
          [5, Buffer.from("data: {}\n\n")],
          [9, Buffer.from("data: [DONE]\n\n")],
        ])
      : draft.body(answer);
    const assembled = stream ? { assembled: draft.part(answer, true) } : {};
    const failed = turn % 3 === 2;
    const exchange: ExchangeLine = {
      type: "exchange",
      id: `01K${day.replaceAll("-", "")}${name.length}${String(turn).padStart(3, "0")}`,
      started: `${day}T08:00:0${turn % 10}.000Z`,
      upstream: "openrouter",
      client: { name: "cline", agent: null, address: null },
      session: null,
      labels: { task: turn % 2 ? "odd" : "even" },
      request: {
        method: "POST",
        url: "/v1/chat",
        http: "1.1",
        headers: [["a", "b\u2028"]],
        body: request,
      },
      response: { status: failed ? 500 : 200, headers: [], body, ...assembled },
      outcome: "complete",
      timing: {},
      llm: llm(model),
      redactions: [],
      verbatim: true,
    };
    writer.write(draft, exchange);
  }
}

/** What a file holds, without how it is stored: exchange lines and the bytes of all bodies. */
export function contentsOf(path: string) {
  using file = CaptureFile.open(path);
  return [...file.exchanges()].map((x) => {
    const { crc32: _crc, request, response, ...line } = x;
    return {
      ...line,
      head: [request.method, request.headers, response?.status],
      sent: file.requestBody(x)?.toString(),
      received: file.responseBody(x)?.toString(),
      chunks: file.chunks(x)?.map(([ms, bytes]) => [ms, bytes.toString()]),
      assembled: file.assembled(x),
    };
  });
}

function llm(model: string): ExchangeLine["llm"] {
  return {
    api: "openai.chat",
    operation: "chat",
    model,
    served_model: null,
    served_by: null,
    stream: false,
    finish_reasons: [],
    usage: null,
    cost_usd: null,
    price_source: null,
    tools_offered: [],
    tool_calls: [],
  };
}
