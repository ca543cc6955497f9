/** Grouping of exchanges into conversations: real sessions where present, and each rule by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../../record/conversation/facts.ts";
import type { Placement } from "../../../record/conversation/model.ts";
import { conversationOf } from "../../../record/conversation/threads.ts";
import type { ExchangeView } from "../../../record/conversation/view.ts";
import { byStart, ConversationIndex, placeAll } from "../../../record/conversation.ts";
import { SESSIONS, sessionBodies, sessionsSkipped } from "./conversation/corpus-sessions.ts";
import { chatAnswer, type Made, madeExchange } from "./conversation/made-exchange.ts";

const u = (content: string) => ({ role: "user", content });
const a = (content: string) => ({ role: "assistant", content });
const s = (content: string) => ({ role: "system", content });
const tool = (name: string) => ({ type: "function", function: { name, parameters: {} } });
const RULES = s(
  "You are a careful coding agent. Read before you change, run the tests after every change, and answer briefly in the language of the user.",
);

function chat(messages: object[], more: Partial<Made> & { body?: object } = {}): ExchangeView {
  return madeExchange({ ...more, body: { model: "m", messages, ...more.body } });
}

const placed = (views: ExchangeView[]): Placement[] =>
  placeAll(views.map((view) => factsOf(view, null)));

const relations = (views: ExchangeView[]) => placed(views).map(({ relation }) => relation);

function whole(views: ExchangeView[]) {
  const places = placed(views);
  const started = new Map(views.map(({ line }) => [line.id, line.started]));
  return conversationOf(
    places[0]!.conversation!,
    places.map((place) => ({ ...place, started: started.get(place.exchange)!, tools: true })),
  );
}

test("instructions that come on the way are part of the prompt, whatever turns share", () => {
  const first = chat([RULES, u("one")]);
  const [rule] = chat([s("Answer in English."), u("x")]).request.messages;
  const { messages } = first.request;
  const turn = (more: typeof messages): ExchangeView => ({
    ...first,
    request: { ...first.request, messages: [...messages, ...more] },
  });
  const systems = [first, turn([rule!]), turn([messages[1]!]), turn([rule!])].map(
    (view) => factsOf(view, null).system,
  );
  const alone = chat([RULES, u("one"), s("Answer in English.")]);
  assert.equal(systems[0], systems[2]);
  assert.notEqual(systems[0], systems[1]);
  assert.deepEqual([systems[1], systems[3]], Array(2).fill(factsOf(alone, null).system));
});

for (const named of [true, false]) {
  const how = named ? "by the client's session id" : "by messages alone";
  for (const { name, api, exchanges } of SESSIONS) {
    test(`${name} is one conversation ${how}`, { skip: sessionsSkipped }, () => {
      const { bodies } = sessionBodies(name);
      const session = named ? name : undefined;
      const views = bodies.map((body, i) => madeExchange({ api, body, session, at: i * 20 }));
      const places = placed(views);
      assert.equal(new Set(places.map(({ conversation }) => conversation)).size, 1);
      const conversation = whole(views);
      assert.equal(conversation.turns, exchanges);
      assert.equal(conversation.branches, 0);
      assert.equal(conversation.threads.length, 1);
      const rewritten = places.flatMap(({ relation }, i) => (relation === "rewritten" ? [i] : []));
      // Its agent elides old tool results from the sixth request on; all others only append.
      const expected = name === "swe-marshmallow" ? [5, 6, 7, 8, 9, 10, 11, 12] : [];
      assert.deepEqual(rewritten, expected);
    });
  }

  test(`sessions interleaved stay apart ${how}`, { skip: sessionsSkipped }, () => {
    const names = SESSIONS.map(({ name }) => name);
    const views = SESSIONS.flatMap(({ name, api }, shift) =>
      sessionBodies(name).bodies.map((body, i) =>
        madeExchange({ api, body, session: named ? name : undefined, at: i * 40 + shift }),
      ),
    );
    const owner = new Map<string, Set<string>>();
    const places = placed(views);
    let at = 0;
    const nameOf = new Map<string, string>();
    for (const name of names) {
      for (const _ of sessionBodies(name).bodies) nameOf.set(views[at++]!.line.id, name);
    }
    for (const { exchange, conversation } of places) {
      const set = owner.get(conversation!) ?? new Set();
      owner.set(conversation!, set.add(nameOf.get(exchange)!));
    }
    assert.deepEqual(
      [...owner.values()].map((set) => [...set]).sort(),
      names.map((n) => [n]).sort(),
    );
  });
}

test("an edited earlier message opens a branch, and what follows stays in it", () => {
  const head = [RULES, u("list the files"), a("src, test")];
  const views = [
    chat(head.slice(0, 2)),
    chat([...head, u("now run the tests")]),
    chat([...head, u("no, read the tests instead")]),
    chat([...head, u("no, read the tests instead"), a("they say x"), u("good")]),
    chat([...head, u("now run the tests"), a("all pass"), u("thanks")]),
  ];
  const { threads, branches } = whole(views);
  assert.equal(branches, 1);
  assert.deepEqual(
    threads.map(({ kind, turns, exchanges }) => [kind, turns, exchanges.length]),
    [
      ["main", 3, 3],
      ["branch", 2, 2],
    ],
  );
});

test("a retry is linked to what it repeats and counts as no turn", () => {
  const failed = chat([RULES, u("go")], { status: 529 });
  const again = chat([RULES, u("go")]);
  const next = chat([RULES, u("go"), a("done"), u("thanks")]);
  const places = placed([failed, again, next]);
  assert.deepEqual(
    places.map(({ relation }) => relation),
    ["start", "retry", "next"],
  );
  assert.equal(places[1]!.parent, failed.line.id);
  assert.equal(places[2]!.parent, again.line.id);
  assert.equal(whole([failed, again, next]).turns, 2);
});

test("the same first request after a good answer is another conversation", () => {
  const one = chat([RULES, u("hello there")], { answer: chatAnswer("Good morning!") });
  const two = chat([RULES, u("hello there")], { answer: chatAnswer("Hi, how can I help?") });
  const goesOn = chat([RULES, u("hello there"), a("Good morning!"), u("what is new?")]);
  const places = placed([one, two, goesOn]);
  assert.notEqual(places[0]!.conversation, places[1]!.conversation);
  assert.equal(places[2]!.parent, one.line.id);
  assert.equal(places[2]!.conversation, places[0]!.conversation);
});

test("reasoning dropped, markers moved and a clock in the system prompt break no line", () => {
  const first = madeExchange({
    api: "anthropic.messages",
    body: {
      model: "m",
      system: "You are careful and always read before you change a thing. It is 10:01 now.",
      messages: [u("fix the test")],
    },
  });
  const thinking = { type: "thinking", thinking: "hm", signature: "x" };
  const call = { type: "tool_use", id: "t1", name: "read", input: { path: "a", line: 1 } };
  const result = { type: "tool_result", tool_use_id: "t1", content: "the file's text" };
  const second = madeExchange({
    api: "anthropic.messages",
    body: {
      model: "m",
      system: "You are careful and always read before you change a thing. It is 10:02 now.",
      messages: [
        u("fix the test"),
        { role: "assistant", content: [thinking, call] },
        { role: "user", content: [{ ...result, cache_control: { type: "ephemeral" } }] },
      ],
    },
  });
  const third = madeExchange({
    api: "anthropic.messages",
    body: {
      model: "m",
      system: "You are careful and always read before you change a thing. It is 10:03 now.",
      messages: [
        { role: "user", content: [{ type: "text", text: "fix the test" }] },
        { role: "assistant", content: [{ ...call, input: { line: 1, path: "a" } }] },
        { role: "user", content: [result] },
        a("mended"),
        u("thanks"),
      ],
    },
  });
  assert.deepEqual(relations([first, second, third]), ["start", "next", "next"]);
});

test("a history replaced by a summary goes on in the same conversation", () => {
  const summary = "The user wants the date parser mended.\nThe months are counted from zero there.";
  const opening = [
    RULES,
    u("mend the date parser"),
    a("I look"),
    u("go on"),
    a("I see"),
    u("sum up"),
  ];
  for (const session of ["one", undefined]) {
    const views = [
      chat(opening.slice(0, 2), { session }),
      chat(opening.slice(0, 4), { session }),
      chat(opening, { session, answer: chatAnswer(summary) }),
      chat([RULES, u(`This goes on from an earlier talk:\n${summary}`)], { session }),
    ];
    assert.deepEqual(relations(views), ["start", "next", "next", "compaction"], String(session));
  }
});

test("an agent called with a task is a thread of its caller, with and without session ids", () => {
  const task = "Find every caller of parseDate in the project and list them with their lines.";
  const call = { name: "task", arguments: { prompt: task } };
  const tools = [tool("read"), tool("task")];
  for (const session of ["one", undefined]) {
    const views = [
      chat([RULES, u("who calls it?")], {
        session,
        body: { tools },
        answer: chatAnswer("", [call]),
      }),
      chat([s("You are a search worker. Only report what is there."), u(task)], {
        session,
        body: { tools: [tool("grep")] },
      }),
    ];
    const places = placed(views);
    assert.equal(places[1]!.relation, "agent", String(session));
    assert.equal(places[1]!.parent, places[0]!.exchange);
    assert.equal(places[1]!.conversation, places[0]!.conversation);
  }
});

test("a title asked for beside the first turn is a side call, whichever comes first", () => {
  const ask = "Please mend the parser of dates in our order forms, it fails on month ends.";
  const tools = { tools: [tool("read")] };
  const title = () =>
    chat([s("Name this conversation in five words."), u(ask)], { client: "codey" });
  const main = () => chat([RULES, u(ask)], { client: "codey", body: tools });
  const later = () =>
    chat([RULES, u(ask), a("I read it first."), u("yes")], { client: "codey", body: tools });
  const after = placed([main(), title(), later()]);
  assert.deepEqual(
    after.map(({ relation }) => relation),
    ["start", "side", "next"],
  );
  const before = placed([title(), main(), later()]);
  assert.equal(new Set(before.map(({ conversation }) => conversation)).size, 1);
  assert.equal(before[2]!.parent, before[1]!.exchange);
});

test("a few-shot prompt sent with other questions is not one conversation", () => {
  const shots = [
    u("2+2, and show how you got there"),
    a("4, because 2+2 are four"),
    u("3+3"),
    a("6"),
  ];
  const views = [1, 2, 3].map((n) =>
    chat([RULES, ...shots, u(`question number ${n}`)], { answer: chatAnswer(`answer ${n}`) }),
  );
  assert.equal(new Set(placed(views).map(({ conversation }) => conversation)).size, 3);
});

test("a response id ties what carries no history", () => {
  const body = { model: "m", input: "hello", instructions: "Be brief." };
  const one = madeExchange({ api: "openai.responses", body, answer: { id: "resp_1", output: [] } });
  const two = madeExchange({
    api: "openai.responses",
    body: { model: "m", input: "and then?", previous_response_id: "resp_1" },
  });
  const places = placed([one, two]);
  assert.equal(places[1]!.parent, one.line.id);
  assert.equal(places[1]!.by, "response-id");
});

test("what is no conversation stands alone and has no page", () => {
  const counting = chat([u("count me")], { llm: { operation: "count_tokens" } });
  const [place] = placed([counting]);
  assert.deepEqual([place!.relation, place!.conversation], ["alone", null]);
});

test("later captures rename nothing, and a saved index goes on where it was", () => {
  const talk = (name: string, at: number) => {
    const list = [RULES, u(`the task of ${name}`)];
    return [0, 1, 2, 3].map((turn) => {
      if (turn > 0) list.push(a(`step ${turn} of ${name}`), u(`go on, ${name} ${turn}`));
      return chat([...list], { at: at + turn * 7 });
    });
  };
  const facts = [...talk("ann", 0), ...talk("bob", 3), ...talk("eve", 5)]
    .map((view) => factsOf(view, null))
    .sort(byStart);
  const all = placeAll(facts);
  for (const cut of [1, 4, 7, 11]) {
    const early = new ConversationIndex();
    const first = facts.slice(0, cut).map((f) => early.add(f));
    const later = new ConversationIndex(JSON.parse(JSON.stringify(early.snapshot())));
    assert.deepEqual([...first, ...facts.slice(cut).map((f) => later.add(f))], all);
  }
  assert.equal(new Set(all.map(({ conversation }) => conversation)).size, 3);
});

test("an index forgets what has rested for longer than a week", () => {
  const index = new ConversationIndex();
  const week = 7 * 24 * 3600;
  index.add(factsOf(chat([RULES, u("old talk")], { at: 0 }), null));
  index.add(factsOf(chat([RULES, u("new talk")], { at: week + 7200 }), null));
  assert.equal(index.snapshot().nodes.length, 1);
});

test("a cleared session begins anew; one that brings its summary along is a compaction", () => {
  const offered = { body: { tools: [tool("read_file")] }, session: "s1", client: "coder" };
  const first = u("Please find out why the parser loses the last line of every file.");
  const summary =
    "The parser lost the last line because its loop ended at the last line feed.\nIt was mended in parse.ts, and a test of it was added there.";
  const before = [
    chat([RULES, first], { ...offered, answer: chatAnswer("I look at the parser now.") }),
    chat([RULES, first, a("I look at the parser now."), u("Good, and now sum it all up for me.")], {
      ...offered,
      answer: chatAnswer(summary),
    }),
  ];
  const cleared = chat(
    [RULES, u("Write a page about the new command, for the handbook.")],
    offered,
  );
  const compacted = chat([RULES, u(`Here is what was done so far:\n${summary}`)], offered);
  assert.deepEqual(relations([...before, cleared]).at(-1), "start");
  assert.deepEqual(relations([...before, compacted]).at(-1), "compaction");
  const places = placed([...before, cleared]);
  assert.equal(places.at(-1)!.conversation, places[0]!.conversation);
});

test("a first message written anew is a branch or a new start, never a compaction", () => {
  const offered = { body: { tools: [tool("read_file")] }, session: "s1", client: "coder" };
  const task = (last: string) =>
    u(
      `Please look at the parser in parse.ts and say what it does.\nKeep to the style of the house and change no other file.\n${last}`,
    );
  const before = [
    chat([RULES, task("Begin with the tests.")], offered),
    chat(
      [RULES, task("Begin with the tests."), a("It reads lines."), u("Go on, please.")],
      offered,
    ),
    chat(
      [
        ...[RULES, task("Begin with the tests."), a("It reads lines."), u("Go on, please.")],
        ...[a("It loses one."), u("Why?")],
      ],
      offered,
    ),
  ];
  const edited = chat([RULES, task("Begin with the last function of it.")], offered);
  const onwards = chat(
    [RULES, task("Begin with the last function of it."), a("It ends."), u("And then?")],
    offered,
  );
  const places = placed([...before, edited, onwards]);
  assert.deepEqual(
    places.map(({ relation }) => relation),
    ["start", "next", "next", "branch", "next"],
  );
  assert.equal(places[3]!.parent, before[0]!.line.id);
  assert.equal(whole([...before, edited, onwards]).branches, 1);

  const short = [
    chat([RULES, u("fix it")], offered),
    chat([RULES, u("fix it"), a("done"), u("thanks")], offered),
    chat([RULES, u("mend it")], offered),
  ];
  assert.deepEqual(relations(short), ["start", "next", "start"]);

  const kept = [RULES, u("fix it"), a("done"), u("thanks"), a("welcome"), u("bye")];
  const rewritten = [RULES, u("mend it"), a("done"), u("thanks"), a("welcome"), u("see you")];
  assert.notEqual(
    relations([...short.slice(0, 2), chat(kept, offered), chat(rewritten, offered)]).at(-1),
    "compaction",
  );
});

test("a conversation that the provider keeps goes on from what came last in it", () => {
  const turn = (input: string, at: number) =>
    madeExchange({
      api: "openai.responses",
      session: "conv_1",
      at,
      body: { model: "m", conversation: "conv_1", input },
      answer: { object: "response", id: `resp_${at}`, status: "completed", output: [] },
    });
  const views = [turn("hello", 0), turn("and now?", 20), turn("thanks", 40)];
  const places = placed(views);
  assert.deepEqual(
    places.map(({ relation }) => relation),
    ["start", "next", "next"],
  );
  assert.equal(places[2]!.parent, views[1]!.line.id);
});

test("first words kept with a summary behind them are a compaction, no edit", () => {
  const offered = { body: { tools: [tool("read_file")] }, session: "s1", client: "coder" };
  const task = u(
    "Please look at the parser in parse.ts.\nKeep to the style of the house, please.\n",
  );
  const summary = "The parser loses the last line of every file that it reads.";
  const before = [
    chat([RULES, task], { ...offered, answer: chatAnswer("I look.") }),
    chat([RULES, task, a("I look."), u("Sum up.")], { ...offered, answer: chatAnswer(summary) }),
  ];
  const compacted = chat([RULES, u(`${task.content}${summary}`)], offered);
  assert.equal(relations([...before, compacted]).at(-1), "compaction");
});
