/**
 * The built site in a browser, below a sub-path: every kind of page at phone and desk size, light
 * and dark, with and without JavaScript; search, comparison, keys, raw bytes; axe finds nothing.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildSite, type SiteOptions } from "../../site/build.ts";
import { exportSingle } from "../../site/export-single.ts";
import { writeCapture } from "../fixtures/write-capture.ts";
import { type Look, launch, openPage, serveBelow } from "./site-harness.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "callnumber-browser-"));
const options: SiteOptions = {
  captures: join(folder, "captures"),
  out: join(folder, "out"),
  state: join(folder, "state"),
  title: "Browser test",
  languages: ["en", "zh-Hant"],
  timezone: "Asia/Taipei",
};
const STREAM = "10-19 Coding agents/11 Cline/11.11 OpenRouter";
let browser: Browser;
let server: Awaited<ReturnType<typeof serveBelow>>;
let ids: string[];
let conversation: string;

const tool = (name: string) => ({
  type: "function",
  function: {
    name,
    description: `Does ${name}.`,
    parameters: { type: "object", properties: { path: { type: "string" } } },
  },
});
const answer = (content: string, more: object = {}) => ({
  id: "gen-1",
  model: "fixture/model-1",
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  usage: { prompt_tokens: 400, completion_tokens: 20 },
  ...more,
});

before(async () => {
  const system = { role: "system", content: "You are careful. ".repeat(20) };
  const asked = { role: "user", content: "Please mend the zeppelin parser. 週末台北會下雨嗎？" };
  const said = { role: "assistant", content: "I mend the parser at once." };
  const more = { role: "user", content: "Now run the quetzal tests." };
  const model = "fixture/model-1";
  ids = writeCapture(options.captures, STREAM, "2026-11-23", [
    {
      at: 0,
      client: "cline",
      request: { model, messages: [system, asked], tools: [tool("read_file"), tool("run_tests")] },
      response: answer(said.content),
    },
    {
      at: 9,
      client: "cline",
      request: { model, messages: [system, asked, said, more] },
      response: answer("I have no tools.", { model: "fixture/other-2" }),
    },
    {
      at: 20,
      request: { model, messages: [{ role: "user", content: "Hello" }] },
      response: { error: { message: "overloaded" } },
      status: 529,
    },
  ]);
  await buildSite(options);
  server = await serveBelow(options.out);
  browser = await launch();
  const { page } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(`${server.url}11.11/2026-11-23/`);
  const href = await page.locator(`.rows a[href*="${ids[1]}"]`).first().getAttribute("href");
  conversation = /c\/([^/]+)\//.exec(href!)![1]!;
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const paths = () => [
  "",
  "jdex/",
  "10-19/",
  "11/",
  "11.11/",
  "11.11/2026-11-23/",
  `c/${conversation}/`,
  "models/",
  "problems/",
  "search/",
  "diff/",
  "zh-Hant/",
  `zh-Hant/c/${conversation}/`,
];
const LOOKS: Look[] = [
  { width: 360, height: 740 },
  { width: 360, height: 740, dark: true },
  { width: 1280, height: 800 },
  { width: 1280, height: 800, dark: true },
];

for (const look of LOOKS) {
  const name = `${look.width} wide, ${look.dark ? "dark" : "light"}`;
  test(`every page: axe finds nothing, nothing scrolls sideways, no error, no request off origin (${name})`, async () => {
    const { page, wrong } = await openPage(browser, server.url, look);
    for (const path of paths()) {
      await page.goto(server.url + path);
      assert.equal(await sideways(page), 0, `${path} scrolls sideways`);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      assert.equal(await sideways(page), 0, `${path} scrolls sideways with all details open`);
      assert.deepEqual(await violations(page), [], path);
      assert.deepEqual(wrong, [], path);
    }
    await page.context().close();
  });
}

test("without JavaScript every page still reads", async () => {
  const { page, wrong } = await openPage(browser, server.url, {
    width: 360,
    height: 740,
    script: false,
  });
  for (const path of paths()) {
    await page.goto(server.url + path);
    assert.ok((await page.locator("h1").innerText()).length > 0, path);
  }
  await page.goto(`${server.url}c/${conversation}/`);
  const text = await page.locator("main").innerText();
  for (const words of ["zeppelin", "quetzal", "I have no tools.", "read_file"])
    assert.ok(text.includes(words), words);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("what stands out is named on the overview and leads to its turn", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(server.url);
  await page.getByText("Tools missing").first().waitFor();
  await page.locator(`.findings a[href*="#x${ids[1]}"]`).first().click();
  await page.waitForURL(`**/c/${conversation}/#x${ids[1]}`);
  await page.locator(`#x${ids[1]} .change`).first().waitFor();
  const changes = await page.locator(`#x${ids[1]}`).innerText();
  assert.match(changes, /Tools removed.*read_file.*run_tests/s);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("a deep link to a turn lands on it", async () => {
  const { page } = await openPage(browser, server.url, { width: 360, height: 740 });
  await page.goto(`${server.url}c/${conversation}/#x${ids[1]}`);
  const box = await page.locator(`#x${ids[1]}`).boundingBox();
  assert.ok(box && box.y < 740 && box.y + box.height > 0, JSON.stringify(box));
  await page.context().close();
});

