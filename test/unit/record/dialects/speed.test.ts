/**
 * How fast bytes are understood and normalised, over generated agent traffic: printed, and held to
 * the 30 MB/s of the acceptance where SPEED=1 says that the machine is free for measuring. Without
 * it the floor is a tenth, which only a change of order of growth can miss.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireExchange } from "../../../../record/dialects/normal.ts";
import { normaliseRequest } from "../../../../record/dialects/normalise.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { slowness } from "../../../timing.ts";
import { readCorpus } from "./corpus.ts";
import { exchange, sse } from "./exchange.ts";

const FLOOR = process.env.SPEED === "1" ? 30 : 3;

/** A session as agents have them: every request repeats the history, every answer is a stream. */
function session(turns: number): WireExchange[] {
  const messages: object[] = [{ role: "system", content: "You are an agent.\n".repeat(400) }];
  const tools = Array.from({ length: 20 }, (_, i) => ({
    type: "function",
    function: {
      name: `tool_${i}`,
      description: "does it. ".repeat(30),
      parameters: { type: "object", properties: { path: { type: "string" } } },
    },
  }));
  return Array.from({ length: turns }, (_, i) => {
    messages.push({ role: "user", content: `turn ${i}: "quoted" \\ text\n`.repeat(20) });
    const id = `call_${i}`;
    messages.push({
      role: "assistant",
      content: null,
      tool_calls: [
        { id, type: "function", function: { name: "tool_1", arguments: '{"path":"/a/b"}' } },
      ],
    });
    messages.push({ role: "tool", tool_call_id: id, content: "const x = 1;\n".repeat(100) });
    const chunk = (delta: object, finish: string | null = null) => ({
      id: "c",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
    const response = sse(
      ...Array.from({ length: 300 }, () => chunk({ content: " word" })),
      chunk({}, "stop"),
      "[DONE]",
    );
    return exchange({ request: { model: "m", stream: true, messages, tools }, response });
  });
}

function measure(name: string, exchanges: WireExchange[]): number {
  let bytes = 0;
  const run = () => {
    bytes = 0;
    for (const x of exchanges) {
      bytes += (x.requestBody?.length ?? 0) + (x.responseBody?.length ?? 0);
      const { llm } = understand(x);
      if (llm === null || x.requestBody === null) continue;
      try {
        normaliseRequest(llm.api, JSON.parse(Buffer.from(x.requestBody).toString("utf8")), x.url);
      } catch {
        // Recorded bodies that are no JSON; understand has read them all the same.
      }
    }
  };
  run();
  const best = Math.min(...[1, 2, 3].map(() => timed(run)));
  const speed = bytes / 1000 / best;
  console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB at ${speed.toFixed(1)} MB/s`);
  return speed;
}

function timed(work: () => void): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

test("agent sessions are understood and normalised fast enough", () => {
  assert.ok(measure("generated session", session(100)) > FLOOR / slowness());
});

test("growing an answer tenfold takes about tenfold", () => {
  const answer = (events: number) => {
    const delta = {
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: "xy" } }] } }],
    };
    return exchange({ response: sse(...Array.from({ length: events }, () => delta)) });
  };
  const many = (events: number) => {
    const calls = Array.from({ length: events }, (_, i) => ({
      choices: [
        {
          index: 0,
          delta: {
            tool_calls: [
              { index: events - i, id: `c${i}`, function: { name: "f", arguments: "{}" } },
            ],
          },
        },
      ],
    }));
    return exchange({ response: sse(...calls) });
  };
  for (const make of [answer, many]) {
    const [small, large] = [make(2000), make(20_000)];
    understand(small);
    const short = Math.min(...[1, 2, 3].map(() => timed(() => understand(small))));
    const long = Math.min(...[1, 2, 3].map(() => timed(() => understand(large))));
    assert.ok(long < short * 40 + 50 * slowness(), `${short} ms, then ${long} ms`);
  }
});

test("a body of tiny events is read up to a bound, in bounded time, and says so", () => {
  const bodies = ["{}\n".repeat(700_000), "{}".repeat(1_000_000), "data: {}\n\n".repeat(200_000)];
  for (const response of bodies) {
    const tiny = exchange({ response });
    const read = understand(tiny);
    const ms = Math.min(...[1, 2, 3].map(() => timed(() => understand(tiny))));
    assert.ok(read.notes.some((note) => /^more events than any API sends/.test(note)));
    // 50 ms a megabyte on a free machine; without the bound it was ten times as much.
    const allowed = (process.env.SPEED === "1" ? 50 : 250) * (response.length / 1e6) * slowness();
    assert.ok(ms < allowed, `${ms} ms for ${response.length} bytes`);
  }
  const many = sse(
    ...Array.from({ length: 50_000 }, () => ({ choices: [{ delta: { content: "a" } }] })),
  );
  const read = understand(exchange({ response: many }));
  assert.equal(JSON.parse(read.assembled ?? "").choices[0].message.content.length, 50_000);
});

const recorded = readCorpus().map((record) => record.exchange);

test("recorded traffic is read fast enough", { skip: recorded.length === 0 && "no corpus" }, () => {
  assert.ok(measure("shared corpus", recorded) > FLOOR / 2 / slowness());
});
