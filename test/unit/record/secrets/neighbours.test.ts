/**
 * Every kind of credential between what stands beside it in real text. Both sides come from lists of
 * over fifty; real programs colour the last cases.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { scan } from "../../../../record/secrets/scan.ts";
import { tallyNeighbours, writtenOf } from "../../../secrets-report/neighbours.ts";
import { credentialKinds } from "./credential-kinds.ts";
import { shows } from "./hiding-places.ts";
import { LEFT, RIGHT } from "./neighbours.ts";

const redactor = createRedactor({ fingerprint: () => "00000000" });

test("every kind between neighbours: at most 0.5 % of the cases reach the tree", (t) => {
  assert.ok(LEFT.length >= 14 && RIGHT.length >= 14);
  const { cases, missed, misses } = tallyNeighbours(redactor, [1, 2, 3], 61);
  const pairs = `${LEFT.length} × ${RIGHT.length} neighbours`;
  t.diagnostic(`${credentialKinds(1).length} kinds, ${pairs}, 3 seeds: ${cases} cases`);
  t.diagnostic(`reached the tree: ${missed} (${((100 * missed) / cases).toFixed(3)} %)`);
  for (const [name, count] of misses) t.diagnostic(`  ${count} × ${name}`);
  assert.ok(missed / cases <= 0.005);
});

test("a request in which a word ends like a key's beginning stays as it is", () => {
  for (const text of [
    "task-01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "see disk-or-memory-usage-threshold-exceeded-2026",
    "pnpm_9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d",
    "cache-key-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "half_0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "background: linear-gradient(90deg, #0f1e2d 0%, #3c4b5a 100%)",
  ]) {
    const body = Buffer.from(JSON.stringify({ content: text }));
    assert.equal(redactor.redactBody(body).value.toString(), body.toString());
  }
});

/** How programs, logs and people write ESC and `[`; none at all where a log lost it. */
const INTRODUCERS = [
  ...["\x1b[", "\u009b", "\u241b[", "^[[", "[", "\\x1b[", "\\033[", "\\e[", "\\27[", "\\u001b["],
  ...[
    "\\u{1b}[",
    "\\N{ESC}[",
    "#033[",
    "<1b>[",
    "<ESC>[",
    "ESC[",
    "0x1b[",
    "%1B[",
    "%1b%5B",
    "&#27;[",
  ],
];

test("a key that colour codes divide is found, however the codes are written", () => {
  const codes = [
    ["31m", "0m"],
    ["01;31m", "m"],
    ["38;2;248;248;242m", "39m"],
    ["38:5:141m", "0m"],
  ] as const;
  const secret = "Zq8RkW2mZp9XvB4tL8sJdQ7w";
  for (const introducer of INTRODUCERS) {
    for (const [open, close] of codes) {
      const key = `sk-or-v1-${secret}`;
      const coloured = key.replace(
        /\w+|-/g,
        (word) => `${introducer}${open}${word}${introducer}${close}`,
      );
      const [, content = ""] = writtenOf(redactor, `see ${coloured} there`);
      assert.ok(!content.includes(secret), content);
      assert.ok(scan(Buffer.from(coloured)).length > 0, coloured);
    }
  }
});

test("kinds whose anchors hold slashes and quotes are found in JSON within JSON of PHP", () => {
  const secret = "Zq8RkW2mZp9XvB4t";
  let text = JSON.stringify({ dsn: `postgres://app:${secret}@db.example.org/shop` });
  text = text.replaceAll("/", "\\/");
  for (let depth = 0; depth < 3; depth += 1) {
    const { value } = redactor.redactBody(Buffer.from(text));
    assert.ok(!value.includes(secret), text);
    text = JSON.stringify({ text });
  }
});

/** Kinds that stand on one line by themselves, one line each. */
const oneLiners = credentialKinds(8).filter(({ text }) => !text.includes("\n"));

const run = (cwd: string, command: string, args: string[]): string => {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    // git diff --no-index says with its exit code that there is a difference.
    return String((error as { stdout?: string }).stdout ?? "");
  }
};

/** What programs print of files that hold keys, in colours. */
function colouredOutputs(folder: string): [name: string, output: string][] {
  const lines = oneLiners.map(({ text }) => text);
  writeFileSync(join(folder, "old.env"), `A=1\n${lines.map((l) => `${l} #`).join("\n")}\n`);
  writeFileSync(join(folder, "new.env"), `A=2\n${lines.join("\n")}\n`);
  const patterns = ["-e", "sk-", "-e", "[A-Za-z0-9]{3}", "-e", "key", "-e", "_"];
  const diff = ["diff", "--no-index", "--color=always"];
  return [
    ["grep", run(folder, "grep", ["--color=always", "-nE", ...patterns, "new.env"])],
    ["grep -o around", run(folder, "grep", ["--color=always", "-E", "^.{0,6}|$", "new.env"])],
    ["git diff", run(folder, "git", [...diff, "old.env", "new.env"])],
    ["git diff of words", run(folder, "git", [...diff, "--word-diff=color", "old.env", "new.env"])],
    [
      "git diff of letters",
      run(folder, "git", [...diff, "--word-diff-regex=.", "old.env", "new.env"]),
    ],
  ];
}

test("what grep and git print in colours is found, keys that a colour divides too", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "colours-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, output] of colouredOutputs(folder)) {
    assert.ok(output.includes("\x1b["), `${name} printed no colours`);
    const written = writtenOf(redactor, output);
    const missed = oneLiners.filter((kind) => shows(written, kind.secret));
    t.diagnostic(
      `${name}: ${oneLiners.length} kinds, ${missed.map((k) => k.name).join(", ")} missed`,
    );
    assert.ok(missed.length / oneLiners.length <= 0.005, name);
    assert.ok(scan(output).length > 0.9 * oneLiners.length, `scan sees nothing in ${name}`);
  }
});
