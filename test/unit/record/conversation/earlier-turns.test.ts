/** Turns that only say what is new: the whole input is put together from the turns before. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type EarlierTurn,
  EarlierTurns,
  type FindTurn,
} from "../../../../record/conversation/earlier-turns.ts";
import { factsOf } from "../../../../record/conversation/facts.ts";
import {
  conversationUpTo,
  placeDays,
  viewIn,
  viewsOf,
} from "../../../../record/conversation/placed-days.ts";
import { type ExchangeView, ViewReader } from "../../../../record/conversation/view.ts";
import { normaliseRequest, normaliseResponse } from "../../../../record/dialects/normalise.ts";
import { diffRequests, sideOf } from "../../../../record/diff.ts";
import { findingsOfAll } from "../../../../record/findings.ts";
import { CaptureFile } from "../../../../record/reader/capture-file.ts";
import { DayReader } from "../../../../record/reader/day-reader.ts";
import { findExchange } from "../../../../record/reader/find-exchange.ts";
import { openTree } from "../../../../record/reader/tree.ts";
import {
  RESPONSES_LLM,
  sampleId,
  scratchFolder,
  writerTo,
  writeSample,
} from "../sample-capture.ts";

const BRIEF = "Be brief, and say what you did. ".repeat(12);
const asked = (text: string, previous: string | null, more: object = {}) => ({
  model: "m",
  instructions: BRIEF,
  input: [{ role: "user", content: text }],
  ...(previous === null ? {} : { previous_response_id: previous }),
  ...more,
});
const answered = (id: string, text: string) => ({
  id,
  object: "response",
  status: "completed",
  model: "m",
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }],
});
const turn = (id: string, body: object, response: object): EarlierTurn => ({
  line: { id },
  request: normaliseRequest("openai.responses", body, "/v1/responses"),
  answer: normaliseResponse("openai.responses", response),
});
/** Finds turns by the id of their response. */
const among =
  (turns: ReadonlyMap<string, EarlierTurn>): FindTurn =>
  (responseId) => {
    const found = turns.get(responseId);
    return found === undefined ? null : { id: found.line.id, open: () => found };
  };
const textOf = (view: Pick<ExchangeView, "request">) =>
  view.request.messages.map(({ role, pieces }) => {
    const [piece] = pieces;
    return `${role}: ${piece?.kind === "text" ? piece.text : piece?.kind}`;
  });

test("instructions are the turn's own, inputs and answers come in order", () => {
  const turns = new Map([
    ["r1", turn("x1", asked("one", null), answered("r1", "1"))],
    ["r2", turn("x2", asked("two", "r1", { instructions: "Old ones." }), answered("r2", "2"))],
  ]);
  const now = turn("x3", asked("three", "r2", { instructions: "Now." }), answered("r3", "3"));
  const whole = new EarlierTurns(among(turns)).whole(now);
  assert.deepEqual(textOf(whole), [
    "system: Now.",
    "user: one",
    "assistant: 1",
    "user: two",
    "assistant: 2",
    "user: three",
  ]);
  assert.deepEqual(
    whole.request.messages.map(({ key, index }) => `${key} ${index}`),
    ["instructions null", "earlier 0", "earlier 1", "earlier 2", "earlier 3", "input 0"],
  );
  assert.equal(whole.missing, undefined);
});

test("a response that is not at hand, and a loop, are named", () => {
  const lost = turn("x2", asked("two", "r1"), {});
  const one = new EarlierTurns(() => null).whole(lost);
  assert.equal(one.missing, "r1");
  assert.equal(one.request.messages.length, 2);
  const looped = turn("x9", asked("again", "r9"), answered("r9", "."));
  assert.equal(new EarlierTurns(among(new Map([["r9", looped]]))).whole(looped).missing, "r9");
  const round = new Map([
    ["r1", turn("x1", asked("one", "r2"), answered("r1", "1"))],
    ["r2", turn("x2", asked("two", "r1"), answered("r2", "2"))],
  ]);
  assert.equal(new EarlierTurns(among(round)).whole(round.get("r1")!).missing, "r1");
});

