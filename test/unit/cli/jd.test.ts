import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test, { type TestContext } from "node:test";
import type { Options } from "../../../cli/command.ts";
import { jd } from "../../../cli/jd.ts";
import { CodedError } from "../../../record/errors.ts";
import { CaptureTree } from "../../../record/johnny-decimal/tree.ts";
import { runCommand } from "./run-command.ts";

const TABLE =
  "00-09\t治理 (Governance)\t\n00\t章程\t\n10-19\t核心 (Core)\tx\n11\t生產 (Production)\t排程\n";

test("an imported table is the plan: it exports unchanged and names the folders of captures", async (t) => {
  const { folder, run } = place(t);
  writeFileSync(join(folder, "table.tsv"), TABLE);
  assert.equal((await run("import", ["table.tsv"])).code, 0);
  assert.deepEqual(readdirSync(join(folder, "captures")), ["00-09 治理 (Governance)"]);
  assert.equal((await run("export", [], { format: "tsv" })).out, TABLE);
  const captures = join(folder, "captures");
  assert.equal(
    relative(captures, new CaptureTree({ captures }).folder("11.11", "OpenRouter")),
    "10-19 核心 (Core)/11 生產 (Production)/11.11 OpenRouter",
  );
  const exported = (await run("export", [], { format: "csv" })).out;
  assert.match(exported, /^11\.11,OpenRouter,$/m, "what was given away since is in the table");
});

test("folders that were there take the plan's titles, unless asked otherwise", async (t) => {
  const { folder, run } = place(t);
  const captures = join(folder, "captures");
  new CaptureTree({ captures }).folder("11.11", "OpenRouter");
  writeFileSync(join(folder, "table.tsv"), TABLE);
  const dry = await run("import", ["table.tsv"], { dryRun: true });
  assert.match(dry.out, /10-19 Untitled\/11 Untitled → 11 生產 \(Production\)/);
  assert.deepEqual(readdirSync(captures), ["00-09 System", "10-19 Untitled"]);
  await run("import", ["table.tsv"], { rename: false });
  assert.deepEqual(readdirSync(captures), ["00-09 System", "10-19 Untitled"]);
  await run("import", ["table.tsv"]);
  assert.deepEqual(readdirSync(captures), ["00-09 治理 (Governance)", "10-19 核心 (Core)"]);
  const kinds = new CaptureTree({ captures }).journal().map(({ kind, id }) => `${kind} ${id}`);
  assert.deepEqual(kinds.slice(-5), [
    "rename 00",
    "rename 11",
    "rename 00-09",
    "rename 10-19",
    "plan 00.00",
  ]);
});

test("lint exits 1 on errors and 0 on warnings alone; index mends what is out of step", async (t) => {
  const { folder, run } = place(t);
  writeFileSync(join(folder, "table.tsv"), TABLE);
  await run("import", ["table.tsv"]);
  const clean = await run("lint", [], { json: true });
  assert.equal(clean.code, 0);
  const findings = clean.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    findings.map(({ code, severity, number }) => [code, severity, number]),
    [
      ["reserved-number-used", "warning", "00-09"],
      ["reserved-number-used", "warning", "00"],
    ],
  );
  const jdex = new CaptureTree({ captures: join(folder, "captures") }).find("00.00")!;
  writeFileSync(join(jdex, "00.00 Index.txt"), "edited by hand");
  const broken = await run("lint");
  assert.equal(broken.code, 1);
  assert.match(broken.out, /^error index-mismatch: 00\.00: /m);
  assert.match((await run("index")).err, /index written/);
  assert.equal((await run("lint")).code, 0);
});

test("a table that cannot be read is refused and nothing is written", async (t) => {
  const { folder, run } = place(t);
  writeFileSync(join(folder, "table.tsv"), "11\tA\n11\tB\n");
  const refused = (error: unknown) => error instanceof CodedError && error.code === "table-invalid";
  await assert.rejects(run("import", ["table.tsv"]), refused);
  await assert.rejects(run("import", ["absent.tsv"]), { code: "no-such-path" });
  assert.deepEqual(readdirSync(folder).sort(), ["captures", "table.tsv"]);
  assert.deepEqual(readdirSync(join(folder, "captures")), []);
});

function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "jd-cli-"));
  mkdirSync(join(folder, "captures"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (name: string, args: string[] = [], options: Options = {}) => {
    const command = jd.subcommands!.find((each) => each.name === name)!;
    return runCommand(command, folder, args, options, { HOME: folder });
  };
  return { folder, run };
}
