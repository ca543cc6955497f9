/** The program as one file: alone in a folder it records, files, reads back, and ends tidily. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundle } from "../../packaging/bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-bundle-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "callnumber.mjs");
const env = { ...process.env, HOME: folder };

before(async () => {
  const bytes = await bundle(file);
  assert.ok(bytes < 5 * 1024 * 1024, `${bytes} bytes`);
  assert.deepEqual(readdirSync(folder), ["callnumber.mjs"]);
});

test("one exchange through the one file is in the tree, whole", async () => {
  writeFileSync(join(folder, "callnumber.yaml"), "listen: 127.0.0.1:0\n");
  const daemon = spawn(process.execPath, [file, "serve"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  const url = await new Promise<string>((found) => {
    daemon.stdout.on("data", (chunk) => {
      said += chunk;
      const match = /listening on (\S+)/.exec(said);
      if (match) found(match[1] as string);
    });
  });
  const answer = await fetch(`${url}/playback/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
  });
  assert.match(await answer.text(), /chat\.completion/);
  daemon.kill("SIGTERM");
  assert.deepEqual(await once(daemon, "exit"), [0, null]);
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [file, ...words], { cwd: folder, env, encoding: "utf8" });
  assert.match(run("ls"), / 200 complete .*demo/);
  assert.equal(spawnSync(process.execPath, [file, "verify"], { cwd: folder, env }).status, 0);
});

test("it knows its version, and says that the site is not in it", () => {
  const said = execFileSync(process.execPath, [file, "--version"], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.match(said, /^\d+\.\d+\.\d+/);
  const site = spawnSync(process.execPath, [file, "site", "build"], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  assert.equal(site.status, 69);
  assert.match(site.stderr, /astro-missing/);
});
