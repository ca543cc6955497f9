import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { userRuleProblem, withinDeadline } from "../../../../record/secrets/user-rules.ts";

const fingerprint = (): string => "0".repeat(8);

test("patterns that can take exponential time or match nothing are refused with a reason", () => {
  for (const [pattern, reason] of [
    ["(a+)+$", /repeats/],
    ["(?:a|ab)*c", /repeats/],
    ["((x{2,})y?){3,}", /repeats/],
    ["(\\w+)\\1", /refers back/],
    ["a*", /empty string/],
    ["[a-", /does not compile/],
    ["\\p{L}+x", /UTF-8 bytes/],
    ["a".repeat(1001), /1000 characters/],
  ] as const) {
    assert.match(userRuleProblem({ name: "x", pattern }) ?? "", reason, pattern);
  }
  assert.match(userRuleProblem({ name: "Has Space", pattern: "a" }) ?? "", /name/);
});

test("ordinary patterns pass", () => {
  for (const pattern of [
    "EMP-[0-9]{6}",
    "(?:foo|bar)-\\d+",
    "[(+*]x",
    "\\(a+\\)+",
    "員工\\d{4}",
    "(a{1,3}b){2,9}",
  ]) {
    assert.equal(userRuleProblem({ name: "x", pattern }), null, pattern);
  }
});

test("a rule hides its match or its first group, in every layer, beyond ASCII too", () => {
  const rules = [
    { name: "badge", pattern: "EMP-[0-9]{6}" },
    { name: "staff", pattern: "員工編號(\\d{4})號" },
  ];
  const redactor = createRedactor({ rules, fingerprint });
  const inner = JSON.stringify({ note: "x\nEMP-123456", who: "員工編號4711號" });
  const escaped = JSON.stringify({ a: inner }).replace(
    /[^\0-\x7f]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16)}`,
  );
  for (const body of [JSON.stringify({ a: inner }), escaped]) {
    const { value, hits } = redactor.redactBody(Buffer.from(body));
    assert.deepEqual(JSON.parse(JSON.parse(value.toString()).a), {
      note: "x\n[redacted:badge fp:00000000]",
      who: "員工編號[redacted:staff fp:00000000]號",
    });
    assert.deepEqual(
      hits.map((h) => h.rule),
      ["badge", "staff"],
    );
  }
});

test("a regular expression that runs away is ended in mid-match", () => {
  const begin = performance.now();
  assert.throws(() => withinDeadline(60, () => /^(?:a+)+$/.test(`${"a".repeat(40)}b`)), {
    code: "redaction-deadline",
  });
  assert.ok(performance.now() - begin < 2000);
  assert.equal(
    withinDeadline(1000, () => 7),
    7,
  );
});

test("a rule that slips through the check costs the record its deadline, not the process", () => {
  // Polynomial, not exponential: no repetition within a repetition.
  const rules = [{ name: "slow", pattern: "a*a*a*a*a*a*a*a*b" }];
  const redactor = createRedactor({ rules, fingerprint, deadlineMs: 100 });
  assert.throws(() => redactor.redactBody(Buffer.from("a".repeat(60_000))), {
    code: "redaction-deadline",
  });
  assert.throws(() => createRedactor({ rules: [{ name: "x", pattern: "(a+)+" }], fingerprint }), {
    code: "redaction-rule-invalid",
  });
});
