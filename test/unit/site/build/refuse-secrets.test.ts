import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { type DayOnDisk, dayKey, type Manifest } from "../../../../site/build/manifest.ts";
import { refuseSecrets, secretsIn, slicesToScan } from "../../../../site/build/refuse-secrets.ts";
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

const look = (days: DayOnDisk[], before: Manifest) =>
  refuseSecrets(slicesToScan(days, before).flatMap(secretsIn));

test("a key in a capture file stops the build and is not repeated in the message", () => {
  const file = join(folder, "a.jsonl");
  writeFileSync(file, `{"type":"file"}\n{"type":"part","n":1,"json":{"content":"${KEY}"}}\n`);
  assert.throws(
    () => look([day(file)], nothing),
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
  look([day(file)], nothing);
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
  assert.throws(() => look([day(file)], before), /c\.jsonl:3:/);
});

test("a large file is scanned in slices, every line once, also one across a border", () => {
  const file = join(folder, "d.jsonl");
  const filler = `{"type":"part","json":"${"word ".repeat(2000)}"}\n`;
  const lines = Math.ceil((LIMITS.siteScanBytes * 2.5) / filler.length);
  const leak = `{"type":"part","json":"${"word ".repeat(50)}${KEY}"}\n`;
  writeFileSync(file, "");
  for (let n = 0; n < lines; n += 1) {
    appendFileSync(file, filler);
    // One in the middle of the line that the border cuts, one at the very end.
    if (Math.floor(((n + 1) * filler.length) / LIMITS.siteScanBytes) === 1 && n % 50 === 0) {
      appendFileSync(file, leak);
    }
  }
  appendFileSync(file, `${"x".repeat(LIMITS.siteScanBytes * 1.2)} ${KEY}\n${leak}`);
  const slices = slicesToScan([day(file)], nothing);
  assert.ok(slices.length >= 4);
  const inOne = secretsIn({ file, from: 0, to: statSync(file).size });
  assert.ok(inOne.length > 2);
  assert.deepEqual(slices.flatMap(secretsIn), inOne);
});

test("a line that was torn when it was seen is scanned as a whole", () => {
  const file = join(folder, "e.jsonl");
  const line = `{"content":"${KEY}"}\n`;
  writeFileSync(file, `{"a":1}\n${line}`);
  const torn = '{"a":1}\n'.length + 40;
  const entry = {
    number: "11.11",
    day: "2026-11-23",
    signature: `e.jsonl:${torn}:1`,
    bytes: torn,
    totals: emptyTotals(),
    models: {},
    findings: {},
    conversations: 0,
  };
  const before = { ...nothing, days: { [dayKey("11.11", "2026-11-23")]: entry } };
  assert.throws(() => look([day(file)], before), /e\.jsonl:2:/);
});
