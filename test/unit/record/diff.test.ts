/**
 * Comparison of requests. The last tests play a session with ten seeded changes, among them four
 * that must not count as a break of the prompt cache.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExchangeView } from "../../../record/conversation/view.ts";
import { diffRequests, sideOf } from "../../../record/diff.ts";
import { type Made, madeExchange } from "./conversation/made-exchange.ts";

const u = (content: unknown) => ({ role: "user", content });
const a = (content: unknown) => ({ role: "assistant", content });
const tool = (name: string, properties: object, description = `Does ${name}.`) => ({
  name,
  description,
  input_schema: { type: "object", properties },
});
const TOOLS = [
  tool("list_files", { folder: { type: "string" } }),
  tool("read_file", { path: { type: "string" }, lines: { type: "integer" } }),
  tool("run_tests", { pattern: { type: "string" } }),
];
const SYSTEM =
  "You are a careful coding agent. Read before you change. Run the tests after every change and say what they print.";

const anthropic = (body: object, more: Partial<Made> = {}): ExchangeView =>
  madeExchange({
    api: "anthropic.messages",
    body: { model: "claude", max_tokens: 1000, system: SYSTEM, tools: TOOLS, ...body },
    ...more,
  });

const diff = (before: ExchangeView, after: ExchangeView) =>
  diffRequests(sideOf(before), sideOf(after));
const kinds = (before: ExchangeView, after: ExchangeView) =>
  diff(before, after).cache.reasons.map(({ kind }) => kind);

const TALK = [
  u("The test of parse-date fails on the last day of a month. Please mend it."),
  a("Let me look at the project first."),
  u("Go on then, and tell me what you find there."),
  a("Months are counted from zero there, so I mend that line."),
];

test("a request that only goes on differs by what is new and keeps the cache", () => {
  const found = diff(anthropic({ messages: TALK.slice(0, 1) }), anthropic({ messages: TALK }));
  assert.deepEqual(
    found.messages.map(({ change, after }) => [change, after]),
    [
      ["added", 2],
      ["added", 3],
      ["added", 4],
    ],
  );
  assert.deepEqual([found.divergence, found.cache.state, found.sameMessages], [null, "kept", 2]);
});

test("a changed tool names the property, with its value before and after", () => {
  const changed = [
    TOOLS[0],
    tool("read_file", { path: { type: "string" }, lines: { type: "string" } }),
    TOOLS[2],
  ];
  const found = diff(anthropic({ messages: TALK }), anthropic({ messages: TALK, tools: changed }));
  assert.deepEqual(found.tools, [
    {
      name: "read_file",
      change: "changed",
      before: 1,
      after: 1,
      properties: [
        {
          path: "properties.lines.type",
          change: "changed",
          before: '"integer"',
          after: '"string"',
        },
      ],
    },
  ]);
  assert.equal(found.divergence?.place, "tools[1]");
});

test("tools are found added, removed and moved", () => {
  const after = [tool("grep", {}), TOOLS[2], TOOLS[0]];
  const { tools } = diff(
    anthropic({ messages: TALK }),
    anthropic({ messages: TALK, tools: after }),
  );
  const seen = tools.map(({ name, change }) => `${change} ${name}`).sort();
  assert.deepEqual(seen, ["added grep", "moved list_files", "removed read_file"]);
});

test("keys of a schema in another order are a change, for the prompt holds them as sent", () => {
  const turned = [
    TOOLS[0],
    tool("read_file", { lines: { type: "integer" }, path: { type: "string" } }),
    TOOLS[2],
  ];
  const { tools } = diff(
    anthropic({ messages: TALK }),
    anthropic({ messages: TALK, tools: turned }),
  );
  assert.deepEqual(
    tools.map(({ properties }) => properties[0]?.change),
    ["reordered"],
  );
});

test("a rewritten message shows its words, a moved one its places", () => {
  const words = [
    ...TALK.slice(0, 1),
    a("Let me look at the whole project first."),
    ...TALK.slice(2),
  ];
  const [rewritten] = diff(anthropic({ messages: TALK }), anthropic({ messages: words })).messages;
  assert.equal(rewritten?.change, "rewritten");
  assert.equal(rewritten?.index, 1);
  assert.deepEqual(
    rewritten?.text?.words
      .filter(({ kind }) => kind !== "same")
      .map(({ kind, text }) => [kind, text.trim()]),
    [["added", "whole"]],
  );
  const moved = [TALK[0], TALK[3], TALK[2], TALK[1]] as object[];
  const found = diff(anthropic({ messages: TALK }), anthropic({ messages: moved })).messages;
  assert.ok(found.length > 0 && found.every(({ change }) => change === "moved"));
});

test("parameters are compared by name, whatever their order", () => {
  const found = diff(
    anthropic({ messages: TALK, temperature: 0.2, stop: ["a"], top_p: 1 }),
    anthropic({ messages: TALK, top_p: 1, temperature: 0.7, top_k: 5 }),
  );
  assert.deepEqual(
    found.parameters.map(({ path, change, before, after }) => [path, change, before, after]),
    [
      ["temperature", "changed", "0.2", "0.7"],
      ["stop", "removed", '["a"]', null],
      ["top_k", "added", null, "5"],
    ],
  );
  assert.equal(found.cache.state, "kept");
});

test("requests of two APIs that say the same have the same messages", () => {
  const chat = madeExchange({
    body: { model: "claude", messages: [{ role: "system", content: SYSTEM }, ...TALK] },
  });
  const found = diff(chat, anthropic({ messages: TALK, tools: [] }));
  assert.deepEqual([found.messages, found.sameMessages, found.system], [[], 5, null]);
});

/** One turn after another, each with one seeded change; what is expected of each. */
function seededSession() {
  const history: { role: string; content: unknown }[] = [...TALK, u("Good. Now run the tests.")];
  const state = { system: SYSTEM, tools: TOOLS as object[], tool_choice: undefined as unknown };
  const turns: { name: string; breaks: string[]; view: ExchangeView }[] = [];
  const play = (name: string, breaks: string[], marked = -1) => {
    const messages = history.map((message, i) =>
      i === marked
        ? {
            ...message,
            content: [
              { type: "text", text: message.content, cache_control: { type: "ephemeral" } },
            ],
          }
        : message,
    );
    turns.push({ name, breaks, view: anthropic({ ...state, messages }) });
    history.push(
      a(`Answer number ${turns.length} with some words of its own.`),
      u(`Request ${turns.length}, please.`),
    );
  };
  play("start", []);
  play("goes on", []);
  play("1 marker moved", [], 3);
  state.system = SYSTEM.replace("careful", "bold and fast");
  play("2 system prompt edited", ["system-changed"]);
  state.system = `Today is 2026-11-23.\n\n${state.system}`;
  play("3 a date put into the prompt", ["system-timestamp"]);
  state.system = state.system.replace("2026-11-23", "2026-11-24");
  play("4 the date moves on", ["system-timestamp"]);
  state.tools = [TOOLS[1]!, TOOLS[0]!, TOOLS[2]!];
  play("5 tool reordered", ["tools-reordered"]);
  state.tools = [...state.tools, tool("grep", { text: { type: "string" } })];
  play("6 tool added", ["tools-added"]);
  history[2] = u("Go on then, and tell me everything that you find in there.");
  play("7 message rewritten", ["message-rewritten"]);
  history.splice(1, 2);
  play("8 history cut", ["messages-removed", "messages-removed"]);
  history.splice(3, 0, u("By the way, the office closes at noon."), a("Noted."));
  play("9 messages slipped in", ["message-inserted", "message-inserted"]);
  state.tool_choice = { type: "any" };
  play("10 tool choice", ["parameter-changed"]);
  play("goes on again", []);
  return turns;
}

