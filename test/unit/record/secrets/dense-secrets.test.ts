/**
 * Bodies made of secrets: 14 MB of base64 of `password=Ab1` once took a look around each anchor,
 * found every secret at every one, and exhausted the filer's memory.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../../record/limits.ts";
import { Deadline, findSecrets } from "../../../../record/secrets/find-secrets.ts";
import { createRedactor } from "../../../../record/secrets/redactor.ts";
import { BUILT_IN_RULES, compileRuleSet } from "../../../../record/secrets/rule-set.ts";

const set = compileRuleSet(BUILT_IN_RULES);
const redactor = createRedactor({ fingerprint: () => "0a1b2c3d", deadlineMs: 60_000 });
const KEY = "sk-ant-api03-abcDEF0123456789abcDEF0123456789xyz";
const find = (text: string) => findSecrets(Buffer.from(text), set, new Deadline(60_000));
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("each secret in a run of base64 is found once, wherever it is", () => {
  for (const gap of [1, 2, 3, 50, 700, 5000]) {
    const plain = Array.from({ length: 20 }, (_, i) => `${"-".repeat(gap + (i % 3))} ${KEY} `).join(
      "",
    );
    const found = find(base64(plain));
    assert.equal(found.length, 20, `gap ${gap}`);
    const { value } = redactor.redactPart(Buffer.from(base64(plain)));
    const decoded = Buffer.from(value.toString(), "base64").toString("latin1");
    assert.ok(!decoded.includes("abcDEF0123456789"), `gap ${gap}`);
  }
});

test("secrets in neighbouring runs of base64 are all found", () => {
  const text = JSON.stringify(Array.from({ length: 50 }, (_, i) => base64(`${i} ${KEY} .`)));
  assert.equal(find(text).length, 50);
});

test("of a body made of secrets nothing is left, in bounded memory and time", () => {
  const count = 2 * LIMITS.redactionFindsCount + 100;
  for (const body of [`${KEY} `.repeat(count), base64(`${KEY} `.repeat(count))]) {
    const found = find(body);
    assert.ok(found.length <= LIMITS.redactionFindsCount);
    const { value, hits } = redactor.redactPart(Buffer.from(body));
    const text = value.toString("latin1");
    assert.ok(!text.includes("abcDEF") && !/YWJjREVG|FiY0RFR|hYmNERU/.test(text));
    if (body.startsWith(KEY)) assert.equal(hits[0]?.count, count, "and all are counted");
  }
});

test("a stretch without secrets stays as it is beside a body's worth of them", () => {
  const calm = "lorem ipsum dolor sit amet ".repeat(4000);
  const body = `${`${KEY} `.repeat(2 * LIMITS.redactionFindsCount)}${calm}${KEY}`;
  assert.ok(redactor.redactPart(Buffer.from(body)).value.includes(calm));
});

test("what was hidden together in one body is not taken for a part of the next one", () => {
  const own = createRedactor({ fingerprint: () => "0a1b2c3d", deadlineMs: 60_000 });
  const long = `${KEY} `.repeat(2 * LIMITS.redactionFindsCount);
  const short = `${long.slice(0, 400_000)} the end`;
  own.redactBody(Buffer.from(long));
  const { value } = own.redactBody(Buffer.from(short));
  assert.ok(value.toString().endsWith(" the end"));
});
