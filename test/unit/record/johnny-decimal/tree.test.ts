import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test, { type TestContext } from "node:test";
import { CodedError } from "../../../../record/errors.ts";
import { planFromConfig, planOf } from "../../../../record/johnny-decimal/plan.ts";
import { CaptureTree, PLAN_FILE } from "../../../../record/johnny-decimal/tree.ts";

const CONFIG = planFromConfig({
  areas: [
    {
      number: "10-19",
      title: "Coding agents",
      categories: [
        { number: "11", title: "Cline", ids: [{ number: "11.11", title: "OpenRouter" }] },
        { number: "12", title: "Claude Code", ids: [] },
      ],
    },
  ],
});

const SYSTEM = "00-09 System/00 System management/00.00 JDex for the system";

test("opening, asking and finding create nothing; the first write creates the folder and its parents", (t) => {
  const { tree, captures, within } = fresh(t);
  assert.equal(tree.knows("11.11"), true);
  assert.equal(tree.find("11.11"), null);
  assert.deepEqual(readdirSync(captures), []);
  assert.equal(within(tree.folder("11.11")), "10-19 Coding agents/11 Cline/11.11 OpenRouter");
  assert.deepEqual(readdirSync(captures), ["00-09 System", "10-19 Coding agents"]);
  assert.deepEqual(readdirSync(join(captures, "10-19 Coding agents")), ["11 Cline"]);
});

test("a folder that was renamed or moved away under the writer is found again by its number", (t) => {
  const { tree, captures, within } = fresh(t);
  const before = tree.folder("11.11");
  renameSync(before, join(before, "..", "11.11 路由"));
  renameSync(join(captures, "10-19 Coding agents"), join(captures, "10-19 代理"));
  assert.equal(within(tree.folder("11.11")), "10-19 代理/11 Cline/11.11 路由");
});

test("inboxes get their standard titles and no line in the journal", (t) => {
  const { tree, within } = fresh(t);
  assert.equal(
    within(tree.folder("12.01")),
    "10-19 Coding agents/12 Claude Code/12.01 Inbox for category 12",
  );
  assert.equal(
    within(tree.folder("00.01")),
    "00-09 System/00 System management/00.01 Inbox for the system",
  );
  assert.deepEqual(tree.journal(), []);
});

test("an allocation is journaled at once, takes no folder, and is found by its source again", (t) => {
  const { tree, captures, within } = fresh(t);
  assert.deepEqual(tree.allocate("11", "Ollama", "upstream:ollama", "autofile"), {
    id: "11.12",
    nearlyFull: false,
  });
  assert.equal(readdirSync(captures).includes("10-19 Coding agents"), false);
  assert.equal(tree.allocatedFor("11", "upstream:ollama"), "11.12");
  assert.equal(tree.allocatedFor("12", "upstream:ollama"), null);
  assert.equal(within(tree.folder("11.12")), "10-19 Coding agents/11 Cline/11.12 Ollama");
  assert.deepEqual(tree.journal(), [
    {
      at: "2026-11-23T08:00:00.000Z",
      id: "11.12",
      kind: "allocate",
      from: "upstream:ollama",
      to: "Ollama",
      by: "autofile",
    },
  ]);
});

test("planned, deleted, archived and journaled IDs are never given away again", (t) => {
  const { tree, captures } = fresh(t);
  const next = () => tree.allocate("11", "x", null, "autofile")?.id;
  assert.equal(next(), "11.12", "11.11 is planned");
  mkdirSync(
    join(captures, "10-19 Coding agents/11 Cline/11.09 Archive for category 11/11.20 Old"),
    {
      recursive: true,
    },
  );
  assert.equal(next(), "11.21", "11.20 is archived");
  assert.equal(next(), "11.22", "11.21 is in the journal only");
  tree.record({ id: "13.11", kind: "move", from: "11.40", to: "13.11", by: "file" });
  assert.equal(next(), "11.41", "11.40 was moved away");
});

test("an archived ID is still found, and written to where it lies", (t) => {
  const { tree, captures, within } = fresh(t);
  const path = "10-19 Coding agents/11 Cline/11.09 Archive for category 11/11.12 Old";
  mkdirSync(join(captures, path), { recursive: true });
  assert.equal(within(tree.folder("11.12")), path);
});

test("a category is reported as nearly full from .90 and gives nothing after .99", (t) => {
  const { tree } = fresh(t);
  tree.record({ id: "11.88", kind: "allocate", from: null, to: "x", by: "path" });
  assert.equal(tree.allocate("11", "a", null, "autofile")?.nearlyFull, false);
  assert.equal(tree.allocate("11", "b", null, "autofile")?.nearlyFull, true);
  tree.record({ id: "11.99", kind: "allocate", from: null, to: "x", by: "path" });
  assert.equal(tree.allocate("11", "c", null, "autofile"), null);
});

test("an ID that nobody planned takes the title given with its first write, and keeps it", (t) => {
  const { tree, within, captures } = fresh(t);
  assert.equal(tree.knows("12.37"), false);
  assert.equal(tree.knows("12"), true);
  assert.equal(tree.knows("13"), false);
  assert.equal(tree.knows("20-29"), false);
  assert.equal(
    within(tree.folder("12.37", "Anthropic/EU")),
    "10-19 Coding agents/12 Claude Code/12.37 Anthropic-EU",
  );
  renameSync(join(captures, "10-19 Coding agents"), join(captures, ".gone"));
  assert.equal(tree.knows("12.37"), true, "the journal knows it");
  assert.match(tree.folder("12.37", "other"), /12\.37 Anthropic-EU$/);
  assert.equal(tree.journal().length, 1);
});

