/**
 * The walkthrough of docs/walkthrough.md, clicked through: with the sample captures alone, each of
 * its three questions is answered one click from the overview, in both languages, and every figure
 * and picture that it names is there.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { buildSite } from "../../site/build.ts";
import { copySamples } from "../samples/sample-tree.ts";
import { launch, openPage, serveBelow } from "./site-harness.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(join(checkout, "docs/walkthrough.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "callnumber-walkthrough-"));
let browser: Browser;
let server: Awaited<ReturnType<typeof serveBelow>>;

before(async () => {
  await buildSite({
    captures: copySamples(folder),
    out: join(folder, "out"),
    state: join(folder, "state"),
    title: "Samples",
    languages: ["en", "zh-Hant"],
    timezone: "UTC",
  });
  server = await serveBelow(join(folder, "out"));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Clicks the `nth` finding of this title on the overview; what the turn says that it leads to. */
async function turnBehind(language: string, title: RegExp, nth: number): Promise<string> {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  await page.goto(`${server.url}${language}`);
  await page.getByRole("link", { name: title }).nth(nth).click();
  await page.waitForURL("**/c/**#x*");
  const id = decodeURIComponent(new URL(page.url()).hash.slice(1));
  const place = page.locator(`[id="${id}"]`);
  const box = await place.boundingBox();
  assert.ok(box && box.y < 740 && box.y + box.height > 0, "the place is in sight");
  const turn = page.locator(`article[id="${id.slice(0, 27)}"]`);
  const said = await turn.innerText();
  assert.deepEqual(wrong, []);
  await page.context().close();
  return said;
}

test("which turn lost the tools: the fourth", async () => {
  const said = await turnBehind("", /^Tools missing/, 0);
  assert.match(said, /^Turn 4\b/);
  assert.match(said, /Tools removed\s+list_files\s+read_file\s+edit_file\s+run_tests/);
  assert.match(said, /I cannot change files from here\./);
  assert.match(await turnBehind("zh-Hant/", /工具$/, 0), /^第 4 回合/);
});

test("which turns broke the cache, and what it cost: the third and the fourth", async () => {
  const fourth = await turnBehind("", /^Prompt cache broken/, 0);
  assert.match(fourth, /^Turn 4\b[\s\S]*\$0\.0023[\s\S]*772 tokens/);
  const third = await turnBehind("", /^Prompt cache broken/, 1);
  assert.match(third, /^Turn 3\b[\s\S]*\$0\.0018[\s\S]*329 tokens[\s\S]*Today is 2026-11-23\./);
  assert.match(await turnBehind("zh-Hant/", /快取失效$/, 1), /^第 3 回合[\s\S]*329/);
});

test("which answer came from another model: the sixth", async () => {
  const said = await turnBehind("", /^Served by another model/, 0);
  assert.match(said, /^Turn 6\b[\s\S]*sample\/careful-1-mini \(asked for sample\/careful-1\)/);
});

test("a call that failed says why, in the words of the provider and in place of an answer", async () => {
  const said = await turnBehind("", /^Call failed/, 0);
  assert.match(said, /429 error answered[\s\S]*\nError\s+rate_limit_error: Rate limit reached/);
  assert.doesNotMatch(said, /No answer was received/);
});

test("the walkthrough names the same turns and figures, and its pictures exist", () => {
  for (const words of [
    /\*\*turn 4\*\*[\s\S]*\*\*329 tokens\*\*[\s\S]*\*\*\$0\.0018\*\*/,
    /\*\*772 tokens\*\*[\s\S]*\*\*\$0\.0023\*\*[\s\S]*\*\*Turn 6\*\*/,
  ]) {
    assert.match(text, words);
  }
  const pictures = [...text.matchAll(/images\/[\w-]+\.png/g)].map(([path]) => path);
  assert.ok(pictures.length > 20);
  for (const path of pictures) assert.ok(existsSync(join(checkout, "docs", path)), path);
});
