/** Every rule with a case that it must see and cases that it must not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { factsOf } from "../../../record/conversation/facts.ts";
import type { ExchangeView } from "../../../record/conversation/view.ts";
import { placeAll } from "../../../record/conversation.ts";
import type { Finding } from "../../../record/findings/model.ts";
import { findingsOfAll, RULES } from "../../../record/findings.ts";
import { sessionBodies, sessionsSkipped } from "./conversation/corpus-sessions.ts";
import { chatAnswer, type Made, madeExchange } from "./conversation/made-exchange.ts";

const RULES_TEXT =
  "You are a careful coding agent. Read before you change anything, and run the tests after every change that you make.";
const u = (content: string) => ({ role: "user", content });
const a = (content: string) => ({ role: "assistant", content });
const s = (content = RULES_TEXT) => ({ role: "system", content });
const call = (id: string, name: string, args: object) => ({
  role: "assistant",
  content: null,
  tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }],
});
const result = (id: string, content: string) => ({ role: "tool", tool_call_id: id, content });
const tool = (name: string, properties: object = {}) => ({
  type: "function",
  function: { name, description: `Does ${name}.`, parameters: { type: "object", properties } },
});
const TOOLS = [tool("read_file", { path: { type: "string" } }), tool("edit_file")];

const chat = (messages: object[], body: object = {}, more: Partial<Made> = {}): ExchangeView =>
  madeExchange({
    session: "one",
    ...more,
    body: { model: "m-1", messages, tools: TOOLS, ...body },
  });

function found(views: ExchangeView[]): Finding[] {
  return findingsOfAll(views, placeAll(views.map((view) => factsOf(view, null))));
}
const seen = (views: ExchangeView[], rule: string) => found(views).filter((x) => x.rule === rule);

const HEAD = [
  s(),
  u("mend the test of the date parser"),
  a("I look at it first."),
  u("go on then"),
];
const first = (body: object = {}, more: Partial<Made> = {}) => chat(HEAD.slice(0, 2), body, more);

const usage = (input: number, read: number) => ({
  llm: { usage: { input_tokens: input, cache_read_input_tokens: read, output_tokens: 5 } },
});
const ended = (reason: string, text = "some words", stream = false) => ({
  answer: chatAnswer(text),
  llm: { finish_reasons: reason === "" ? [] : [reason], stream },
});
const served = (model: string, by: string | null = null) => ({
  llm: { served_model: model, served_by: by },
});
const reading = (times: number, text = (_: number) => "the text of the file") =>
  Array.from({ length: times }, (_, i) => [
    call(`c${i}`, "read_file", { path: "src/a.js" }),
    result(`c${i}`, text(i)),
  ]).flat();
const failing = () => first({}, { status: 529, llm: { error: "overloaded" } });

/** By rule: stories that it must see once, and stories in which it must see nothing. */
const CASES: Record<string, { yes: ExchangeView[][]; no: ExchangeView[][] }> = {
  "system-changed": {
    yes: [
      [first(), chat([s(RULES_TEXT.replace("careful", "bold")), ...HEAD.slice(1)])],
      [first(), chat([s(`Today is 2026-11-23.\n\n${RULES_TEXT}`), ...HEAD.slice(1)])],
    ],
    no: [
      [first(), chat(HEAD)],
      [
        first(),
        chat([s("Name this talk in five words."), u("mend the test of the date parser")], {
          tools: [],
        }),
      ],
    ],
  },
  "tool-schema-changed": {
    yes: [
      [first(), chat(HEAD, { tools: [tool("read_file", { path: { type: "array" } }), TOOLS[1]] })],
    ],
    no: [
      [first(), chat(HEAD)],
      [first(), chat(HEAD, { tools: [...TOOLS].reverse() })],
    ],
  },
  "tools-missing": {
    yes: [
      [first(), chat(HEAD, { tools: undefined })],
      [first(), chat(HEAD, { tools: TOOLS.slice(0, 1) })],
    ],
    no: [
      [first(), chat(HEAD, { tools: [...TOOLS, tool("grep")] })],
      [first({ tools: undefined }), chat(HEAD, { tools: undefined })],
    ],
  },
  "tool-call-unanswered": {
    yes: [
      [chat([...HEAD, call("c1", "read_file", { path: "a" }), u("and?")])],
      [
        chat([...HEAD, call("c1", "read_file", {}), u("and?")]),
        chat([...HEAD, call("c1", "read_file", {}), u("and?"), a("hm"), u("well?")]),
      ],
    ],
    no: [
      [chat([...HEAD, call("c1", "read_file", { path: "a" }), result("c1", "text"), u("and?")])],
      [chat([...HEAD, call("c1", "web_search", { query: "a" }), u("and?")])],
    ],
  },
  "history-cut": {
    yes: [
      [
        chat([
          ...HEAD,
          a("It is the month, counted from zero."),
          u("mend it, and run the tests again"),
        ]),
        chat([
          s(),
          ...HEAD.slice(3),
          a("It is the month, counted from zero."),
          u("mend it, and run the tests again"),
          a("Done."),
          u("thanks"),
        ]),
      ],
      [
        chat([...HEAD, a("a"), u("b"), a("c"), u("d")]),
        chat([
          s(),
          u(
            "What was asked: mend the test of the date parser.\nWhat was found: months are counted from zero.\nWhat was changed: the line of parse-date that adds one.\nWhat is left: run all the tests once more.",
          ),
        ]),
      ],
    ],
    no: [
      [first(), chat(HEAD)],
      [first(), chat(HEAD), chat([...HEAD.slice(0, 3), u("no, stop and tell me why")])],
      [
        chat([...HEAD, a("a"), u("b"), a("c"), u("d")]),
        chat([s(), u("Something else: write a page for the handbook.")]),
      ],
    ],
  },
  "cache-broken": {
    yes: [
      [
        first({}, usage(5000, 4800)),
        chat([s(`${RULES_TEXT} Be quick.`), ...HEAD.slice(1)], {}, usage(5200, 0)),
      ],
      [
        chat([
          s(`${RULES_TEXT} ${"Read every file that you change. ".repeat(300)}`),
          ...HEAD.slice(1, 2),
        ]),
        chat([
          s(`${RULES_TEXT} ${"Read every file that you touch. ".repeat(300)}`),
          ...HEAD.slice(1),
        ]),
      ],
    ],
    no: [
      [first({}, usage(5000, 4800)), chat(HEAD, {}, usage(5200, 4900))],
      [first(), chat([s(`${RULES_TEXT} Be quick.`), ...HEAD.slice(1)])],
      [first({}, usage(5000, 4800)), chat(HEAD, { temperature: 1 }, usage(5200, 4900))],
    ],
  },
  "cache-missed": {
    yes: [[first({}, usage(5000, 4800)), chat(HEAD, {}, usage(5200, 0))]],
    no: [
      [first({}, usage(5000, 4800)), chat(HEAD, {}, usage(5200, 4900))],
      [first({}, usage(5000, 0)), chat(HEAD, {}, usage(5200, 0))],
      [first(), chat(HEAD)],
    ],
  },
  "max-tokens": {
    yes: [
      [first({}, ended("length"))],
      [first({}, ended("max_tokens"))],
      [first({}, ended("MAX_TOKENS"))],
    ],
    no: [[first({}, ended("stop"))], [first({}, { ...ended("length"), status: 500 })]],
  },
  "empty-answer": {
    yes: [[first({}, ended("stop", ""))], [first({}, ended("stop", " \n"))]],
    no: [
      [first({}, ended("stop"))],
      [
        first(
          {},
          {
            ...ended("tool_calls", ""),
            answer: chatAnswer("", [{ name: "edit_file", arguments: {} }]),
          },
        ),
      ],
      [first()],
      [first({}, ended("length", ""))],
    ],
  },
  "odd-stop": {
    yes: [
      [first({}, ended("content_filter"))],
      [first({}, ended("SAFETY"))],
      [first({}, ended("refusal"))],
      [first({}, ended("", "some words", true))],
    ],
    no: [[first({}, ended("end_turn"))], [first({}, ended("STOP"))], [first({}, ended(""))]],
  },
  "other-model": {
    yes: [
      [first({ model: "gpt-4o" }, served("gpt-4o-mini-2024-07-18"))],
      [first({ model: "sample/careful-1" }, served("sample/careful-1-mini"))],
      [first({ model: "claude-opus-4-1" }, served("claude-sonnet-4-5-20250929"))],
    ],
    no: [
      [first({ model: "gpt-4o" }, served("gpt-4o-2024-08-06"))],
      [first({ model: "openai/gpt-4o" }, served("gpt-4o"))],
      [first({ model: "claude-sonnet-4-0" }, served("claude-sonnet-4-20250514"))],
      [first({ model: "models/gemini-2.0-flash" }, served("gemini-2.0-flash-001"))],
      [first({ model: "openrouter/auto" }, served("anthropic/claude-sonnet-4"))],
      [first({ model: "llama3" }, served("llama3:latest"))],
      [first({ model: "a", models: ["b"] }, served("b"))],
    ],
  },
  "other-provider": {
    yes: [[first({ provider: { only: ["deepinfra"] } }, served("m-1", "Together"))]],
    no: [
      [first({ provider: { only: ["deepinfra/fp8"] } }, served("m-1", "DeepInfra"))],
      [first({ provider: { order: ["deepinfra"] } }, served("m-1", "Together"))],
    ],
  },
  failed: {
    yes: [
      [first({}, { status: 401 })],
      [first({}, { line: { outcome: "upstream_aborted" } })],
      [first({}, { line: { outcome: "client_aborted" } })],
      [first({}, { llm: { error: "overloaded" } })],
    ],
    no: [[first()]],
  },
  "retry-storm": {
    yes: [
      [failing(), failing(), failing(), failing()],
      [failing(), failing(), failing(), failing(), failing()],
    ],
    no: [
      [failing(), failing(), first()],
      [0, 900, 1800, 2700].map((at) => first({}, { status: 529, at })),
    ],
  },
  "file-read-again": {
    yes: [
      [
        chat([...HEAD, ...reading(2)]),
        chat([...HEAD, ...reading(3)]),
        chat([...HEAD, ...reading(4)]),
      ],
    ],
    no: [[chat([...HEAD, ...reading(2)])], [chat([...HEAD, ...reading(4, (i) => `version ${i}`)])]],
  },
};

