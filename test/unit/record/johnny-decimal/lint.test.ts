import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import type { JournalEntry } from "../../../../record/johnny-decimal/journal.ts";
import { type LintInput, lintTree } from "../../../../record/johnny-decimal/lint.ts";
import { EMPTY_PLAN, planOf } from "../../../../record/johnny-decimal/plan.ts";
import { scanTree } from "../../../../record/johnny-decimal/scan.ts";

const CLINE = "10-19 Coding agents/11 Cline";
const JDEX = "00-09 System/00 System management/00.00 JDex for the system";
const GOOD = [
  `${JDEX}/00.00 Index.txt`,
  `${JDEX}/jdex.json`,
  `${JDEX}/journal.jsonl`,
  `${JDEX}/plan.tsv`,
  `${CLINE}/11.11 OpenRouter/2026-11-23.jsonl`,
  `${CLINE}/11.11 OpenRouter/2026-11-23+1.jsonl`,
  `${CLINE}/11.11 OpenRouter/2026-11-23.nas.jsonl`,
  `${CLINE}/11.11 OpenRouter/+run-1/2026-11-23.jsonl`,
  `${CLINE}/11.09 Archive for category 11/11.12 Old/2026-01-01.jsonl`,
  "10-19 Coding agents/12 核心 (Core)/12.11 生產/2026-11-23.jsonl",
];

test("a good tree has no finding", (t) => {
  assert.deepEqual(lint(t, GOOD), []);
});

const BROKEN: [code: string, path: string, severity?: "error" | "warning"][] = [
  ["file-outside-id", "notes.txt"],
  ["file-outside-id", "10-19 Coding agents/2026-11-23.jsonl"],
  ["file-outside-id", `${CLINE}/2026-11-23.jsonl`],
  ["invalid-name", "Miscellaneous/2026-11-23.jsonl"],
  ["invalid-name", "20-29  Two spaces/21 X/21.11 Y/2026-11-23.jsonl"],
  ["invalid-name", "21 Category at the root/2026-11-23.jsonl"],
  ["invalid-name", "10-19 Coding agents/11.13 ID in an area/2026-11-23.jsonl"],
  ["category-in-wrong-area", "10-19 Coding agents/21 X/21.11 Y/2026-11-23.jsonl"],
  ["id-in-wrong-category", `${CLINE}/12.11 Y/2026-11-23.jsonl`],
  ["duplicate-number", `${CLINE}/11.11 Twin/2026-11-23.jsonl`],
  ["duplicate-number", "10-19 Twin area/13 X/13.11 Y/2026-11-23.jsonl"],
  ["reserved-number-used", `${CLINE}/11.00 JDex for category 11/2026-11-23.jsonl`],
  ["reserved-number-used", `${CLINE}/11.09 Archive for category 11/2026-11-23.jsonl`],
  ["reserved-number-used", "00-09 System/03 Mine/03.11 Mine/2026-11-23.jsonl"],
  ["nesting-too-deep", `${CLINE}/11.11 OpenRouter/session/2026-11-23.jsonl`],
  ["nesting-too-deep", `${CLINE}/11.11 OpenRouter/+run-1/deep/2026-11-23.jsonl`],
  ["bad-file-name", `${CLINE}/11.11 OpenRouter/notes.md`],
  ["bad-file-name", `${CLINE}/11.11 OpenRouter/2026-2-3.jsonl`],
  ["bad-file-name", `${JDEX}/2026.txt`],
  ["inbox-not-empty", `${CLINE}/11.01 Inbox for category 11/2026-11-23.jsonl`, "warning"],
  ["unsafe-title", `${CLINE}/11.14 what?/2026-11-23.jsonl`, "warning"],
  ["empty-folder", `${CLINE}/11.15 Nothing/`, "warning"],
];

for (const [code, path, severity = "error"] of BROKEN) {
  test(`${code}: ${path}`, (t) => {
    const findings = lint(t, [
      ...(path.includes("11.09 Archive") ? GOOD.toSpliced(8, 1) : GOOD),
      path,
    ]);
    const found = findings.filter((finding) => finding.code === code);
    assert.deepEqual(
      found.map((finding) => finding.severity),
      [severity],
      JSON.stringify(findings),
    );
    assert.ok(
      path.startsWith(found[0]!.path!) || found[0]!.path!.startsWith("10-19 "),
      found[0]!.path!,
    );
  });
}

test("a link is an error wherever it lies, and what it points to is not looked at", (t) => {
  const captures = make(t, GOOD);
  symlinkSync(tmpdir(), join(captures, "20-29 Link"));
  symlinkSync("/dev/null", join(captures, CLINE, "11.11 OpenRouter/2026-11-24.jsonl"));
  const codes = lintTree(input(captures, {})).map(({ code }) => code);
  assert.deepEqual(codes.sort(), ["bad-file-name", "file-outside-id"]);
});