for (const { name, breaks, at } of seededSession()
  .map((turn, i) => ({ ...turn, at: i }))
  .slice(1)) {
  test(`seeded session: ${name}`, () => {
    const turns = seededSession();
    const found = diff(turns[at - 1]!.view, turns[at]!.view);
    assert.deepEqual(
      found.cache.reasons.map(({ kind }) => kind),
      breaks,
    );
    assert.equal(found.cache.state, breaks.length > 0 ? "broken" : "kept");
  });
}

test("reasoning dropped from earlier turns is seen, and is no break", () => {
  const thinking = { type: "thinking", thinking: "The month is the culprit.", signature: "s" };
  const before = [TALK[0]!, a([thinking, { type: "text", text: "I look." }]), TALK[2]!];
  const after = [TALK[0]!, a([{ type: "text", text: "I look." }]), TALK[2]!];
  const found = diff(anthropic({ messages: before }), anthropic({ messages: after }));
  assert.deepEqual(
    [found.messages[0]?.change, found.messages[0]?.reasoningOnly],
    ["rewritten", true],
  );
  assert.equal(found.cache.state, "kept");
});

test("the newest message with more in it is no break", () => {
  const before = [...TALK, u([{ type: "text", text: "/mode" }])];
  const after = [
    ...TALK,
    u([
      { type: "text", text: "/mode" },
      { type: "text", text: "and read it" },
    ]),
  ];
  assert.deepEqual(kinds(anthropic({ messages: before }), anthropic({ messages: after })), []);
});

