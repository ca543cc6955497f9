import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LIMITS } from "../../../record/limits.ts";
import { exportSingle } from "../../../site/export-single.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../record/sample-capture.ts";

/** Numbered words: a text in which any gap shows. */
const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}${n}`).join(" ");

test("a single file holds long texts whole, to the last word, in every place of a turn", async (t) => {
  const folder = scratchFolder(t);
  const captures = join(folder, "captures");
  const stream = join(captures, "10-19 Agents", "11 Made up", "11.11 Chat");
  mkdirSync(stream, { recursive: true });
  const writer = writerTo(join(stream, "2026-11-23.jsonl"));
  const count = LIMITS.siteTextChars;
  const texts = Object.fromEntries(
    ["system", "asked", "said", "called", "result", "described", "other", "parameter"].map(
      (name) => [name, numbered(name, count)],
    ),
  );
  const call = (text: string) => [
    { id: "c1", type: "function", function: { name: "look", arguments: JSON.stringify({ text }) } },
  ];
  const messages = [
    { role: "system", content: texts.system },
    { role: "user", content: texts.asked },
  ];
  const tools = [
    { type: "function", function: { name: "look", description: texts.described, parameters: {} } },
  ];
  const answer = { role: "assistant", content: texts.said, tool_calls: call(texts.called!) };
  const bodies = [
    { model: "m", messages, tools, stop: texts.parameter },
    {
      model: "m",
      tools,
      stop: texts.parameter,
      messages: [
        { role: "system", content: `${texts.other} ${texts.system}` },
        messages[1],
        answer,
        { role: "tool", tool_call_id: "c1", content: texts.result },
      ],
    },
  ];
  bodies.forEach((body, n) => {
    const choice = {
      index: 0,
      finish_reason: "stop",
      message: n === 0 ? answer : { role: "assistant", content: "Done." },
    };
    writeSample(writer, {
      id: sampleId(n),
      request: JSON.stringify(body),
      response: JSON.stringify({
        id: `x${n}`,
        object: "chat.completion",
        model: "m",
        choices: [choice],
      }),
      line: {
        started: `2026-11-23T10:00:0${n}.000Z`,
        session: "one",
        llm: {
          api: "openai.chat",
          operation: "chat",
          model: "m",
          served_model: null,
          served_by: null,
          stream: false,
          finish_reasons: ["stop"],
          usage: null,
          cost_usd: null,
          price_source: null,
          tools_offered: ["look"],
          tool_calls: [],
        },
      },
    });
  });
  const options = {
    captures,
    out: join(folder, "out"),
    state: join(folder, "state"),
    title: "Test",
    languages: ["en"],
    timezone: "UTC",
  };
  const { file, bytes } = await exportSingle(options, { id: sampleId(1), folder });
  const html = readFileSync(file, "utf8");
  assert.equal(bytes, Buffer.byteLength(html));
  for (const [name, text] of Object.entries(texts)) {
    assert.ok(html.includes(text), `${name} is not whole`);
  }
  assert.ok(!html.includes('class="omitted"'));
});
