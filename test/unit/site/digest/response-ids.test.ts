/**
 * Which earlier turn a response id means, wherever it stands: the same for a whole conversation, for
 * one exchange by itself, and for the site.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { CaptureWriter } from "../../../../record/bodies/capture-writer.ts";
import { placeDays, viewIn, viewsOf } from "../../../../record/conversation/placed-days.ts";
import type { ExchangeView } from "../../../../record/conversation/view.ts";
import { DayReader } from "../../../../record/reader/day-reader.ts";
import { findExchange } from "../../../../record/reader/find-exchange.ts";
import { openTree } from "../../../../record/reader/tree.ts";
import type { DigestStore } from "../../../../site/digest/day-digest.ts";
import { ExchangeSource } from "../../../../site/digest/exchange-source.ts";
import {
  RESPONSES_LLM,
  sampleId,
  scratchFolder,
  writerTo,
  writeSample,
} from "../../record/sample-capture.ts";

/** A turn that asks `q<n>` and is answered `a<n>`; ids and times rise with `n`. */
interface Turn {
  /** Name of the file without its ending. */
  readonly file: string;
  readonly n: number;
  readonly previous: string | null;
  /** Id of the response; null: it has none. */
  readonly id: string | null;
}

/** Long enough for parts of their own. */
const PAD = "and so on ".repeat(40);

