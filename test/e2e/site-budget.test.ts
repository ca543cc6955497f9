/**
 * What a reader on a metered line pays: the first view of every kind of page, styles, scripts and a
 * search for one word, measured as a server with gzip would send them, on the sample captures and
 * on generated ones. `CALLNUMBER_BUDGET_EXCHANGES` says how many (5,000 unless told).
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { buildSite, type SiteOptions } from "../../site/build.ts";
import { generateCaptures } from "../bench/generate-captures.ts";
import { copySamples } from "../samples/sample-tree.ts";
import { launch, openPage, serveBelow } from "./site-harness.ts";

const KB = 1024;
const EXCHANGES = Number(process.env.CALLNUMBER_BUDGET_EXCHANGES ?? 5000);
const folder = mkdtempSync(join(tmpdir(), "callnumber-budget-"));
const samples = copySamples(join(folder, "samples"));
const optionsOf = (name: string, captures: string): SiteOptions => ({
  captures,
  out: join(folder, name, "out"),
  state: join(folder, name, "state"),
  title: "Budget",
  languages: ["en", "zh-Hant"],
  timezone: "UTC",
});
const generated = join(folder, "captures");
const SITES = [optionsOf("samples", samples), optionsOf(`${EXCHANGES}-generated`, generated)];
let browser: Browser;

before(async () => {
  generateCaptures({ folder: generated, exchanges: EXCHANGES, days: 4, seed: 3 });
  for (const options of SITES) await buildSite(options);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const nameOf = ({ out }: SiteOptions) => out.split("/").at(-2)!;

/** Every file below `out` that matches, with its size as it is sent. */
function sent({ out }: SiteOptions, pattern: RegExp): { path: string; bytes: number }[] {
  return readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path.slice(out.length + 1)))
    .map((path) => ({
      path: path.slice(out.length + 1),
      bytes: gzipSync(readFileSync(path)).length,
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** What a page makes the browser fetch besides itself: styles and scripts. */
function named({ out }: SiteOptions, page: string): number {
  const html = readFileSync(join(out, page), "utf8");
  const files = [...html.matchAll(/(?:src|href)="(?:\.\.\/)*(?:\.\/)?(_astro\/[^"]+)"/g)];
  assert.ok(files.length >= 2, `${page} names styles and a script`);
  return files.reduce((sum, [, path]) => sum + gzipSync(readFileSync(join(out, path!))).length, 0);
}

const LANGUAGE = "^(?:zh-Hant/)?";
const KINDS: readonly [name: string, pattern: RegExp][] = [
  ["overview", new RegExp(`${LANGUAGE}index\\.html$`)],
  ["index", new RegExp(`${LANGUAGE}jdex/`)],
  ["models", new RegExp(`${LANGUAGE}models/`)],
  ["problems", new RegExp(`${LANGUAGE}problems/`)],
  ["search", new RegExp(`${LANGUAGE}search/`)],
  ["comparison", new RegExp(`${LANGUAGE}diff/`)],
  ["number", new RegExp(`${LANGUAGE}\\d\\d[^/]*/index\\.html$`)],
  ["day", new RegExp(`${LANGUAGE}\\d\\d\\.\\d\\d/\\d{4}-.*\\.html$`)],
  ["conversation", new RegExp(`${LANGUAGE}c/.*\\.html$`)],
];

for (const options of SITES) {
  for (const [kind, pattern] of KINDS) {
    test(`the first view of the largest ${kind} page is at most 30 KB, styles and scripts included (${nameOf(options)})`, (t) => {
      const largest = sent(options, pattern)[0];
      assert.ok(largest, `there is a page: ${pattern}`);
      const bytes = largest.bytes + named(options, largest.path);
      t.diagnostic(`${largest.path}: ${(bytes / KB).toFixed(1)} KB`);
      assert.ok(bytes <= 30 * KB, `${largest.path}: ${bytes}`);
    });
  }

  test(`styles are at most 12 KB, all scripts together at most 25 KB (${nameOf(options)})`, (t) => {
    const sum = (pattern: RegExp) =>
      sent(options, pattern).reduce((total, { bytes }) => total + bytes, 0);
    const [styles, scripts] = [sum(/\.css$/), sum(/\.js$/)];
    t.diagnostic(`styles ${(styles / KB).toFixed(1)} KB, scripts ${(scripts / KB).toFixed(1)} KB`);
    assert.ok(styles > 0 && styles <= 12 * KB, `${styles}`);
    assert.ok(scripts > 0 && scripts <= 25 * KB, `${scripts}`);
  });

  test(`a search for one word costs at most 50 KB (${nameOf(options)})`, async (t) => {
    const server = await serveBelow(options.out);
    t.after(() => server.close());
    // A common word, a tool's name, a word of two Chinese characters, and one that is nowhere.
    for (const word of ["the", "run_tests", "台北", "nosuchword"]) {
      const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
      await page.goto(`${server.url}search/`);
      server.bytes.clear();
      await page.getByRole("searchbox").fill(word);
      await page.keyboard.press("Enter");
      await page.locator("[data-status]:not(:empty)").waitFor();
      await page.waitForLoadState("networkidle");
      const bytes = [...server.bytes.values()].reduce((total, size) => total + size, 0);
      t.diagnostic(`${word}: ${(bytes / KB).toFixed(1)} KB in ${server.bytes.size} files`);
      assert.ok(server.bytes.size > 0, "something was fetched");
      assert.ok(bytes <= 50 * KB, `${word}: ${bytes}`);
      assert.deepEqual(wrong, []);
      await page.context().close();
    }
  });
}