test("thousands of turns are put together without recursion, each turn from the one before", () => {
  const turns = new Map<string, EarlierTurn>();
  for (let i = 1; i <= 3000; i++) {
    const previous = i === 1 ? null : `r${i - 1}`;
    const body = asked(`question ${i}`, previous);
    turns.set(`r${i}`, turn(`x${i}`, body, answered(`r${i}`, `answer ${i}`)));
  }
  let opened = 0;
  const earlier = new EarlierTurns((responseId) => {
    const found = turns.get(responseId)!;
    const open = () => {
      opened++;
      return found;
    };
    return { id: found.line.id, open };
  });
  assert.equal(earlier.whole(turns.get("r2999")!).request.messages.length, 5998);
  assert.equal(opened, 2998);
  assert.equal(earlier.whole(turns.get("r3000")!).request.messages.length, 6000);
  assert.equal(opened, 2999);
});

interface Filed {
  day: string;
  body: object;
  response: object;
}

/** A tree with one Responses stream; ids rise with the turns, where none are given. */
function treeWith(t: TestContext, turns: Filed[], ids: number[] = []) {
  const captures = scratchFolder(t);
  const folder = join(captures, "10-19 Agents", "11 Codex", "11.11 OpenAI");
  turns.forEach(({ day, body, response }, i) => {
    const path = join(folder, `${day}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    writeSample(writerTo(path), {
      id: sampleId(ids[i] ?? i),
      request: JSON.stringify(body),
      response: JSON.stringify(response),
      line: {
        started: `${day}T10:0${i}:00.000Z`,
        llm: RESPONSES_LLM,
      },
    });
  });
  return openTree(captures);
}

const TURNS: Filed[] = [
  {
    day: "2026-11-22",
    body: asked("What is in the folder?", null),
    response: answered("r1", "A test and its source."),
  },
  {
    day: "2026-11-23",
    body: asked("Then run the test.", "r1"),
    response: answered("r2", "It fails on the last day of the month."),
  },
  {
    day: "2026-11-24",
    body: asked("Mend it, please.", "r2"),
    response: answered("r3", "Done, it passes now."),
  },
];

test("conversation, comparison and findings see the whole input, also over days", (t) => {
  const tree = treeWith(t, TURNS);
  const placed = placeDays(tree, {});
  assert.deepEqual(
    placed.map(({ placement }) => [placement.relation, placement.by]),
    [
      ["start", "none"],
      ["next", "response-id"],
      ["next", "response-id"],
    ],
  );
  const views = viewsOf(placed);
  assert.equal(views[2]!.request.messages.length, 6);
  assert.ok(views.every(({ missing }) => missing === undefined));
  const found = diffRequests(sideOf(views[1]!), sideOf(views[2]!));
  assert.deepEqual([found.cache.state, found.divergence, found.sameMessages], ["kept", null, 4]);
  assert.deepEqual(
    findingsOfAll(
      views,
      placed.map((x) => x.placement),
    ),
    [],
  );
  const one = viewIn(tree, findExchange(tree, sampleId(2)));
  assert.deepEqual(textOf(one), textOf(views[2]!));
  assert.equal(conversationUpTo(tree, findExchange(tree, sampleId(2))).length, 3);
});

test("with its whole input a turn is found by messages too, as one that sends all of it", (t) => {
  const same = TURNS.slice(0, 2).map((filed) => ({ ...filed, day: "2026-11-23" }));
  const replay = asked("", null, {
    input: [
      { role: "user", content: "What is in the folder?" },
      { role: "assistant", content: "A test and its source." },
      { role: "user", content: "Then run the test." },
      { role: "assistant", content: "It fails on the last day of the month." },
      { role: "user", content: "Mend it, please." },
    ],
  });
  const tree = treeWith(t, [
    ...same,
    { day: "2026-11-23", body: replay, response: answered("r3", "Done.") },
  ]);
  const [, second, third] = placeDays(tree, {});
  assert.equal(third!.placement.parent, second!.placement.exchange);
  assert.equal(third!.placement.relation, "next");
  assert.equal(third!.placement.by, "messages");
});

test("where the first turn was not captured nothing is called cut, and it is said", (t) => {
  const tree = treeWith(t, TURNS.slice(1));
  const placed = placeDays(tree, {});
  const views = viewsOf(placed);
  assert.deepEqual(
    views.map(({ missing }) => missing),
    ["r1", "r1"],
  );
  assert.equal(diffRequests(sideOf(views[0]!), sideOf(views[1]!)).cache.state, "kept");
  const whole = { ...views[0]!, missing: undefined };
  assert.equal(diffRequests(sideOf(whole), sideOf(views[1]!)).cache.state, "unrelated");
  assert.deepEqual(
    findingsOfAll(
      views,
      placed.map((x) => x.placement),
    ),
    [],
  );
  assert.equal(factsOf(views[0]!, null).previous, "r1");
});

test("a server that gives every response the same id: each turn goes on from the one before it", (t) => {
  const [first, second, third] = TURNS;
  const day = "2026-11-23";
  const same = (filed: Filed, text: string): Filed => ({
    day,
    body: {
      ...filed.body,
      ...("previous_response_id" in filed.body && { previous_response_id: "r" }),
    },
    response: answered("r", text),
  });
  const tree = treeWith(t, [same(first!, "It."), same(second!, "They."), same(third!, "All.")]);
  const placed = placeDays(tree, {});
  assert.deepEqual(
    placed.map(({ placement }) => placement.parent),
    [null, sampleId(0), sampleId(1)],
  );
  const said = (view: ExchangeView) => textOf(view).filter((text) => text.startsWith("assistant"));
  const wanted = [[], ["assistant: It."], ["assistant: It.", "assistant: They."]];
  assert.deepEqual(viewsOf(placed).map(said), wanted);
  // Whatever was asked for before, and in whatever order.
  assert.deepEqual(viewsOf(placed.toReversed()).map(said), wanted.toReversed());
  const alone = [0, 1, 2].map((n) => viewIn(tree, findExchange(tree, sampleId(n))));
  assert.deepEqual(alone.map(said), wanted);
  assert.ok(alone.every(({ missing }) => missing === undefined));
});

test("a turn in another file of the day is found, but for one that began later", (t) => {
  const day = "2026-11-23";
  const after = { day, body: asked("Then run the test.", "r1"), response: answered("r2", "No.") };
  const before = { day, body: asked("What is in it?", null), response: answered("r1", "A test.") };
  const opened = (first: number, second: number) => {
    const tree = treeWith(t, [after], [first]);
    const others = treeWith(t, [before], [second]);
    const paths = [...tree.files(), ...others.files()].map(({ path }) => path);
    const reader = DayReader.open(paths);
    t.after(() => reader.close());
    return new ViewReader(reader).view(reader.exchange(sampleId(first)));
  };
  const found = opened(5, 2);
  assert.equal(found.missing, undefined);
  assert.equal(found.request.messages.length, 4);
  assert.equal(opened(5, 7).missing, "r1");
});

test("a day read in order: no response is read for its id, nor one again that has none", (t) => {
  const day = "2026-11-23";
  const read = t.mock.method(CaptureFile.prototype, "responseBody");
  const inOrder = (turns: Filed[]): number => {
    const tree = treeWith(t, turns);
    using reader = DayReader.open([...tree.files()][0]!.path);
    const views = new ViewReader(reader);
    const before = read.mock.callCount();
    for (const line of reader.exchanges()) views.view(line);
    return read.mock.callCount() - before;
  };
  const chain = TURNS.map((turn) => ({ ...turn, day }));
  // Each once to be shown, and the first two again for the turns that follow them.
  assert.equal(inOrder(chain), 5);
  const silent = { day, body: asked("Hello.", null), response: {} };
  assert.equal(inOrder([silent, silent, silent, chain[1]!]), 4);
});

test("a damaged answer above does not keep a turn from being shown", (t) => {
  const day = "2026-11-23";
  const filed = TURNS.slice(0, 2).map((turn) => ({ ...turn, day }));
  const other = {
    day,
    body: asked("Something else.", null),
    response: answered("r0", "Yes, it is."),
  };
  const tree = treeWith(t, [other, ...filed]);
  const { path } = [...tree.files()][0]!;
  writeFileSync(path, readFileSync(path, "utf8").replace("Yes, it is.", "Yes, it was"));
  const view = viewIn(tree, findExchange(tree, sampleId(2)));
  assert.equal(view.missing, undefined);
  assert.equal(view.request.messages.length, 4);
  assert.throws(() => viewIn(tree, findExchange(tree, sampleId(0))), { code: "capture-damaged" });
});
