/**
 * A session of seventeen turns with ten seeded changes and some that must count for nothing, played
 * against a provider with a real prefix cache, as Anthropic and as OpenAI report it: every break is
 * found and named, its place, its size and its cost agree with what the provider counted, and the
 * evidence points at the very part.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../../../record/conversation/facts.ts";
import type { ExchangeView } from "../../../../record/conversation/view.ts";
import { placeAll } from "../../../../record/conversation.ts";
import { normaliseUsage } from "../../../../record/dialects/usage.ts";
import { diffRequests, sideOf } from "../../../../record/diff.ts";
import { findingsOfAll } from "../../../../record/findings.ts";
import { madeExchange } from "../conversation/made-exchange.ts";
import { type Prompt, type Read, SimulatedCache } from "./prompt-cache.ts";

type Kind = "anthropic" | "openai";
/** Whose part it is, which section, which position in the normal form. */
type At = ["turn" | "before", "system" | "tools" | "messages" | "parameters", number | null];

interface Step {
  name: string;
  breaks: string[];
  /** Where the prompts part; null where only something outside of tools and messages changed. */
  parts: [section: "tools" | "system" | "messages", position: number] | null;
  evidence: At[];
  only?: Kind;
}

const RULES = Array.from(
  { length: 120 },
  (_, i) =>
    `${i + 1}. Rule ${i} of this house says that step ${(i * 37) % 101} comes before ${(i * 53) % 97}.`,
).join("\n");
const SYSTEM = `You are a careful coding agent.\n${RULES}\nAnswer in the language of the user.`;
/** By the simulated provider's tokens, well above: the system prompt, and any other part. */
const SYSTEM_TOKENS = 2600;
const PART_TOKENS = 400;
const tool = (name: string, type = "string") => ({
  name,
  description: `Does ${name} in the folder of the project and says what came of it.`,
  input_schema: { type: "object", properties: { path: { type: "string" }, what: { type } } },
});
const long = (what: string, n: number) =>
  Array.from({ length: 60 }, (_, i) => `${what} ${n}.${i} is ${(n * 31 + i * 17) % 89};`).join(" ");

function bodyOf(kind: Kind, prompt: Prompt, more: object): Record<string, unknown> {
  const { model, tools, system, choice, messages, marked } = prompt;
  const cache_control = { type: "ephemeral" };
  const chosen = choice === undefined ? {} : { tool_choice: choice };
  if (kind === "anthropic") {
    return {
      model,
      max_tokens: 1000,
      tools,
      system: [{ type: "text", text: system, cache_control }],
      ...chosen,
      ...more,
      messages: messages.map(({ role, text }, i) => ({
        role,
        content: [{ type: "text", text, ...(i === marked ? { cache_control } : {}) }],
      })),
    };
  }
  return {
    model,
    tools: (tools as ReturnType<typeof tool>[]).map((x) => ({
      type: "function",
      function: { name: x.name, description: x.description, parameters: x.input_schema },
    })),
    ...chosen,
    ...more,
    messages: [
      { role: "system", content: system },
      ...messages.map(({ role, text }) => ({ role, content: text })),
    ],
  };
}

interface Played extends Step {
  view: ExchangeView;
  read: Read;
}

function play(kind: Kind): Played[] {
  const cache = new SimulatedCache(kind);
  const history = [0, 1, 2, 3, 4].map((i) => said(i % 2 === 0 ? "user" : "assistant", i));
  const state = {
    model: "model-1",
    tools: [tool("list_files"), tool("read_file"), tool("run_tests")],
    system: SYSTEM,
    choice: undefined as unknown,
  };
  const turns: Played[] = [];
  const turn = (step: Partial<Step> & { name: string }, marked = -1, more: object = {}) => {
    const messages = [...history];
    const prompt = { ...state, messages, marked: marked < 0 ? messages.length - 1 : marked };
    const read = cache.ask(prompt);
    const api = kind === "anthropic" ? "anthropic.messages" : "openai.chat";
    const llm = { usage: normaliseUsage(read.usage) };
    const at = turns.length * 30;
    const body = bodyOf(kind, prompt, more);
    const view = madeExchange({ api, body, llm, at, session: `cache-${kind}` });
    turns.push({ breaks: [], parts: null, evidence: [], ...step, view, read });
    history.push(said("assistant", 100 + turns.length), said("user", 200 + turns.length));
  };
  turn({ name: "start" });
  turn({ name: "goes on" });
  turn({ name: "marker one turn behind" }, history.length - 3);
  turn({ name: "marker back in its place" });
  turn({ name: "sampling changed" }, -1, { temperature: 0.3, max_tokens: 2000 });
  state.system = SYSTEM.replace("careful", "bold");
  turn({
    name: "1 system prompt edited",
    breaks: ["system-changed"],
    parts: ["system", 0],
    evidence: [["turn", "system", 0]],
  });
  state.system = `Today is 2026-11-23.\n${state.system}`;
  turn({
    name: "2 a date put into the prompt",
    breaks: ["system-timestamp"],
    parts: ["system", 0],
    evidence: [["turn", "system", 0]],
  });
  state.system = state.system.replace("2026-11-23", "2026-11-24");
  turn({
    name: "3 the date moves on",
    breaks: ["system-timestamp"],
    parts: ["system", 0],
    evidence: [["turn", "system", 0]],
  });
  state.tools = [state.tools[0]!, state.tools[2]!, state.tools[1]!];
  turn({
    name: "4 tool reordered",
    breaks: ["tools-reordered"],
    parts: ["tools", 1],
    evidence: [["turn", "tools", 1]],
  });
  state.tools = [...state.tools, tool("grep")];
  turn({
    name: "5 tool added",
    breaks: ["tools-added"],
    parts: ["tools", 3],
    evidence: [["turn", "tools", 3]],
  });
  state.tools = state.tools.map((x) => (x.name === "run_tests" ? tool("run_tests", "integer") : x));
  turn({
    name: "6 tool changed",
    breaks: ["tool-schema-changed"],
    parts: ["tools", 1],
    evidence: [["turn", "tools", 1]],
  });
  state.tools = state.tools.slice(1);
  turn({
    name: "7 tool removed",
    breaks: ["tools-removed"],
    parts: ["tools", 0],
    evidence: [["before", "tools", 0]],
  });
  history[4] = { role: "user", text: history[4]!.text.replace("4.7 is", "4.7 was never") };
  turn({
    name: "8 message rewritten",
    breaks: ["message-rewritten"],
    parts: ["messages", 5],
    evidence: [["turn", "messages", 5]],
  });
  history.splice(5, 2);
  turn({
    name: "9 history cut",
    breaks: ["messages-removed", "messages-removed"],
    parts: ["messages", 6],
    evidence: [
      ["before", "messages", 6],
      ["before", "messages", 7],
    ],
  });
  history.splice(9, 0, said("user", 300), said("assistant", 301));
  turn({
    name: "10 messages slipped in",
    breaks: ["message-inserted", "message-inserted"],
    parts: ["messages", 10],
    evidence: [
      ["turn", "messages", 10],
      ["turn", "messages", 11],
    ],
  });
  state.choice = kind === "anthropic" ? { type: "any" } : "required";
  const choice = {
    breaks: ["parameter-changed"],
    evidence: [["turn", "parameters", null]] as At[],
  };
  turn({ name: "11 tool choice", ...(kind === "anthropic" ? choice : {}) });
  turn({ name: "goes on again" });
  return turns;
}

