import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../../../../site/i18n/en.ts";
import { translator } from "../../../../site/i18n/translate.ts";
import { zhHant } from "../../../../site/i18n/zh-hant.ts";

const valuesIn = (text: string) => new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]));

test("both tables have the same keys, and no string is empty", () => {
  assert.deepEqual(Object.keys(zhHant).sort(), Object.keys(en).sort());
  for (const text of [...Object.values(en), ...Object.values(zhHant)])
    assert.notEqual(text.trim(), "");
});

test("a translation uses the values that the English uses", () => {
  for (const [key, text] of Object.entries(en)) {
    assert.deepEqual(valuesIn(zhHant[key as keyof typeof en]), valuesIn(text), key);
  }
});

test("nouns follow their number", () => {
  const t = translator("en");
  assert.equal(t("count.calls", { n: 1 }), "1 call");
  assert.equal(t("count.calls", { n: "1,204" }), "1,204 calls");
  assert.equal(translator("zh-Hant")("count.calls", { n: 1 }), "1 次呼叫");
});

test("a language that there is no table for reads English", () => {
  assert.equal(translator("xx")("site.home"), "Overview");
});
