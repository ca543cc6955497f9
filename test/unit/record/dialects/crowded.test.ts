/**
 * Bodies that an upstream makes to be dear to read: members, choices, parts and calls without end.
 *
 * What failed once: usage, filter results and the like were copied for each event, so a stream that
 * brought a new member with each took 25 s a megabyte; and an object of 100,000 members 260 ms.
 * Now objects grow in place and have a bound, which the notes tell. The floor is 50 ms a megabyte where
 * SPEED=1 says that the machine is free for measuring; a quadratic reader misses five times that too.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../../../record/dialects/json.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { LIMITS } from "../../../../record/limits.ts";
import { atBest, slowness } from "../../../timing.ts";
import { exchange, sse } from "./exchange.ts";

const MS_PER_MB = process.env.SPEED === "1" ? 50 : 250;
const EVENTS = 20_000;

const events = (make: (i: number) => object, before: object[] = []): string =>
  sse(...before, ...Array.from({ length: EVENTS }, (_, i) => make(i)));
const fresh = (i: number): object => ({ [`k${i}`]: "x" });
const delta = (value: object, index = 0): object => ({ choices: [{ index, delta: value }] });
const members = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "x"]));

const CHAT = "/v1/chat/completions";
const GEMINI = "/v1beta/models/m:streamGenerateContent?alt=sse";
const start = { type: "message_start", message: { content: [] } };
const LEFT_OUT = /^more members, choices, parts or calls than any API sends/;

/** Name, path, body, and the note that tells that something is not there. */
const STREAMS: readonly (readonly [string, string, () => string, RegExp])[] = [
  ["a new member in each delta", CHAT, () => events((i) => delta(fresh(i))), LEFT_OUT],
  [
    "a new member in each event",
    CHAT,
    () => events((i) => ({ ...fresh(i), ...delta({ content: "a" }) })),
    LEFT_OUT,
  ],
  ["a choice in each event", CHAT, () => events((i) => delta({ content: "a" }, i)), LEFT_OUT],
  [
    "a tool call in each event",
    CHAT,
    () =>
      events((i) => delta({ tool_calls: [{ index: i, id: `c${i}`, function: { name: "f" } }] })),
    LEFT_OUT,
  ],
  [
    "new filter results in each event",
    CHAT,
    () => events((i) => ({ choices: [{ index: 0, delta: {}, content_filter_results: fresh(i) }] })),
    LEFT_OUT,
  ],
  [
    "new logprobs in each event",
    CHAT,
    () => events((i) => ({ choices: [{ index: 0, delta: {}, logprobs: { [`k${i}`]: [1] } }] })),
    LEFT_OUT,
  ],
  [
    "new usage in each event (Anthropic)",
    "/v1/messages",
    () => events((i) => ({ type: "message_delta", delta: {}, usage: fresh(i) }), [start]),
    LEFT_OUT,
  ],
  [
    "a message begun anew with each event (Anthropic)",
    "/v1/messages",
    () => events((i) => ({ type: "message_start", message: fresh(i) }), [{ type: "message_stop" }]),
    LEFT_OUT,
  ],
  [
    "new usage in each event (Gemini)",
    GEMINI,
    () => events((i) => ({ candidates: [], usageMetadata: fresh(i) })),
    LEFT_OUT,
  ],
  [
    "a part in each event (Gemini)",
    GEMINI,
    () => events((i) => ({ candidates: [{ content: { parts: [{ text: "a", ...fresh(i) }] } }] })),
    LEFT_OUT,
  ],
  [
    "a new member in each response (Responses)",
    "/v1/responses",
    () => events((i) => ({ type: "response.in_progress", response: fresh(i) })),
    LEFT_OUT,
  ],
  [
    "a new member in each interaction (Gemini)",
    "/v1beta/interactions",
    () => events((i) => ({ event_type: "interaction.created", interaction: fresh(i) })),
    LEFT_OUT,
  ],
  [
    "a new member in each content (Cohere)",
    "/v2/chat",
    () =>
      events((i) => ({
        type: "content-delta",
        index: 0,
        delta: { message: { content: { more: fresh(i) } } },
      })),
    LEFT_OUT,
  ],
  [
    "100,000 members in one delta",
    CHAT,
    () => sse(delta(members(100_000)), delta({ content: "a" })),
    /1 stream events are not JSON that can be read/,
  ],
  [
    "100,000 members in a plain answer",
    CHAT,
    () => JSON.stringify({ object: "chat.completion", choices: [{ message: members(100_000) }] }),
    /a JSON object with more than 10000 members/,
  ],
];

for (const [name, url, make, note] of STREAMS) {
  test(`${name}: read in bounded time, and what is left out is told`, async () => {
    const response = make();
    const x = exchange({ url, response });
    const { notes, llm } = understand(x);
    assert.ok(llm);
    assert.ok(
      notes.some((text) => note.test(text)),
      notes.join("; "),
    );
    const allowed = MS_PER_MB * (response.length / 1e6) * slowness();
    const ms = await atBest(allowed, () => {
      const begun = process.threadCpuUsage();
      understand(x);
      const { user, system } = process.threadCpuUsage(begun);
      return (user + system) / 1000;
    });
    assert.ok(ms <= allowed, `${ms} ms of ${allowed} ms for ${response.length} bytes`);
  });
}

test("what any API sends is assembled whole, without a note", () => {
  const most = { ...members(200) };
  const response = sse(delta({ content: "a", ...most }), delta({ content: "b" }), {
    choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
  });
  const { notes, assembled } = understand(exchange({ response }));
  assert.deepEqual(notes, []);
  const { message } = JSON.parse(assembled ?? "").choices[0];
  assert.equal(message.content, "ab");
  assert.equal(message.k199, "x");
});

test("an object with too many members is no JSON of ours, one more array element is", () => {
  const most = LIMITS.jsonMemberCount;
  assert.ok(parseJson(JSON.stringify([members(most), members(most)])).ok);
  const parsed = parseJson(JSON.stringify({ a: [members(most + 1)] }));
  assert.match(parsed.ok ? "" : parsed.why, /more than 10000 members/);
  const inText = JSON.stringify({ text: ":".repeat(most * 2) });
  assert.ok(parseJson(inText).ok);
});
