/**
 * The package as a stranger gets it: packed, installed into an empty folder, run by each Node that
 * it promises (22, 24, 26, as npm offers them), one exchange, the site seen.
 *
 *   node --test test/packaging/package.test.ts
 *
 * Skips, with a word why, where there is no registry to be had. Minutes long, so not part of
 * `npm test`.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { copySamples } from "../samples/sample-tree.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAJORS = [22, 24, 26] as const;
const PLATFORM = `node-${process.platform}-${process.arch}`;
const folder = mkdtempSync(join(tmpdir(), "callnumber-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let tarball = "";
before(() => {
  const said = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  tarball = join(folder, /"filename":\s*"([^"]+)"/.exec(said)?.[1] ?? "");
});

/** Runs npm in a folder; false where the registry cannot be reached. */
function npm(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const done = spawnSync("npm", [...args, ...quiet], { cwd, env, encoding: "utf8" });
  if (done.status === 0) return true;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network/i.test(done.stderr)) return false;
  throw new Error(`npm ${args.join(" ")}: ${done.stderr}`);
}

/** A folder with nothing but this Node (and npm) in its PATH; null without a registry. */
function runtime(major: number): string | null {
  const home = join(folder, `node-${major}`);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), "{}");
  if (!npm(["install", "--ignore-scripts", `${PLATFORM}@${major}`], home)) return null;
  return join(home, "node_modules", PLATFORM, "bin");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
    await new Promise((tick) => setTimeout(tick, 100));
  }
  throw new Error(`${what} did not come within a minute`);
}

const HELLO = JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] });

/** init, up, one exchange, the site; ends with SIGTERM and gives the exit code. */
async function useIt(bin: string, cwd: string, env: NodeJS.ProcessEnv): Promise<number | null> {
  execFileSync(bin, ["init", "--no-hook"], { cwd, env });
  const [port, sitePort] = [await freePort(), await freePort()];
  const config = join(cwd, "callnumber.yaml");
  const text = readFileSync(config, "utf8").replace(/^listen: .*/m, `listen: 127.0.0.1:${port}`);
  writeFileSync(config, `${text}site: { listen: "127.0.0.1:${sitePort}" }\n`);
  const child: ChildProcess = spawn(bin, ["up"], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  try {
    await until(
      "the daemon",
      async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok || null,
    );
    const url = `http://127.0.0.1:${port}/playback/v1/chat/completions`;
    const answer = await fetch(url, { method: "POST", body: HELLO });
    assert.match(await answer.text(), /chat\.completion/);
    await until("the page of the exchange", async () => {
      const page = await (await fetch(`http://127.0.0.1:${sitePort}/00.01/`)).text();
      return page.includes("demo") ? page : null;
    });
    assert.match(spawnSync(bin, ["verify"], { cwd, env, encoding: "utf8" }).stderr, /^1 file/);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${stderr}`);
  } finally {
    child.kill("SIGTERM");
  }
  const [code] = await once(child, "exit");
  return code as number | null;
}

for (const major of MAJORS) {
  test(`node ${major}: installed from the tarball, init, up, one exchange, the site`, async (t) => {
    const node = runtime(major);
    if (node === null) return t.skip("no registry here");
    const cwd = join(folder, `with-${major}`);
    const home = join(folder, `home-${major}`);
    for (const path of [cwd, home]) mkdirSync(path);
    writeFileSync(join(cwd, "package.json"), "{}");
    const env = { ...process.env, HOME: home, PATH: `${node}${delimiter}/usr/bin${delimiter}/bin` };
    assert.equal(
      execFileSync("node", ["-p", "process.versions.node"], { env, encoding: "utf8" }).split(
        ".",
      )[0],
      String(major),
    );
    assert.ok(npm(["install", "--ignore-scripts", tarball], cwd));
    const bin = join(cwd, "node_modules", ".bin", "callnumber");
    assert.equal(await useIt(bin, cwd, env), 0);
  });
}

test("npm install --global puts the program into the PATH, with its man page", async (t) => {
  const prefix = join(folder, "global");
  mkdirSync(prefix);
  const options = ["--ignore-scripts", "--prefix", prefix];
  if (!npm(["install", "--global", ...options, tarball], folder)) return t.skip("no registry here");
  const said = execFileSync(join(prefix, "bin", "callnumber"), ["--version"], { encoding: "utf8" });
  assert.match(said, /^\d+\.\d+\.\d+/);
  const page = join(prefix, "lib", "node_modules", "callnumber", "build", "man", "callnumber.1");
  assert.ok(existsSync(page));
});

test("without Astro it is small, and says what the site would need", async (t) => {
  const cwd = join(folder, "no-astro");
  mkdirSync(cwd);
  copySamples(cwd);
  writeFileSync(join(cwd, "package.json"), "{}");
  // npm 11 heeds it here, but not with --global.
  if (!npm(["install", "--ignore-scripts", "--omit=optional", tarball], cwd)) {
    return t.skip("no registry here");
  }
  assert.ok(!existsSync(join(cwd, "node_modules", "astro")));
  const bin = join(cwd, "node_modules", ".bin", "callnumber");
  const done = spawnSync(bin, ["site", "build"], { cwd, encoding: "utf8" });
  assert.match(done.stderr, /astro-missing/);
  assert.equal(done.status, 69);
});

test("publint and attw find nothing", (t) => {
  const cwd = join(folder, "lint");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "package.json"), "{}");
  const tools = ["publint@0.3", "@arethetypeswrong/cli@0.18"];
  if (!npm(["install", "--ignore-scripts", ...tools], cwd)) return t.skip("no registry here");
  for (const args of [
    ["publint", "run", "--strict", tarball],
    ["attw", tarball],
  ]) {
    const [tool = "", ...words] = args;
    const bin = join(cwd, "node_modules", ".bin", tool);
    const done = spawnSync(bin, words, { cwd, encoding: "utf8" });
    assert.equal(done.status, 0, `${tool}: ${done.stdout}${done.stderr}`);
  }
});
