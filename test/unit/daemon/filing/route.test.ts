import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { titleOf } from "../../../../daemon/filing/route.ts";
import {
  configOf,
  fileAll,
  put,
  readTree,
  type Scene,
  type Shape,
  scene,
  spoolOf,
} from "./spooled.ts";

const TREE = {
  areas: [
    {
      number: "10-19",
      title: "Coding agents",
      categories: [
        {
          number: "11",
          title: "Cline",
          rule: null,
          ids: [
            {
              number: "11.11",
              title: "OpenRouter",
              rule: { client: "cline", upstream: "openrouter" },
            },
            { number: "11.12", title: "Sonnet", rule: { model: "*sonnet*" } },
            {
              number: "11.13",
              title: "Lab",
              rule: { header: { "x-team": "lab-*" }, path: "/v1/*" },
            },
          ],
        },
        { number: "12", title: "Agents", rule: { client: "claude-*" }, ids: [] },
        { number: "13", title: "Gemini CLI", rule: null, ids: [] },
      ],
    },
  ],
};

async function numbersOf(
  shapes: Shape["begin"][],
  more = {},
  at: Scene = scene(),
): Promise<string[]> {
  const spool = spoolOf(at);
  const ids = shapes.map((begin) =>
    put(spool, {
      begin: begin ?? {},
      request: JSON.stringify({ model: begin?.labels?.model ?? "m", messages: [] }),
    }),
  );
  await fileAll(at, { config: configOf(at, { tree: TREE, ...more }) });
  await spool.close();
  const seen = new Map(readTree(at).map((x) => [x.line.id, x.number]));
  return ids.map((id) => seen.get(id) ?? "nowhere");
}

function client(name: string | null) {
  return { name, agent: null, address: null };
}

test("the number in the path wins over every rule", async () => {
  const begin = { number: "13.21", client: client("cline"), upstream: "openrouter" };
  assert.deepEqual(await numbersOf([begin]), ["13.21"]);
});

test("a number of a known category gets its folder on the first write, named after the upstream", async () => {
  const at = scene();
  await numbersOf([{ number: "12.15", upstream: "openrouter" }], {}, at);
  const area = join(at.captures, "10-19 Coding agents");
  assert.deepEqual(fs.readdirSync(area), ["12 Agents"]);
  assert.deepEqual(fs.readdirSync(join(area, "12 Agents")), ["12.15 OpenRouter"]);
});

test("an area or category is never invented: the inbox, with the number as a label", async () => {
  const at = scene();
  const begins = ["45.11", "19.11", "00.05"].map((number) => ({ number }));
  assert.deepEqual(await numbersOf(begins, {}, at), ["00.01", "00.01", "00.01"]);
  assert.deepEqual(
    readTree(at).map((x) => x.line.labels.number),
    ["45.11", "19.11", "00.05"],
  );
});

test("reserved IDs take nothing but the inbox", async () => {
  const begins = ["11.00", "11.09", "11.01"].map((number) => ({ number }));
  assert.deepEqual(await numbersOf(begins), ["11.01", "11.01", "11.01"]);
});

test("the first matching rule decides: client, upstream, model, header and path, all of them", async () => {
  const lab: [string, string][] = [["X-Team", "lab-2"]];
  assert.deepEqual(
    await numbersOf([
      { client: client("cline"), upstream: "openrouter" },
      { client: client("cline"), upstream: "openai" },
      { labels: { model: "anthropic/claude-sonnet-4" }, upstream: "openrouter" },
      { headers: lab, url: "/v1/chat/completions" },
      { headers: lab, url: "/v2/other" },
    ]),
    ["11.11", "11.14", "11.12", "11.13", "00.01"],
  );
});

test("a category's rule gives each upstream an ID of its own, and the same one again", async () => {
  const at = scene();
  const begin = (upstream: string) => ({ client: client("claude-code"), upstream });
  const first = await numbersOf(
    [begin("anthropic"), begin("openrouter"), begin("anthropic")],
    {},
    at,
  );
  assert.deepEqual(first, ["12.11", "12.12", "12.11"]);
  assert.deepEqual(await numbersOf([begin("openrouter"), begin("my-box")], {}, at), [
    "12.12",
    "12.13",
  ]);
  const folders = fs.readdirSync(join(at.captures, "10-19 Coding agents", "12 Agents"));
  assert.deepEqual(folders.sort(), ["12.11 Anthropic", "12.12 OpenRouter", "12.13 My box"]);
});

test("a recognised client goes to the category of its name; not with autofile off, not a stranger", async () => {
  const known = { client: client("gemini-cli"), upstream: "google" };
  const stranger = { client: client("aider"), upstream: "google" };
  assert.deepEqual(await numbersOf([known, stranger]), ["13.11", "00.01"]);
  assert.deepEqual(await numbersOf([known], { autofile: false }), ["13.01"]);
});

test("an ID that a person has made for the upstream is used, not a second one", async () => {
  const at = scene();
  fs.mkdirSync(join(at.captures, "10-19 Coding agents/13 Gemini CLI/13.17 Google"), {
    recursive: true,
  });
  assert.deepEqual(
    await numbersOf([{ client: client("gemini-cli"), upstream: "google" }], {}, at),
    ["13.17"],
  );
});

test("without any plan everything without a home is in 00.01", async () => {
  const tree = { areas: [] };
  assert.deepEqual(await numbersOf([{ number: "11.11" }, {}], { tree }), ["00.01", "00.01"]);
});

test("upstreams have the names that their owners write", () => {
  assert.deepEqual(["openrouter", "xai", "anthropic", "my-box_2"].map(titleOf), [
    "OpenRouter",
    "xAI",
    "Anthropic",
    "My box 2",
  ]);
});

test("a number of the path that names no category is told of once, with what to do", async () => {
  const at = scene();
  const spool = spoolOf(at);
  for (const number of ["77.11", "77.11", "11.14"]) put(spool, { begin: { number } });
  const { said } = await fileAll(at, { config: configOf(at, { tree: TREE }) });
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^\/77\.11\/ in the path names no category .* filed in 00\.01/);
  const seen = readTree(at).map(({ number, line }) => [number, line.labels.number]);
  assert.deepEqual(seen.sort(), [
    ["00.01", "77.11"],
    ["00.01", "77.11"],
    ["11.14", undefined],
  ]);
});
