/** Two machines give one number away, git merges both: one command makes the tree sound again. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CaptureTree } from "../../../record/johnny-decimal/tree.ts";
import { openTree } from "../../../record/reader/tree.ts";
import { verifyFile } from "../../../record/reader/verify.ts";
import { scratchFolder } from "../record/sample-capture.ts";
import { captureIn, fullLine, lineOf } from "./hostile-tree.ts";
import { runCli } from "./run-cli.ts";

const idOf = (n: number) => `01KAQ${String(n).padStart(21, "0")}`;
const line = (n: number, upstream: string) =>
  lineOf(JSON.stringify({ ...fullLine(idOf(n)), upstream }));

const AREA = "10-19 Area";
const CATEGORY = join(AREA, "11 Category");

function place(t: TestContext) {
  const cwd = scratchFolder(t);
  const captures = join(cwd, "captures");
  mkdirSync(join(captures, CATEGORY), { recursive: true });
  const tree = new CaptureTree({ captures });
  const jd = (...argv: string[]) => runCli(["jd", ...argv], cwd);
  /** Ids by number; nothing damaged, nothing twice. */
  const seen = () => {
    const ids: Record<string, string[]> = {};
    for (const { stream, path } of openTree(captures).files()) {
      assert.deepEqual(verifyFile(path), []);
      using day = openTree(captures).openDay(path);
      const list = ids[stream.number] ?? [];
      ids[stream.number] = list;
      for (const { id } of day.exchanges()) list.push(id);
    }
    for (const list of Object.values(ids)) list.sort();
    return ids;
  };
  const sound = async () => {
    const { stdout, stderr } = await jd("lint");
    assert.doesNotMatch(stdout, /^error/m, stdout + stderr);
    assert.match((await jd("resolve")).stderr, /every number is given away once/);
  };
  return { cwd, captures, tree, jd, seen, sound };
}

/** Captures in the folder of a number with a title of its own. */
function captured(captures: string, number: string, title: string, lines: Buffer[]): void {
  const folder = join(captureIn(captures, lines, number), "..");
  const target = join(folder, "..", `${number} ${title}`);
  renameSync(folder, target);
  const category = join(target, "..");
  if (!category.endsWith(CATEGORY)) {
    cpSync(category, join(captures, CATEGORY), { recursive: true });
  }
}

