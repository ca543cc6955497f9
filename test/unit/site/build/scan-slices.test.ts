import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { type MarkedDay, markDay } from "../../../../site/build/dirty-days.ts";
import { markFile } from "../../../../site/build/known-files.ts";
import { dayKey, type Manifest } from "../../../../site/build/manifest.ts";
import { secretsIn, slicesToScan } from "../../../../site/build/scan-slices.ts";
import { emptyTotals } from "../../../../site/view/totals.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-secrets-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// Put together here, so that no scanner takes this file for a leak.
const KEY = ["sk", "ant", "api03", "q7Lw2Zk9".repeat(12)].join("-");
const nothing: Manifest = { version: 2, look: "", titles: {}, days: {} };
const day = (file: string, before: Manifest = nothing) =>
  markDay(
    {
      number: "11.11",
      day: "2026-11-23",
      files: [file],
      sizes: [statSync(file).size],
      signature: "",
      bytes: statSync(file).size,
    },
    before.days[dayKey("11.11", "2026-11-23")],
  );
/** As a build leaves it that has read so many bytes of the file. */
const readAsFarAs = (file: string, bytes: number): Manifest => ({
  ...nothing,
  days: {
    [dayKey("11.11", "2026-11-23")]: {
      number: "11.11",
      day: "2026-11-23",
      signature: "",
      files: [markFile(file, bytes, []).mark],
      bytes,
      totals: emptyTotals(),
      models: {},
      findings: {},
      conversations: 0,
      indexBefore: "",
      indexAfter: "",
      segment: ["11.11", "2026-11-23", 0, 1, 0],
      hits: [],
      allowed: [],
      held: [],
      elsewhere: [],
      parts: [],
    },
  },
});

/** File and line of what is found. */
const look = (days: MarkedDay[], before: Manifest) =>
  slicesToScan(days, before)
    .flatMap(secretsIn)
    .map(({ name, line }) => `${name}:${line}`);

test("a key in a capture file is found by file and line, and not repeated", () => {
  const file = join(folder, "a.jsonl");
  writeFileSync(file, `{"type":"file"}\n{"type":"part","n":1,"json":{"content":"${KEY}"}}\n`);
  assert.deepEqual(look([day(file)], nothing), ["a.jsonl:2"]);
  const [hit] = slicesToScan([day(file)], nothing).flatMap(secretsIn);
  assert.ok(!JSON.stringify(hit).includes(KEY.slice(0, 12)));
});

test("a clean file passes", () => {
  const file = join(folder, "b.jsonl");
  writeFileSync(file, '{"type":"file"}\n{"type":"part","n":1,"json":{"content":"hello"}}\n');
  assert.deepEqual(look([day(file)], nothing), []);
});

test("only what is new is scanned, and its lines are counted from the top", () => {
  const file = join(folder, "c.jsonl");
  writeFileSync(file, '{"a":1}\n{"b":2}\n');
  const { size } = statSync(file);
  const before = readAsFarAs(file, size);
  appendFileSync(file, `{"content":"${KEY}"}\n`);
  const grown = day(file, before);
  assert.equal(slicesToScan([grown], before)[0]!.from, size);
  assert.deepEqual(look([grown], before), ["c.jsonl:3"]);
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
  const before = readAsFarAs(file, torn);
  assert.deepEqual(look([day(file, before)], before), ["e.jsonl:2"]);
});

test("a file that was rewritten to a larger one is scanned from its start", () => {
  const file = join(folder, "f.jsonl");
  writeFileSync(file, '{"a":1}\n{"b":2}\n');
  const before = readAsFarAs(file, statSync(file).size);
  writeFileSync(file, `{"c":"${KEY}"}\n{"a":1}\n{"b":2}\n`);
  assert.deepEqual(look([day(file, before)], before), ["f.jsonl:1"]);
});
