/**
 * A slip must not look like good news. Every command that takes a number, a day, an id, a path or
 * one of a known set is given one that means nothing: exit 2, nothing on stdout, and what is near.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dayOf } from "../../../cli/mistyped.ts";
import { runCli } from "./run-cli.ts";
import { sampleFolder } from "./run-command.ts";

/** Sample captures, and a category whose title people will type. */
function folderWithCline(t: TestContext): string {
  const cwd = sampleFolder(t);
  const samples = join(cwd, "captures", "90-99 Samples", "91 Sample conversations");
  const cline = join(cwd, "captures", "10-19 Coding agents", "11 Cline", "11.11 OpenRouter");
  mkdirSync(cline, { recursive: true });
  cpSync(
    join(samples, "91.13 An aborted stream", "2026-11-23.jsonl"),
    join(cline, "2026-11-23.jsonl"),
  );
  mkdirSync(join(cwd, "empty"));
  writeFileSync(join(cwd, "table.tsv"), "11\tCline\n");
  return cwd;
}

const SLIPS: readonly (readonly [argv: string, near: RegExp])[] = [
  ["lss", /Did you mean ls/],
  ["ls --dya 2026-11-23", /Did you mean --day/],
  ["ls 55", /there is no 55 in the tree; there are .*11 \(Cline\)/],
  ["ls 11.55", /there is no 11\.55 in the tree; there are 11\.11/],
  ["ls cline", /did you mean 11 \(Cline\)\?/],
  ["ls Clien", /did you mean 11 \(Cline\)\?/],
  ["ls --day yesterday", /did you mean \d{4}-\d\d-\d\d\?/],
  ["ls --day 2026-11-3", /did you mean 2026-11-03\?/],
  ["ls --day 23.11.2026", /did you mean 2026-11-23\?/],
  ["ls --day 2026-02-30", /is none/],
  ["ls --outcome completed", /did you mean complete\?/],
  ["ls --model sample/carefull", /did you mean sample\/careful/],
  ["stats 55", /there is no 55/],
  ["stats --by modl", /Allowed choices are model/],
  ["findings --rule nope", /there are /],
  ["findings --rule tool-missing", /did you mean tools-missing\?/],
  ["findings cline", /did you mean 11 \(Cline\)\?/],
  ["findings 55", /there is no 55/],
  ["findings --lang zh", /Allowed choices are en, zh-Hant/],
  ["tail 55", /there is no 55/],
  ["show 01ZZZ", /no exchange 01ZZZ/],
  ["show cline", /an id has 26 letters and digits/],
  ["show 01ZZZ --raw answer", /Allowed choices are request, response/],
  ["diff 01ZZZ", /no exchange 01ZZZ/],
  ["grep ( 11", /bad-pattern/],
  ["grep x cline", /did you mean 11 \(Cline\)\?/],
  ["cat nopath", /nothing is at nopath/],
  ["cat empty", /no captures of this tree lie below empty/],
  ["verify nopath", /nothing is at nopath/],
  ["verify empty", /no captures of this tree lie below empty/],
  ["scan nopath", /nothing is at/],
  ["file 55 --to 11.12", /there is no 55/],
  ["file cline --to 11.12", /did you mean 11 \(Cline\)\?/],
  ["file 11.11 --to eleven", /--to takes an ID/],
  ["file 11.11 --to 11.12 --where modle=x", /not a condition/],
  ["prune 55 --before 2026-01-01", /there is no 55/],
  ["prune --before yesterday", /did you mean \d{4}-/],
  ["prune", /--before which day/],
  ["jd lnit", /Did you mean lint/],
  ["jd import nofile.tsv", /cannot read nofile\.tsv/],
  ["jd import table.tsv --encoding big6", /no encoding is called "big6"/],
  ["jd export --format xml", /Allowed choices are tsv, csv, json/],
  ["connect clien", /did you mean cline\?/],
  ["connect cline --upstream opnrouter", /did you mean openrouter\?/],
  ["connect cline --number eleven", /no number such as/],
  ["completion foo", /there are bash, zsh, fish/],
  ["completion bsh", /did you mean bash\?/],
  ["site export 01ZZZ --language fr", /Allowed choices are en, zh-Hant/],
];

test("what means nothing is an error with what is near, in every command", async (t) => {
  const cwd = folderWithCline(t);
  for (const [line, near] of SLIPS) {
    const { exit, stdout, stderr } = await runCli(line.split(" "), cwd);
    assert.deepEqual([exit, stdout], [2, ""], `${line}: ${stderr}`);
    assert.match(stderr, near, line);
  }
});

test("what means something and is empty says so, and is no error", async (t) => {
  const cwd = folderWithCline(t);
  const empty: readonly (readonly [argv: string, said: RegExp])[] = [
    ["ls --day 2020-01-01", /no exchange matches: the captures are of 2026-11-23 to /],
    ["ls --outcome timeout", /no exchange matches/],
    ["findings 11 --rule tools-missing", /no findings/],
    ["prune 11 --before 2020-01-01 --dry-run", /0 exchanges would be deleted/],
  ];
  for (const [line, said] of empty) {
    const { exit, stdout, stderr } = await runCli(line.split(" "), cwd);
    assert.equal(stdout, "", line);
    assert.match(stderr, said, line);
    assert.equal(exit, 0, `${line}: ${stderr}`);
  }
  const areas = await runCli(["ls", "10-19"], cwd);
  assert.match(areas.stdout, /^01\S+ {2}11\.11 /);
});

test("a word for a day and a day in another order name the day that is meant", () => {
  const now = new Date("2026-12-01T00:10:00Z");
  const cases = { yesterday: "2026-11-30", today: "2026-12-01", "20261123": "2026-11-23" };
  for (const [said, meant] of Object.entries({ ...cases, "2026/11/3": "2026-11-03" })) {
    assert.throws(() => dayOf(said, "--day", now), new RegExp(`did you mean ${meant}\\?`));
  }
  assert.equal(dayOf("2026-11-23", "--day"), "2026-11-23");
});
