import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { crewFor } from "../../../../site/build/crew.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-crew-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a small build starts no thread", async () => {
  const crew = crewFor(LIMITS.siteThreadBytes - 1);
  assert.equal(crew.size, 1);
});

test("threads answer every task, more tasks than threads, and end", async (t) => {
  const crew = crewFor(LIMITS.siteThreadBytes);
  t.after(() => crew.close());
  const key = ["sk", "ant", "api03", "q7Lw2Zk9".repeat(12)].join("-");
  const files = Array.from({ length: 9 }, (_, n) => {
    const file = join(folder, `${n}.jsonl`);
    const text = `${"{}\n".repeat(n)}{"content":"${key}"}\n`;
    writeFileSync(file, text);
    return { file, from: 0, to: Buffer.byteLength(text) };
  });
  const found = await Promise.all(files.map((slice) => crew.run("scan", [slice])));
  found.forEach((hits, n) => {
    assert.equal(hits.length, 1);
    assert.deepEqual([hits[0]!.name, hits[0]!.line], [`${n}.jsonl`, n + 1]);
  });
});

test("what fails in a thread fails its task alone", async (t) => {
  const crew = crewFor(LIMITS.siteThreadBytes);
  t.after(() => crew.close());
  const missing = { file: join(folder, "missing.jsonl"), from: 0, to: 10 };
  await assert.rejects(crew.run("scan", [missing]), { code: "site-captures-moved" });
  assert.deepEqual(await crew.run("scan", []), []);
});