test("one number for two streams: the later one gets the next, with its captures", async (t) => {
  const { captures, tree, jd, seen, sound } = place(t);
  tree.allocate("11", "Ollama", "upstream:ollama", "autofile");
  tree.record({ id: "11.11", kind: "allocate", from: "upstream:vllm", to: "vLLM", by: "autofile" });
  captured(captures, "11.11", "vLLM", [line(1, "vllm"), line(2, "vllm")]);
  captured(captures, "11.11", "Ollama", [line(3, "ollama")]);
  const lint = await jd("lint");
  assert.match(lint.stdout, /error number-reused: 11\.11: .*`callnumber jd resolve`/);
  assert.match(lint.stdout, /error duplicate-number: .*`callnumber jd resolve`/);

  const before = seen();
  const dry = await jd("resolve", "--dry-run");
  assert.match(dry.stdout, /"11\.11 vLLM" becomes 11\.12 vLLM/);
  assert.deepEqual(seen(), before);
  const done = await jd("resolve");
  assert.match(done.stderr, /base URLs with \/11\.11\/ that mean the latter become \/11\.12\//);
  assert.deepEqual(seen(), { "11.11": [idOf(3)], "11.12": [idOf(1), idOf(2)] });
  assert.equal(new CaptureTree({ captures }).allocatedFor("11", "upstream:vllm"), "11.12");
  assert.equal(new CaptureTree({ captures }).allocatedFor("11", "upstream:ollama"), "11.11");
  await sound();
});

test("both streams in one folder are told apart by their upstream", async (t) => {
  const { captures, tree, jd, seen, sound } = place(t);
  tree.allocate("11", "Local", "upstream:ollama", "autofile");
  tree.record({
    id: "11.11",
    kind: "allocate",
    from: "upstream:vllm",
    to: "Local",
    by: "autofile",
  });
  captured(captures, "11.11", "Local", [line(1, "vllm"), line(2, "ollama"), line(3, "vllm")]);
  await jd("resolve");
  assert.deepEqual(seen(), { "11.11": [idOf(2)], "11.12": [idOf(1), idOf(3)] });
  await sound();
});

test("folders of one number that mean the same become one, and no call counts twice", async (t) => {
  const { captures, jd, seen, sound } = place(t);
  captured(captures, "11.11", "OpenRouter", [line(1, "a"), line(2, "a")]);
  // The other machine's table gave all three levels other titles, and both had some calls.
  const other = join(captures, "10-19 Agents", "11 Cline", "11.11 openrouter");
  mkdirSync(other, { recursive: true });
  cpSync(
    join(captures, CATEGORY, "11.11 OpenRouter", "2026-11-23.jsonl"),
    join(other, "2026-11-23.jsonl"),
  );
  const apart = captureIn(join(captures, "..", "apart"), [line(2, "a"), line(4, "a")]);
  cpSync(apart, join(other, "2026-11-23+1.jsonl"));
  mkdirSync(join(other, "+run"));
  cpSync(apart, join(other, "+run", "2026-11-23.jsonl"));
  const rows = (await runCli(["stats", "--json"], join(captures, ".."))).stdout;
  assert.ok(JSON.parse(rows).calls > 0);
  assert.equal((await jd("resolve")).exit, 0);
  assert.deepEqual(readdirSync(captures).filter((name) => name.startsWith("10-19")).length, 1);
  assert.deepEqual(seen(), {
    "11.11": [idOf(1), idOf(2), idOf(4)],
    "11.11+run": [idOf(2), idOf(4)],
  });
  await sound();
});

test("index files of a merge, with marks of a conflict or the lines of both, are made anew", async (t) => {
  const { captures, tree, jd, sound } = place(t);
  captured(captures, "11.11", "OpenRouter", [line(1, "a")]);
  tree.writeIndex();
  const system = tree.find("00.00")!;
  writeFileSync(join(system, "jdex.json"), "<<<<<<< ours\n{}\n=======\n[]\n>>>>>>> theirs\n");
  writeFileSync(join(system, "00.00 Index.txt"), "11.11 A\n11.11 B\n");
  await jd("resolve");
  await sound();
  assert.ok(existsSync(join(system, "jdex.json")));
});

test("what a shorter table no longer plans is named, and in the journal", async (t) => {
  const { cwd, jd, tree } = place(t);
  writeFileSync(join(cwd, "long.tsv"), "11\tCline\n12\tOther\n13\tThird\n");
  writeFileSync(join(cwd, "short.tsv"), "11\tCline\n");
  assert.doesNotMatch((await jd("import", "long.tsv")).stderr, /no longer/);
  const dry = await jd("import", "short.tsv", "--dry-run");
  assert.match(dry.stderr, /no longer planned: 12 Other\nno longer planned: 13 Third\n/);
  assert.match((await jd("import", "short.tsv")).stderr, /no longer planned: 12 Other/);
  assert.match(tree.journal().at(-1)?.to ?? "", /^1 rows, without 12 13$/);
});

test("nothing is moved to an ID that is archived or was retired", async (t) => {
  const { cwd, captures, tree } = place(t);
  captured(captures, "11.11", "From", [line(1, "a")]);
  mkdirSync(join(captures, CATEGORY, "11.09 Archive for category 11", "11.12 Old"), {
    recursive: true,
  });
  tree.record({ id: "11.13", kind: "retire", from: null, to: null, by: "test" });
  for (const [to, why] of [
    ["11.12", /11\.12 is archived/],
    ["11.13", /11\.13 was retired/],
  ] as const) {
    const { exit, stderr } = await runCli(["file", "11.11", "--to", to], cwd);
    assert.equal(exit, 65, stderr);
    assert.match(stderr, why);
  }
});
