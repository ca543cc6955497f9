/**
 * The README's first command from the outside: `npm start` brings proxy and site up, a client's
 * exchange is on the site within five seconds of its end, ctrl-C ends all with exit code 0.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { copySamples } from "../samples/sample-tree.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** Everything a process has said so far, and a way to wait for more. */
class Said {
  #text = "";
  #wake = () => {};
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        this.#text += chunk;
        this.#wake();
      });
    }
    child.once("exit", () => this.#wake());
  }

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) return match[1] ?? match[0];
      if (this.#child.exitCode !== null) throw new Error(`ended before ${pattern}: ${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Also where time runs out: a child that is left keeps the whole run from ending. */
function endAfter(t: TestContext, child: ChildProcess, folder: string): void {
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
}

const page = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
};

test("one command brings up proxy and site; a playback exchange is shown within 5 s", {
  timeout: 120_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-up-"));
  copySamples(folder);
  const config = join(folder, "callnumber.yaml");
  writeFileSync(config, "listen: 127.0.0.1:0\nsite: { listen: 127.0.0.1:0 }\n");
  const child = spawn(
    process.execPath,
    ["cli/launch.mjs", "up", "--lan", "0.0.0.0", "--config", config],
    {
      cwd: checkout,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  endAfter(t, child, folder);
  const said = new Said(child);
  const proxy = await said.until(/proxy {5}(http:\/\/127\.0\.0\.1:\d+)\//);
  const site = await said.until(/site {6}(http:\/\/127\.0\.0\.1:\d+)\//);
  await said.until(/OPENAI_BASE_URL=http/);
  await said.until(/site: \d+ pages built/);
  const home = await page(`${site}/`);
  assert.equal(home.status, 200);
  assert.match(home.text, /An agent that lost its tools/);

  const phone = await said.until(/phone {5}(http:\/\/0\.0\.0\.0:\d+\/~[\w-]+\/)/);
  const near = phone.replace("0.0.0.0", "127.0.0.1");
  assert.match((await page(near)).text, /An agent that lost its tools/);
  assert.equal((await page(new URL("/", near).href)).status, 401);

  const client = new OpenAI({ baseURL: `${proxy}/playback/v1`, apiKey: "none", maxRetries: 0 });
  const marker = `marker ${process.pid}`;
  const began = performance.now();
  const stream = await client.chat.completions.create({
    model: "demo",
    stream: true,
    messages: [{ role: "user", content: `Say hello to ${marker}.` }],
  });
  let pieces = 0;
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) pieces++;
  const ended = performance.now();
  assert.ok(pieces > 3, `${pieces} pieces`);
  assert.ok(ended - began > 50, "it streams in time, not in one go");

  let shown = false;
  while (!shown && performance.now() - ended < 5_000) {
    shown = (await page(`${site}/`)).text.includes(marker);
    if (!shown) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(shown, "the exchange was not on the site five seconds after its end");
  t.diagnostic(`on the site ${Math.round(performance.now() - ended)} ms after its end`);

  const exit = once(child, "exit");
  child.kill("SIGINT");
  assert.deepEqual(await exit, [0, null]);
});

test("an address that this machine does not have costs the phone its site, and nobody else", {
  timeout: 120_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-up-"));
  const config = join(folder, "callnumber.yaml");
  writeFileSync(config, "listen: 127.0.0.1:0\nsite: { listen: 127.0.0.1:0 }\n");
  // 203.0.113.0/24 is for documentation: no machine should have it.
  const args = ["cli/launch.mjs", "up", "--lan", "203.0.113.77", "--config", config];
  const child = spawn(process.execPath, args, { cwd: checkout, stdio: ["ignore", "pipe", "pipe"] });
  endAfter(t, child, folder);
  const said = new Said(child);
  await said.until(/site: not for the network: site\.listen 203\.0\.113\.77:0: /);
  const site = await said.until(/site {6}(http:\/\/127\.0\.0\.1:\d+)\//);
  await said.until(/site: \d+ pages built/);
  assert.equal((await page(`${site}/`)).status, 200);
  const exit = once(child, "exit");
  child.kill("SIGINT");
  assert.deepEqual(await exit, [0, null]);
});