test("every rule has cases", () => {
  assert.deepEqual(Object.keys(CASES).sort(), RULES.map(({ id }) => id).sort());
});

for (const [rule, { yes, no }] of Object.entries(CASES)) {
  test(`${rule} sees what it is for, once`, () => {
    yes.forEach((story, i) => {
      assert.equal(
        seen(story, rule).length,
        1,
        `story ${i}: ${JSON.stringify(found(story).map((x) => x.rule))}`,
      );
    });
  });
  test(`${rule} keeps quiet otherwise`, () => {
    no.forEach((story, i) => {
      assert.deepEqual(
        seen(story, rule).map((x) => x.text.en),
        [],
        `story ${i}`,
      );
    });
  });
}

test("every finding speaks both languages and points at a place in an exchange", () => {
  for (const { yes } of Object.values(CASES)) {
    for (const story of yes) {
      const ids = new Set(story.map(({ line }) => line.id));
      for (const { exchange, title, text, evidence } of found(story)) {
        assert.ok(ids.has(exchange));
        assert.ok(evidence.length > 0 && evidence.every(({ place }) => ids.has(place.exchange)));
        for (const words of [title, text]) {
          assert.match(words.en, /[a-z]{3}/);
          assert.match(words["zh-Hant"], /\p{Script=Han}/u);
        }
      }
    }
  }
});

