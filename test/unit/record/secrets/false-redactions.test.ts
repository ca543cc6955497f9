/**
 * What is hidden although it is none: over the request bodies of real recordings, which their
 * publishers scrubbed of keys, so that nearly every find is a false one. Skipped where the corpus
 * is not at hand.
 */
import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { createRedactor } from "../../../../record/secrets/redactor.ts";

const corpus = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);

function stringsIn(value: unknown): number {
  if (typeof value === "string") return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, inner) => sum + stringsIn(inner), 0);
}

test("at most 0.1 % of the strings in real request bodies are redacted", async (t) => {
  if (!existsSync(corpus)) return t.skip("no corpus beside the repository");
  const redactor = createRedactor({ fingerprint: () => "00000000" });
  const rules = new Map<string, number>();
  let strings = 0;
  let redacted = 0;
  let bodies = 0;
  for await (const line of createInterface({ input: createReadStream(corpus) })) {
    const { request } = JSON.parse(line);
    if (!request?.body) continue;
    const body = Buffer.from(request.body, request.body_encoding === "base64" ? "base64" : "utf8");
    try {
      strings += stringsIn(JSON.parse(body.toString()));
    } catch {
      strings += 1;
    }
    bodies += 1;
    for (const { rule, count } of redactor.redactBody(body).hits) {
      redacted += count;
      rules.set(rule, (rules.get(rule) ?? 0) + count);
    }
  }
  const share = ((100 * redacted) / strings).toFixed(4);
  t.diagnostic(`${bodies} bodies, ${strings} strings, ${redacted} redacted (${share} %)`);
  for (const [rule, count] of rules) t.diagnostic(`  ${rule}: ${count}`);
  assert.ok(strings > 10_000);
  assert.ok(redacted / strings <= 0.001);
});
