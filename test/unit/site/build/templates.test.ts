import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { loadTemplates } from "../../../../site/build/templates.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "callnumber-templates-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("templates are compiled once; what killed compilations left behind goes", async () => {
  const state = join(folder, "state");
  const ended = spawnSync(process.execPath, ["-e", ""]).pid;
  const left = [`0123456789abcdef.${ended}-0.tmp`, `work-${ended}-1`, "0123456789abcdef"];
  for (const name of left) mkdirSync(join(state, "templates", name), { recursive: true });
  const busy = `fedcba9876543210.${process.ppid}-0.tmp`;
  mkdirSync(join(state, "templates", busy));
  const { app, client } = await loadTemplates(state);
  assert.ok(app.manifestData.routes.some(({ component }) => component.endsWith("jdex.astro")));
  assert.ok(existsSync(join(client, "icon.svg")));
  const there = readdirSync(join(state, "templates"));
  assert.equal(there.length, 2, `${there}`);
  assert.ok(there.includes(busy), "another build's compilation is left alone");
  assert.equal(await loadTemplates(state).then((again) => again.app), app);
});

test("two threads of a process that compile at the same time do not spoil each other's", async () => {
  const state = join(folder, "state-of-threads");
  const templates = new URL("../../../../site/build/templates.ts", import.meta.url).href;
  const code = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(templates)})
      .then(({ loadTemplates }) => loadTemplates(${JSON.stringify(state)}))
      .then(({ app }) => parentPort.postMessage(app.manifestData.routes.length));`;
  const workers = [0, 1].map(() => new Worker(code, { eval: true }));
  const routes = await Promise.all(workers.map((worker) => once(worker, "message")));
  assert.ok(routes[0]![0] > 5);
  assert.deepEqual(routes[1], routes[0]);
  await Promise.all(workers.map((worker) => worker.terminate()));
  assert.equal(readdirSync(join(state, "templates")).length, 1);
});

test("without Astro a build says so, and a later one with it works", () => {
  const copy = join(folder, "package");
  for (const name of ["site", "record", "astro.config.mjs", "package.json"]) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  const packages = join(copy, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "astro") symlinkSync(join(ROOT, "node_modules", name), join(packages, name));
  }
  const captures = join(folder, "captures", "10-19 Some", "11 Thing", "11.11 Here");
  mkdirSync(captures, { recursive: true });
  writeFileSync(join(captures, "2026-11-22.jsonl"), "");
  const options = {
    captures: join(folder, "captures"),
    out: join(folder, "out"),
    state: join(folder, "state-without"),
    title: "T",
    languages: ["en"],
    timezone: "UTC",
  };
  const build = pathToFileURL(join(copy, "site", "build.ts")).href;
  const script = `import { buildSite } from ${JSON.stringify(build)};
    await buildSite(${JSON.stringify(options)}).then(
      ({ pages }) => console.log("pages", pages), ({ code }) => console.log(code));`;
  const run = () =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
  assert.equal(run().stdout, "astro-missing\n");
  symlinkSync(join(ROOT, "node_modules", "astro"), join(packages, "astro"));
  const { stdout, stderr } = run();
  assert.match(stdout, /^pages [1-9]/, stderr);
});