test("evidence names the very message in the body's own terms", () => {
  const [finding] = seen(
    [chat([...HEAD, call("c1", "read_file", {}), u("and?")])],
    "tool-call-unanswered",
  );
  assert.equal(finding!.evidence[0]!.place.path, "messages[4]");
});

test("a healthy conversation has no findings", () => {
  const story = [first({}, ended("stop")), chat(HEAD, {}, ended("stop"))];
  const history: object[] = [...HEAD];
  for (let n = 1; n <= 4; n++) {
    history.push(a(`step ${n}`), u(`go on ${n}`));
    story.push(chat([...history], {}, ended("stop")));
  }
  assert.deepEqual(found(story), []);
});

test("a failed call says in the provider's words why, in its first line and not for pages", () => {
  const of = (change: Parameters<typeof first>[1]) => found([first({}, change)])[0]?.text.en ?? "";
  assert.equal(of({ status: 401 }), "The provider answered with status 401.");
  const limit = "rate_limit_error: 3 requests a minute";
  const why = of({ status: 429, llm: { error: `${limit}\nsecond line` } });
  assert.equal(why, `The provider answered with status 429: ${limit}`);
  const long = of({ status: 500, llm: { error: "x".repeat(400) } });
  assert.match(long, /: x{160}…$/);
  assert.match(of({ llm: { error: "overloaded" } }), /status says success: overloaded$/);
});

test("docs/findings.md lists exactly the rules", () => {
  const page = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(listed.sort(), RULES.map(({ id }) => id).sort());
});

test("a recorded session shows its unanswered calls and no break that is none", {
  skip: sessionsSkipped,
}, () => {
  const { bodies } = sessionBodies("openhands-1");
  assert.deepEqual(found(bodies.map((body, i) => madeExchange({ body, at: i * 20 }))), []);
  const large = sessionBodies("pi-large-session").bodies.slice(0, 140);
  const api = "anthropic.messages";
  const seenThere = found(large.map((body, i) => madeExchange({ api, body, at: i * 20 })));
  assert.deepEqual([...new Set(seenThere.map(({ rule }) => rule))], ["tool-call-unanswered"]);
  // Counted in the bodies themselves: sixteen calls of the twelfth turn were never answered.
  assert.equal(seenThere[0]!.evidence.length, 16);
});