test("what the journal says was retired or given twice is an error when it is back", (t) => {
  const captures = make(t, GOOD);
  const retire = entry({ kind: "retire", id: "11.11", to: null });
  assert.deepEqual(codes(captures, { journal: [retire] }), ["number-reused"]);
  const twice = [entry({ id: "11.20" }), entry({ id: "11.20", to: "Other" })];
  assert.deepEqual(codes(captures, { journal: twice }), ["number-reused"]);
  assert.deepEqual(codes(captures, { journal: [twice[0]!, twice[0]!] }), [], "a line merged twice");
});

test("rules that file to an archived or retired ID are named", (t) => {
  const captures = make(t, GOOD);
  assert.deepEqual(codes(captures, { routes: ["11.11"] }), []);
  assert.deepEqual(codes(captures, { routes: ["11.12"] }), ["route-to-missing-id"]);
  const journal = [entry({ kind: "retire", id: "14.11" })];
  assert.deepEqual(codes(captures, { routes: ["14.11"], journal }), ["route-to-missing-id"]);
});

test("a category is nearly full from .90 and full at .99", (t) => {
  const captures = make(t, GOOD);
  const planned = (number: string) => ({
    plan: planOf([...AREA, { number, title: "x", description: "" }]),
  });
  assert.deepEqual(codes(captures, planned("11.89")), []);
  assert.deepEqual(codes(captures, planned("11.90")), ["category-nearly-full"]);
  assert.deepEqual(codes(captures, planned("11.99")), ["category-full"]);
});

test("stale index files, double rows and unread journal lines are told", (t) => {
  const captures = make(t, GOOD);
  assert.deepEqual(codes(captures, { staleIndex: ["jdex.json"] }), ["index-mismatch"]);
  assert.deepEqual(codes(captures, { twice: ["line 2"] }), ["duplicate-number"]);
  assert.deepEqual(codes(captures, { badJournalLines: [3] }), ["journal-line-unread"]);
});

test("what an author planned in the system's area, or without an area, is a warning", (t) => {
  const captures = make(t, GOOD);
  const rows = [
    { number: "00-09", title: "治理", description: "" },
    { number: "03", title: "風險", description: "" },
    { number: "71", title: "Import/Export", description: "" },
  ];
  const findings = lintTree(input(captures, { plan: planOf(rows) }));
  assert.ok(findings.every(({ severity }) => severity === "warning"));
  assert.deepEqual(
    findings.map(({ code, number }) => `${code} ${number}`),
    [
      "reserved-number-used 00-09",
      "reserved-number-used 03",
      "unsafe-title 71",
      "missing-parent 70-79",
    ],
  );
});

const AREA = [
  { number: "10-19", title: "Coding agents", description: "" },
  { number: "11", title: "Cline", description: "" },
];

function entry(more: Partial<JournalEntry>): JournalEntry {
  return {
    at: "2026-11-23T08:00:00Z",
    id: "11.11",
    kind: "allocate",
    from: null,
    to: "A",
    by: "path",
    ...more,
  };
}

test("a file that git hosts refuse is a warning with what to do", (t) => {
  const path = "10-19 A/11 B/11.11 C/2026-11-23.jsonl";
  const large = [{ path, number: "11.11", bytes: 109_339_326 }];
  const [finding] = lintTree(input(make(t, [path]), { large })).filter(
    ({ code }) => code === "file-too-large",
  );
  assert.equal(finding?.severity, "warning");
  assert.equal(finding.path, path);
  assert.match(finding.message, /^105 MiB: .*gitignore.*git lfs/);
});

function codes(captures: string, more: Partial<LintInput>): string[] {
  return lintTree(input(captures, more)).map(({ code }) => code);
}

function lint(t: TestContext, paths: string[]) {
  return lintTree(input(make(t, paths), {}));
}

function input(captures: string, more: Partial<LintInput>): LintInput {
  const none = { twice: [], journal: [], badJournalLines: [], routes: [], staleIndex: [] };
  const nothing = { ...none, large: [] };
  return { scan: scanTree(captures), plan: EMPTY_PLAN, ...nothing, ...more };
}

function make(t: TestContext, paths: string[]): string {
  const captures = mkdtempSync(join(tmpdir(), "jd-lint-"));
  t.after(() => rmSync(captures, { recursive: true, force: true }));
  for (const path of paths) {
    mkdirSync(join(captures, path.endsWith("/") ? path : dirname(path)), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(join(captures, path), "");
  }
  return captures;
}