test("words of the user put beside a tool result are no break", () => {
  const use = a([{ type: "tool_use", id: "t1", name: "run_tests", input: {} }]);
  const result = { type: "tool_result", tool_use_id: "t1", content: "Command aborted" };
  const before = [...TALK.slice(0, 1), use, u([result])];
  const after = [
    ...TALK.slice(0, 1),
    use,
    u([result, { type: "text", text: "why did you stop?" }]),
  ];
  const found = diff(anthropic({ messages: before }), anthropic({ messages: after }));
  assert.deepEqual([found.cache.state, found.divergence], ["kept", null]);
  assert.deepEqual(
    found.messages.map(({ change }) => change),
    ["rewritten"],
  );
});

test("what a break cost comes from the provider's usage where it reports one", () => {
  const usage = (input: number, read: number, written: number) => ({
    llm: {
      usage: {
        input_tokens: input,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: written,
      },
    },
  });
  const before = anthropic({ messages: TALK.slice(0, 3) }, usage(9000, 8000, 900));
  const other = { messages: TALK, system: `${SYSTEM} Be quick.` };
  const broken = diff(before, anthropic(other, usage(9200, 500, 8700))).cache;
  assert.deepEqual([broken.paidAgainTokens, broken.source], [8400, "reported"]);
  const silent = diff(before, anthropic(other)).cache;
  assert.equal(silent.source, "estimate");
  assert.ok(silent.paidAgainTokens! > 0);
  const missed = diff(before, anthropic({ messages: TALK }, usage(9200, 0, 9100))).cache;
  assert.deepEqual([missed.state, missed.paidAgainTokens, missed.reasons], ["missed", 8900, []]);
  const kept = diff(before, anthropic({ messages: TALK }, usage(9200, 8900, 200))).cache;
  assert.deepEqual([kept.state, kept.paidAgainTokens], ["kept", null]);
});

test("two requests that share nothing are unrelated, not broken", () => {
  const other = anthropic({
    messages: [u("Write a poem about lighthouses in winter.")],
    system: "You write poems in the manner of sailors, and never speak of code at all.",
    tools: [],
  });
  assert.equal(diff(anthropic({ messages: TALK }), other).cache.state, "unrelated");
});

test("a hundred thousand words against others are compared in bounded time", () => {
  const text = (seed: number) =>
    Array.from({ length: 100_000 }, (_, i) => `w${(i * 7919 + seed * i * i) % 5003}`).join(" ");
  const begun = performance.now();
  const found = diff(
    anthropic({ messages: [u(text(1)), ...TALK] }),
    anthropic({ messages: [u(text(2)), ...TALK] }),
  );
  assert.ok(found.messages.length > 0);
  assert.ok(performance.now() - begun < 5_000);
});