const said = (role: string, n: number) => ({ role, text: long(role, n) });

for (const kind of ["anthropic", "openai"] as const) {
  const turns = play(kind);
  const places = placeAll(turns.map(({ view }) => factsOf(view, null)));
  const findings = findingsOfAll(
    turns.map(({ view }) => view),
    places,
  );
  turns.slice(1).forEach(({ name, breaks, parts, evidence, view, read }, i) => {
    const before = turns[i]!;
    const diff = diffRequests(sideOf(before.view), sideOf(view));
    const { cache, divergence } = diff;
    const found = findings.filter(
      ({ exchange, rule }) => exchange === view.line.id && rule === "cache-broken",
    );

    test(`${kind}: ${name}: the verdict and its causes`, () => {
      assert.equal(places[i + 1]!.parent, before.view.line.id);
      assert.deepEqual(
        cache.reasons.map((reason) => reason.kind),
        breaks,
      );
      assert.equal(cache.state, breaks.length > 0 ? "broken" : "kept");
      assert.equal(found.length, breaks.length > 0 ? 1 : 0);
      assert.equal(
        findings.some((x) => x.exchange === view.line.id && x.rule === "cache-missed"),
        false,
      );
    });

    test(`${kind}: ${name}: the place and the tokens before and after it`, () => {
      const shown = divergence && [divergence.section, divergence.position];
      assert.deepEqual(shown, parts);
      assert.equal(diff.before.tokens, before.read.tokens);
      assert.equal(diff.after.tokens, read.tokens);
      if (divergence === null) return;
      // The part that differs counts as lost as a whole; the provider's tokens stop inside of it.
      const inside = divergence.section === "system" ? SYSTEM_TOKENS : PART_TOKENS;
      const slack = 0.05 * read.shared + 32;
      assert.ok(divergence.sharedTokens <= read.shared + slack, "more than was shared");
      assert.ok(divergence.sharedTokens >= read.shared - inside - slack, "less than was shared");
      const sum = divergence.sharedTokens + divergence.lostTokens;
      assert.ok(Math.abs(sum - before.read.tokens) <= 1);
    });

    test(`${kind}: ${name}: the cost is the provider's own count`, () => {
      assert.equal(cache.reportedRead, read.read);
      if (breaks.length === 0) {
        assert.deepEqual([cache.paidAgainTokens, cache.source], [null, null]);
        return;
      }
      const lost = Math.max(0, before.read.kept - read.read);
      // Whether a prompt was kept that no one has read from yet, OpenAI's counts do not tell.
      const untold = kind === "openai" && before.read.read === 0 && read.read === 0;
      assert.equal(cache.source, untold ? "estimate" : "reported");
      if (!untold) assert.equal(cache.paidAgainTokens, lost);
      else assert.ok(cache.paidAgainTokens! <= lost && cache.paidAgainTokens! > lost - 1024);
    });

    test(`${kind}: ${name}: the evidence points at the part`, () => {
      const shown = found.flatMap((finding) =>
        finding.evidence.map(({ place }) => [
          place.exchange === view.line.id ? "turn" : "before",
          place.section,
          place.position,
        ]),
      );
      assert.deepEqual(shown, evidence);
      for (const { place } of found.flatMap((finding) => finding.evidence)) {
        assert.ok([view.line.id, before.view.line.id].includes(place.exchange));
      }
    });
  });
}
