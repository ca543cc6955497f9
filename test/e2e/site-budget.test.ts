/**
 * What a reader on a metered line pays: the first view of every kind of page, styles, scripts,
 * measured as a server with gzip would send them, on generated captures.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildSite, type SiteOptions } from "../../site/build.ts";
import { generateCaptures } from "../bench/generate-captures.ts";

const KB = 1024;
const folder = mkdtempSync(join(tmpdir(), "callnumber-budget-"));
const options: SiteOptions = {
  captures: join(folder, "captures"),
  out: join(folder, "out"),
  state: join(folder, "state"),
  title: "Budget",
  languages: ["en"],
  timezone: "UTC",
};
let files: { path: string; bytes: number }[] = [];

before(async () => {
  generateCaptures({ folder: options.captures, exchanges: 1500, days: 2, seed: 3 });
  await buildSite(options);
  files = readdirSync(options.out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(html|css|js)$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return {
        path: path.slice(options.out.length + 1),
        bytes: gzipSync(readFileSync(path)).length,
      };
    });
});

after(() => rmSync(folder, { recursive: true, force: true }));

const largest = (pattern: RegExp) =>
  files.filter(({ path }) => pattern.test(path)).sort((a, b) => b.bytes - a.bytes)[0]!;
const sum = (pattern: RegExp) =>
  files.filter(({ path }) => pattern.test(path)).reduce((total, { bytes }) => total + bytes, 0);

test("every page is at most 30 KB on the wire", () => {
  for (const kind of [
    /^index/,
    /^jdex/,
    /^models/,
    /^problems/,
    /^search/,
    /^diff/,
    /^\d\d[^/]*\/index/,
    /^\d\d\.\d\d\/2026/,
    /^c\//,
  ]) {
    const { path, bytes } = largest(kind);
    assert.ok(bytes <= 30 * KB, `${path}: ${(bytes / KB).toFixed(1)} KB`);
  }
});

test("styles are at most 12 KB, scripts of a page at most 25 KB", () => {
  assert.ok(sum(/\.css$/) <= 12 * KB, `${sum(/\.css$/)}`);
  assert.ok(sum(/\.js$/) <= 25 * KB, `${sum(/\.js$/)}`);
});
