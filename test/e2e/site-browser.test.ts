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
  const call = { name: "run_tests", arguments: '{"path":"test"}' };
  const called = { ...said, tool_calls: [{ id: "t1", type: "function", function: call }] };
  const choice = { index: 0, finish_reason: "tool_calls" };
  const result = { role: "tool", tool_call_id: "t1", content: `${"ok ".repeat(4000)}walrus` };
  const more = { role: "user", content: "Now run the quetzal tests." };
  const model = "fixture/model-1";
  ids = writeCapture(options.captures, STREAM, "2026-11-23", [
    {
      at: 0,
      client: "cline",
      request: { model, messages: [system, asked], tools: [tool("read_file"), tool("run_tests")] },
      response: answer(said.content, { choices: [{ ...choice, message: called }] }),
    },
    {
      at: 9,
      client: "cline",
      request: {
        model,
        messages: [{ ...system, content: `Noon. ${system.content}` }, asked, called, result, more],
      },
      labels: { task: "mend-parser" },
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
  const text = (await page.locator("main").textContent())!;
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
  await page.waitForURL(`**/c/${conversation}/#x${ids[1]}*`);
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
    ["run_tests", ids[0]],
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
  assert.match(text, /System: rewritten[\s\S]*Noon\./);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("keys walk through the turns, compare, and open search and help", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  const turn = (id: string | undefined) => new RegExp(`#x${id}$`);
  await page.goto(`${server.url}c/${conversation}/`);
  await page.keyboard.press("]");
  assert.match(page.url(), turn(ids[0]));
  await page.keyboard.press("]");
  assert.match(page.url(), turn(ids[1]));
  await page.keyboard.press("[");
  assert.match(page.url(), turn(ids[0]));
  await page.keyboard.press("]");
  await page.keyboard.press("d");
  await page.waitForURL(`**/diff/#${ids[0]}..${ids[1]}`);
  await page.goBack();
  await page.keyboard.press("?");
  assert.match(await page.locator("#keys").innerText(), /next and previous/);
  await page.keyboard.press("/");
  await page.waitForURL("**/search/");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "words");
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("j and k walk through the rows of a day, and enter opens the one in focus", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 1280, height: 800 });
  await page.goto(`${server.url}11.11/2026-11-23/`);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("href") ?? "");
  await page.keyboard.press("j");
  assert.match(await focused(), new RegExp(ids[2]!), "the newest stands first");
  await page.keyboard.press("j");
  assert.match(await focused(), new RegExp(ids[1]!));
  await page.keyboard.press("k");
  assert.match(await focused(), new RegExp(ids[2]!));
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/c/${conversation}/#x${ids[1]}`);
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("the tab key goes from the skip link through masthead and page, always to something in sight", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  for (const path of ["", "jdex/", "11.11/2026-11-23/", `c/${conversation}/`, "diff/"]) {
    await page.goto(server.url + path);
    const tops: number[] = [];
    for (let step = 0; step < 24; step += 1) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const { activeElement: on } = document;
        if (!on || on === document.body) return null;
        const { top, bottom, width, height } = on.getBoundingClientRect();
        const { outlineStyle, outlineWidth } = getComputedStyle(on);
        const inSight = width > 0 && height > 0 && bottom > 0 && top < innerHeight;
        const ring = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
        const name = on.outerHTML.slice(0, 90);
        return { name, inSight, ring, top: top + scrollY, skip: on.className === "skip" };
      });
      if (at === null) break;
      assert.ok(at.inSight, `${path}: ${at.name} is out of sight`);
      assert.ok(at.ring, `${path}: ${at.name} shows no focus`);
      assert.equal(at.skip, step === 0, `${path}: the skip link comes first, once`);
      if (step > 0) tops.push(at.top);
    }
    assert.ok(tops.length > 8, path);
    const backwards = tops.filter((top, index) => top < (tops[index - 1] ?? 0) - 40);
    assert.deepEqual(backwards, [], `${path}: focus goes down the page, never back`);
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("a finding leads to its evidence within the turn", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  for (const [title, place] of [
    ["Tools missing", "tools"],
    ["System prompt changed", "m0"],
  ] as const) {
    await page.goto(`${server.url}problems/`);
    await page.getByRole("link", { name: title }).first().click();
    await page.waitForURL(`**/#x${ids[1]}-${place}`);
    const box = await page.locator(`#x${ids[1]}-${place}`).boundingBox();
    assert.ok(box && box.height > 0 && box.y > 0 && box.y < 740, JSON.stringify(box));
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("what a page leaves out of a long text is fetched when asked for, at the size it says", async () => {
  const { page, wrong } = await openPage(browser, server.url, { width: 360, height: 740 });
  server.bytes.clear();
  await page.goto(`${server.url}c/${conversation}/`);
  const message = page.locator(`#x${ids[1]}-m3`);
  assert.doesNotMatch((await message.textContent())!, /(ok ){2500}/);
  assert.ok(![...server.bytes.keys()].some((path) => path.includes("_rest")));
  const button = message.getByRole("button", { name: /^Show all \(load \d+ B\)$/ });
  const size = Number(/\d+/.exec((await button.textContent())!)![0]);
  await button.click();
  await button.waitFor({ state: "detached" });
  assert.match((await message.innerText()).replace(/\s+/g, " "), /(ok ){4000}walrus/);
  const fetched = [...server.bytes].filter(([path]) => path.includes("_rest"));
  assert.deepEqual(
    fetched.map(([, bytes]) => bytes),
    [size],
  );
  assert.deepEqual(wrong, []);
  await page.context().close();
});

test("labels are shown, and what is not known is a dash, not a zero", async () => {
  const { page } = await openPage(browser, server.url, { width: 360, height: 740 });
  await page.goto(`${server.url}11.11/2026-11-23/`);
  await page.getByText("task: mend-parser").waitFor();
  await page.goto(`${server.url}c/${conversation}/`);
  assert.match(await page.locator(".figures").innerText(), /cost\s*–/, "no price is known");
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
