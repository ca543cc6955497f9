import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { dayKey, type Manifest } from "../../../../site/build/manifest.ts";
import { refuseSecrets } from "../../../../site/build/refuse-secrets.ts";
import { emptyTotals } from "../../../../site/view/totals.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-secrets-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// Put together here, so that no scanner takes this file for a leak.
const KEY = ["sk", "ant", "api03", "q7Lw2Zk9".repeat(12)].join("-");
const nothing: Manifest = { version: 1, look: "", days: {} };
const day = (file: string) => ({
  number: "11.11",
  day: "2026-11-23",
  files: [file],
  signature: "",
  bytes: 0,
});

test("a key in a capture file stops the build and is not repeated in the message", () => {
  const file = join(folder, "a.jsonl");
  writeFileSync(file, `{"type":"file"}\n{"type":"part","n":1,"json":{"content":"${KEY}"}}\n`);
  assert.throws(
    () => refuseSecrets([day(file)], nothing),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, "site-secret-found");
      assert.match(error.message, /a\.jsonl:2:/);
      assert.ok(!error.message.includes(KEY.slice(0, 12)));
      return true;
    },
  );
});

test("a clean file passes", () => {
  const file = join(folder, "b.jsonl");
  writeFileSync(file, '{"type":"file"}\n{"type":"part","n":1,"json":{"content":"hello"}}\n');
  refuseSecrets([day(file)], nothing);
});

test("only what is new is scanned, and its lines are counted from the top", () => {
  const file = join(folder, "c.jsonl");
  writeFileSync(file, '{"a":1}\n{"b":2}\n');
  const { size } = statSync(file);
  const entry = {
    number: "11.11",
    day: "2026-11-23",
    signature: `c.jsonl:${size}:1`,
    bytes: size,
    totals: emptyTotals(),
    models: {},
    findings: {},
    conversations: 0,
  };
  const before = { ...nothing, days: { [dayKey("11.11", "2026-11-23")]: entry } };
  appendFileSync(file, `{"content":"${KEY}"}\n`);
  assert.throws(() => refuseSecrets([day(file)], before), /c\.jsonl:3:/);
});
