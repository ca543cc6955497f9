import assert from "node:assert/strict";
import { test } from "node:test";
import { PageWords } from "../../../../site/build/words.ts";
import { en } from "../../../../site/i18n/en.ts";
import { zhHant } from "../../../../site/i18n/zh-hant.ts";

const bytes = (text: string) => Buffer.from(text).toString("latin1");
const text = (page: string) => Buffer.from(page, "latin1").toString();

test("one rendering gives the page in each language", () => {
  const words = new PageWords();
  const page = bytes(
    `<p title="${words.t("site.search")}">說 ${words.t("count.calls", { n: 2 })}</p>`,
  );
  assert.equal(text(words.in("en", page)), `<p title="${en["site.search"]}">說 2 calls</p>`);
  const chinese = text(words.in("zh-Hant", page));
  assert.ok(chinese.includes(zhHant["site.search"]) && chinese.includes("說"));
});

test("words are escaped, also those that a value brought", () => {
  const words = new PageWords();
  const page = words.t("count.calls", { n: `"><script>'&` });
  assert.equal(text(words.in("en", page)), "&quot;&gt;&lt;script&gt;&#39;&amp; calls");
});

test("a value may be another mark, and is escaped once", () => {
  const words = new PageWords();
  const inner = words.mark((tag) => `<${tag}>`);
  const page = words.t("count.calls", { n: inner });
  assert.equal(text(words.in("zh-Hant", page)).includes("&lt;zh-Hant&gt;"), true);
});

test("a text that looks like the mark of another page stays as it is", () => {
  const words = new PageWords();
  const foreign = `~${"0".repeat(24)}:0~`;
  words.t("site.search");
  assert.equal(words.in("en", foreign), foreign);
});