function treeWith(t: TestContext, turns: readonly Turn[]) {
  const captures = scratchFolder(t);
  const writers = new Map<string, CaptureWriter>();
  for (const { file, n, previous, id } of turns) {
    const path = join(captures, "10-19 Agents", "11 Codex", "11.11 OpenAI", `${file}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const writer = writers.get(path) ?? writerTo(path);
    writers.set(path, writer);
    const input = [{ role: "user", content: `q${n} ${PAD}` }];
    const content = [{ type: "output_text", text: `a${n} ${PAD}` }];
    writeSample(writer, {
      id: sampleId(n),
      request: JSON.stringify({ model: "m", input, previous_response_id: previous }),
      response: JSON.stringify({
        ...(id === null ? {} : { id }),
        object: "response",
        output: [{ type: "message", role: "assistant", content }],
      }),
      line: {
        started: `${file.slice(0, 10)}T10:${String(n % 60).padStart(2, "0")}:00.000Z`,
        llm: RESPONSES_LLM,
      },
    });
  }
  return openTree(captures);
}

const shown = ({ request, missing }: ExchangeView): string => {
  const texts = request.messages.map(({ pieces: [piece] }) =>
    piece?.kind === "text" ? piece.text.split(" ")[0]! : "?",
  );
  return [...texts, ...(missing === undefined ? [] : [`missing ${missing}`])].join(" ");
};

/** What the site shows of each exchange, its days read in order. */
function siteViews(tree: ReturnType<typeof openTree>): Map<string, string> {
  const digests = new Map<string, unknown>();
  const get = ({ day }: { day: string }) => digests.get(day);
  const source = new ExchangeSource(tree, { get } as unknown as DigestStore);
  const views = new Map<string, string>();
  for (const { day } of tree.days("11.11")) {
    const responses: Record<string, string> = {};
    for (const id of source.ids("11.11", day)) {
      const view = source.view({ number: "11.11", day, id });
      views.set(id, shown(view));
      if (view.responseId !== null) responses[view.responseId] = id;
    }
    digests.set(day, { responses });
  }
  assert.deepEqual(source.take().damage, []);
  source.close();
  return views;
}

/** Every turn as each of the three ways shows it, which must be one, and who its parent is. */
function everywhere(t: TestContext, turns: readonly Turn[]) {
  const tree = treeWith(t, turns);
  const placed = placeDays(tree, {});
  const site = siteViews(tree);
  const numbers = new Map(turns.map(({ n }) => [sampleId(n), n]));
  return viewsOf(placed).map((view, i) => {
    const { exchange, parent } = placed[i]!.placement;
    assert.equal(
      shown(viewIn(tree, findExchange(tree, exchange))),
      shown(view),
      `${exchange} alone`,
    );
    assert.equal(site.get(exchange), shown(view), `${exchange} on the site`);
    return [numbers.get(parent ?? "") ?? null, shown(view)];
  });
}

const DAY = "2026-11-22";
const NEXT = "2026-11-23";
const turn = (file: string, n: number, previous: string | null, id: string | null): Turn => ({
  file,
  n,
  previous,
  id,
});

test("a server that gives every response one id, over two days", (t) => {
  const turns = [DAY, DAY, NEXT, NEXT, NEXT].map((file, n) => turn(file, n, n ? "r" : null, "r"));
  assert.deepEqual(
    everywhere(t, turns).map(([, text]) => text),
    ["q0", "q0 a0 q1", "q0 a0 q1 a1 q2", "q0 a0 q1 a1 q2 a2 q3", "q0 a0 q1 a1 q2 a2 q3 a3 q4"],
  );
});

test("and over the files of one day", (t) => {
  const files = [DAY, DAY, `${DAY}+1`, `${DAY}+1`];
  const turns = files.map((file, n) => turn(file, n, n ? "r" : null, "r"));
  assert.deepEqual(everywhere(t, turns), [
    [null, "q0"],
    [0, "q0 a0 q1"],
    [1, "q0 a0 q1 a1 q2"],
    [2, "q0 a0 q1 a1 q2 a2 q3"],
  ]);
});

test("ids that come again on another day", (t) => {
  const turns = [
    turn(DAY, 0, null, "r0"),
    turn(DAY, 1, "r0", "r1"),
    turn(NEXT, 2, "r1", "r0"),
    turn(NEXT, 3, "r0", "r3"),
  ];
  assert.deepEqual(
    everywhere(t, turns).map(([, text]) => text),
    ["q0", "q0 a0 q1", "q0 a0 q1 a1 q2", "q0 a0 q1 a1 q2 a2 q3"],
  );
});

test("what began later is never followed, in whichever file it stands", (t) => {
  for (const files of [
    [DAY, `${DAY}.nas`],
    [`${DAY}.nas`, DAY],
  ] as const) {
    const turns = [turn(files[0], 5, null, "r"), turn(files[1], 2, "r", "r2")];
    assert.deepEqual(everywhere(t, turns), [
      [null, "q2 missing r"],
      [null, "q5"],
    ]);
  }
});

test("a turn that was filed late, below the one that follows it", (t) => {
  const late = [turn(DAY, 1, "r0", "r1"), turn(DAY, 0, null, "r0")];
  assert.deepEqual(everywhere(t, late), [
    [null, "q0"],
    [0, "q0 a0 q1"],
  ]);
  const byEnd = [2, 1, 3].map((n) => turn(DAY, n, n === 3 ? "r" : null, "r"));
  assert.deepEqual(everywhere(t, byEnd).at(-1), [2, "q2 a2 q3"]);
});

test("words that every object knows are no ids of responses", (t) => {
  const turns = [
    turn(DAY, 0, null, "r0"),
    turn(NEXT, 1, "constructor", "r1"),
    turn(NEXT, 2, "__proto__", "r2"),
  ];
  assert.deepEqual(
    everywhere(t, turns).map(([, text]) => text),
    ["q0", "q1 missing constructor", "q2 missing __proto__"],
  );
});

test("an exchange that stands in two files, with other parts", (t) => {
  for (const [one, other] of [
    [DAY, `${DAY}.nas`],
    [`${DAY}.nas`, DAY],
  ] as const) {
    const turns = [
      turn(one, 1, "r0", "r1"),
      turn(other, 0, null, "r0"),
      turn(other, 1, "r0", "r1"),
      turn(one, 2, "r1", "r2"),
    ];
    assert.deepEqual(everywhere(t, turns), [
      [null, "q0"],
      [0, "q0 a0 q1"],
      [0, "q0 a0 q1"],
      [1, "q0 a0 q1 a1 q2"],
    ]);
  }
});

test("a conversation over many days opens each of them a few times, not for every turn", (t) => {
  for (const id of [(n: number) => `r${n}`, () => "r"]) {
    const turns = Array.from({ length: 72 }, (_, n) => {
      const file = `2026-11-${10 + Math.floor(n / 12)}`;
      return turn(file, n, n === 0 ? null : id(n - 1), id(n));
    });
    const tree = treeWith(t, turns);
    const opened = t.mock.method(DayReader, "open");
    const last = siteViews(tree).get(sampleId(71));
    assert.equal(last?.split(" ").length, 2 * 71 + 1);
    assert.ok(opened.mock.callCount() < 20, `${opened.mock.callCount()} days were opened`);
    opened.mock.restore();
  }
});