test("a +name sub-level lies inside its ID", (t) => {
  const { tree, within } = fresh(t);
  assert.equal(tree.knows("11.11+run-1"), true);
  assert.equal(
    within(tree.folder("11.11+run-1")),
    "10-19 Coding agents/11 Cline/11.11 OpenRouter/+run-1",
  );
  assert.equal(
    within(tree.folder("11.11+run-1")),
    "10-19 Coding agents/11 Cline/11.11 OpenRouter/+run-1",
  );
  assert.equal(tree.journal().length, 1);
});

test("an imported table names the folders, those of the system included", (t) => {
  const { captures, within } = fresh(t);
  const tree = new CaptureTree({ captures });
  tree.writePlan(
    planOf([
      { number: "00-09", title: "治理與策略 (Governance & Strategy)", description: "高階決策" },
      { number: "00", title: "公司治理與章程 (Governance & Charter)", description: "" },
      { number: "10-19", title: "核心營運與交付 (Core Operations & Delivery)", description: "" },
      { number: "11", title: "生產管理 (Production Management)", description: "生產排程" },
      { number: "54", title: "進出口 (Import/Export)", description: "" },
    ]),
  );
  assert.equal(
    within(tree.folder("11.11", "OpenRouter")),
    "10-19 核心營運與交付 (Core Operations & Delivery)/11 生產管理 (Production Management)/11.11 OpenRouter",
  );
  assert.equal(
    within(tree.find("00.00")!),
    "00-09 治理與策略 (Governance & Strategy)/00 公司治理與章程 (Governance & Charter)/00.00 JDex for the system",
  );
  assert.equal(
    within(tree.folder("54.11", "x")),
    "50-59 Untitled/54 進出口 (Import-Export)/54.11 x",
  );
  const titles = new CaptureTree({ captures }).entries().map((entry) => entry.title);
  assert.ok(titles.includes("進出口 (Import/Export)"), "the index keeps the author's wording");
});

test("a table imported while the writer runs counts from the next folder on", (t) => {
  const { tree, captures, within } = fresh(t);
  tree.folder("11.11");
  const rows = [{ number: "21", title: "市場研究", description: "" }];
  new CaptureTree({ captures }).writePlan(planOf(rows));
  assert.equal(tree.knows("21"), true);
  assert.equal(within(tree.folder("21.11", "x")), "20-29 Untitled/21 市場研究/21.11 x");
});

test("a damaged plan does not keep captures from being filed", (t) => {
  const { tree, captures } = fresh(t);
  tree.folder("11.11");
  writeFileSync(
    join(captures, SYSTEM, PLAN_FILE),
    "<<<<<<< HEAD\n11\tA\n=======\n11\tB\n>>>>>>> x\n",
  );
  assert.match(tree.folder("12.11", "x"), /12\.11 x$/);
});

test("the index files are in step after each folder and do not change without need", (t) => {
  const { tree, captures } = fresh(t);
  tree.folder("11.11");
  assert.equal(
    readFileSync(join(captures, SYSTEM, "00.00 Index.txt"), "utf8"),
    [
      "00-09 System",
      "   00 System management",
      "      00.00 JDex for the system",
      "10-19 Coding agents",
      "   11 Cline",
      "      11.11 OpenRouter",
      "",
    ].join("\n"),
  );
  const jdex = JSON.parse(readFileSync(join(captures, SYSTEM, "jdex.json"), "utf8"));
  assert.deepEqual(jdex.entries[5], {
    number: "11.11",
    level: "id",
    title: "OpenRouter",
    description: "",
    folder: "10-19 Coding agents/11 Cline/11.11 OpenRouter",
    planned: false,
    archived: false,
  });
  assert.equal(tree.writeIndex(), false);
});

test("a writer with another configuration finds the index files in step", (t) => {
  const { tree, captures } = fresh(t);
  tree.folder("11.11");
  assert.equal(new CaptureTree({ captures }).writeIndex(), false);
});

test("a symbolic link or a file in the way of a folder is refused, not followed", (t) => {
  const { tree, captures } = fresh(t);
  const outside = mkdtempSync(join(tmpdir(), "jd-outside-"));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  symlinkSync(outside, join(captures, "10-19 Coding agents"));
  assert.equal(tree.find("10-19"), null);
  assert.throws(() => tree.folder("11.11"), refused);
  assert.deepEqual(readdirSync(outside), []);
});

test("a journal that is a link is refused", (t) => {
  const { tree, captures } = fresh(t);
  tree.folder("00.00");
  symlinkSync("/dev/null", join(captures, SYSTEM, "journal.jsonl"));
  assert.throws(() => tree.allocate("11", "x", null, "autofile"), refused);
});

test("only an ID has a folder to write to", (t) => {
  const { tree } = fresh(t);
  for (const number of ["11", "10-19", "../x", "11.11/../.."])
    assert.throws(() => tree.folder(number), refused);
});

function refused(error: unknown) {
  return error instanceof CodedError && error.code === "tree-refused";
}

function fresh(t: TestContext) {
  const captures = mkdtempSync(join(tmpdir(), "jd-tree-"));
  t.after(() => rmSync(captures, { recursive: true, force: true }));
  const now = () => new Date("2026-11-23T08:00:00Z");
  const tree = new CaptureTree({ captures, plan: CONFIG, now });
  return { captures, tree, within: (path: string) => relative(captures, path) };
}