test("search finds a word of a message, a Chinese word, a tool name, within its budget", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  for (const [query, id] of [
    ["zeppelin", ids[0]],
    ["台北", ids[0]],
    ["quetzal", ids[1]],
  ] as const) {
    server.bytes.clear();
    await page.goto(`${server.url}search/`);
    await page.getByRole("searchbox").fill(query);
    await page.keyboard.press("Enter");
    await page.locator(`[data-results] a[href*="${id}"]`).waitFor();
    const fetched = [...server.bytes].filter(([path]) => path.includes("_search"));
    assert.ok(fetched.reduce((sum, [, size]) => sum + size, 0) < 50_000, JSON.stringify(fetched));
  }
  await page.getByRole("searchbox").fill("nosuchword");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing found.").waitFor();
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("the comparison shows the seeded difference and names where it begins", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(`${server.url}c/${conversation}/`);
  await page.locator(`#x${ids[1]} [data-diff]`).click();
  await page.getByText("First divergence").waitFor();
  const text = await page.locator("[data-result]").innerText();
  assert.match(text, /Tool 1\./);
  assert.match(text, /read_file/);
  assert.match(text, /only in the second[\s\S]*quetzal/);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("keys walk through the turns and open search and help", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(`${server.url}c/${conversation}/`);
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  assert.match(page.url(), new RegExp(`#x${ids[1]}$`));
  await page.keyboard.press("?");
  assert.match(await page.locator("#keys").innerText(), /next and previous/);
  await page.keyboard.press("/");
  await page.waitForURL("**/search/");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "words");
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("raw bytes are fetched when asked for and are the bytes of the body", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(`${server.url}c/${conversation}/`);
  const turn = page.locator(`#x${ids[0]}`);
  assert.ok(![...server.bytes.keys()].some((path) => path.includes("_raw")));
  await turn.locator(".details > summary").click();
  await turn.locator("[data-load=request]").click();
  // The block with the bytes comes when the chunk is there; the command line above it always was.
  const bytes = turn.locator(".shown pre");
  await bytes.waitFor();
  assert.equal(
    JSON.parse(await bytes.innerText()).messages[1].content,
    "Please mend the zeppelin parser. 週末台北會下雨嗎？",
  );
  await turn.getByRole("button", { name: "Hex" }).click();
  assert.match(await bytes.innerText(), /^00000000 {2}7b 22/);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("the language switch keeps the page, without a script", async () => {
  const { page } = await openPage(browser, server.url, { width: 1280, height: 800, script: false });
  await page.goto(`${server.url}c/${conversation}/`);
  await page.getByRole("link", { name: "繁體中文" }).click();
  await page.waitForURL(`**/zh-Hant/c/${conversation}/`);
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hant");
  await page.context().close();
});

test("the folder opened from a disk reads, and its links lead to its pages", async () => {
  const origin = pathToFileURL(options.out).href;
  const { page, wrong } = await openPage(browser, origin, { width: 360, height: 740 });
  await page.goto(`${origin}/index.html`);
  await page.getByRole("link", { name: "Index", exact: true }).click();
  await page.waitForURL("**/jdex/index.html");
  assert.ok((await page.locator("table").innerText()).includes("OpenRouter"));
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("one conversation as a single file opens from a disk", async () => {
  const { file } = await exportSingle(options, { id: ids[0]!.slice(0, 26), folder });
  const { page, wrong } = await openPage(browser, pathToFileURL(file).href, {
    width: 360,
    height: 740,
  });
  await page.goto(pathToFileURL(file).href);
  assert.ok((await page.locator("main").innerText()).includes("quetzal"));
  const family = await page.locator("h1").evaluate((h1) => getComputedStyle(h1).fontFamily);
  assert.match(family, /Iowan/);
  await page.keyboard.press("?");
  assert.match(await page.locator("#keys").innerText(), /next and previous/);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

async function sideways(page: Page): Promise<number> {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const found = await axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    });
    return found.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 200))
          .join(" | ")}`,
    );
  });
}
