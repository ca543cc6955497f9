/**
 * Captures of a stranger: whatever stands in a line, every command names the damaged ones, passes
 * over them and prints nothing that a terminal would obey.
 */
import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseLine } from "../../../record/format/parse-line.ts";
import { ExchangeLine, FileLine } from "../../../record/format/schema.ts";
import { scratchFolder } from "../record/sample-capture.ts";
import { ACTING, captureIn, DAY, fileLine, fullLine, lineOf, mutations } from "./hostile-tree.ts";
import { runCli } from "./run-cli.ts";

const idOf = (n: number) => `01KAQ${String(n).padStart(21, "0")}`;
type Json = Record<string, unknown>;

test("no line passes that the format's schema refuses, but for the list of a body", () => {
  for (const [schema, record] of [
    [ExchangeLine, fullLine(idOf(1)) as unknown as Json],
    [FileLine, fileLine],
  ] as const) {
    let refused = 0;
    let passed = 0;
    for (const { path, json } of mutations(record)) {
      const read = parseLine(Buffer.from(json));
      const inSchema = schema.safeParse(JSON.parse(json)).success;
      if (typeof read === "string") {
        refused++;
        // Of what the schema lets through only more is refused: ids, times, digests, amounts.
        assert.match(read, /^damaged (exchange|file) line: \S+ /, json);
        continue;
      }
      passed++;
      if (!path.includes("body.parts")) assert.ok(inSchema, `${path}: ${json}`);
    }
    assert.ok(refused > 50 && passed > 0, `${refused} refused, ${passed} passed`);
  }
});

/** Commands that read captures, with what they need. */
const COMMANDS: readonly string[] = [
  "ls",
  "ls --json",
  "ls --day 2026-11-23 --model nobody-has-this",
  "stats --by model",
  "stats --by client --reprice",
  "stats --by upstream --json",
  "findings",
  "findings --json",
  "grep owned",
  "grep . --json",
  "cat --expand",
  "verify",
  "verify --json",
  "scan",
  "jd lint",
  "jd export",
  "doctor",
  "file 11.11 --to 11.12 --where model=text --dry-run",
  "prune --before 2026-11-30 --keep-errors --dry-run",
  `show ${idOf(1)}`,
  `show ${idOf(1)} --curl`,
  `show ${idOf(1)} --json`,
  `diff ${idOf(1)} ${idOf(2)}`,
];
/** Of these the lines on stderr or stdout name each damaged line of the file. */
const NAMES_ALL = /^(ls|stats|findings|grep|cat|verify)\b/;
const OBEYED = /(?!\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test("every command names the damaged lines and goes on, and nothing it prints acts", async (t) => {
  const cwd = scratchFolder(t);
  const captures = join(cwd, "captures");
  let n = 10;
  const lines: Buffer[] = [lineOf(JSON.stringify(fullLine(idOf(1))))];
  const damaged: number[] = [];
  for (const { json } of mutations(fullLine("@") as unknown as Json)) {
    const line = lineOf(
      json.replace('"id":"@"', `"id":"${idOf(n++)}"`).replace('"session":"s"', `"session":"s${n}"`),
    );
    if (typeof parseLine(line.subarray(0, -1)) === "string") damaged.push(lines.length + 2);
    lines.push(line);
  }
  lines.push(lineOf(JSON.stringify(fullLine(idOf(2)))));
  const path = captureIn(captures, lines);
  // A title that acts, too; a folder's name cannot hold NUL or a slash.
  const title = ACTING.replaceAll("\0", "");
  const stream = join(path, "..");
  renameSync(stream, join(stream, "..", `11.11 ${title}`));
  mkdirSync(join(captures, `20-29 ${title}`));

  for (const command of COMMANDS) {
    const { exit, stdout, stderr } = await runCli(command.split(" "), cwd);
    assert.ok([0, 1, 2].includes(exit), `${command}: exit ${exit}\n${stderr.slice(-2000)}`);
    assert.doesNotMatch(stderr, /internal error/, command);
    // Expanded JSON and tables are bytes that were asked for; JSON of itself has no controls.
    const asBytes = /--expand|^show.*--json/.test(command);
    if (command !== "jd export")
      assert.doesNotMatch(stdout, asBytes ? /[\0-\x09\x0b-\x1f]/ : OBEYED, command);
    assert.doesNotMatch(stderr, OBEYED, command);
    if (NAMES_ALL.test(command)) {
      const said = stderr + stdout;
      const named = (line: number) =>
        said.includes(`${DAY}.jsonl:${line}: `) || said.includes(`"line":${line},`);
      const unnamed = damaged.filter((line) => !named(line));
      assert.deepEqual(unnamed, [], command);
    }
    if (command === "ls") for (const id of [1, 2]) assert.ok(stdout.includes(idOf(id)), command);
    if (command.endsWith("--json") || command.startsWith("cat --expand")) {
      for (const line of stdout.split("\n").filter(Boolean)) JSON.parse(line);
    }
  }
});
