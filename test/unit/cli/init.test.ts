import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { init } from "../../../cli/init.ts";
import { CONFIG_FILE } from "../../../cli/init-files.ts";
import { loadConfig } from "../../../daemon/config/load.ts";
import { ConfigFile } from "../../../daemon/config/schema.ts";
import { runCommand } from "./run-command.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "callnumber-init-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const runInit = (cwd: string, options: Record<string, boolean> = {}) =>
  runCommand(init, cwd, [], options);

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), "utf8");

test("the configuration it writes loads clean and equals no configuration at all", async (t) => {
  const cwd = folder(t);
  await runInit(cwd);
  const { path, ...written } = loadConfig({ env: {}, cwd });
  assert.equal(path, join(cwd, "callnumber.yaml"));
  const empty = folder(t);
  mkdirSync(join(empty, "captures"));
  const { path: none, ...absent } = loadConfig({ env: {}, cwd: empty });
  assert.equal(none, null);
  const plain = (value: object, home: string): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll(home, "HOME"));
  assert.deepEqual(plain(written, cwd), plain(absent, empty));
});

test("with every example uncommented it loads clean too", (t) => {
  const cwd = folder(t);
  // A key that is commented out, or a number of the tree; prose has no word with a colon in front.
  const all = CONFIG_FILE.replace(/^# ((?: {2})*[a-z_]+:(?: |$)|(?: {2})+\d\d)/gm, "$1");
  writeFileSync(join(cwd, "callnumber.yaml"), all);
  const env = { CALLNUMBER_TOKEN: "t".repeat(32), WORK_KEY: "k" };
  const config = loadConfig({ env, cwd });
  assert.equal(config.writer, "nas");
  assert.equal(config.upstreams.work?.allowPrivate, true);
  assert.deepEqual(config.redact.headers, ["x-internal-auth"]);
  assert.equal(config.redact.identifiers, false);
});

test("every key of the configuration stands in the file", () => {
  for (const key of Object.keys(ConfigFile.shape)) {
    assert.match(CONFIG_FILE, new RegExp(`^(?:# )?${key}:`, "m"), `${key} is missing`);
  }
});

test("what exists is kept, and replaced only with --force", async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, "callnumber.yaml"), "captures: ./mine\n");
  const first = await runInit(cwd);
  assert.match(first.out, /kept +callnumber\.yaml/);
  assert.equal(read(cwd, "callnumber.yaml"), "captures: ./mine\n");
  const forced = await runInit(cwd, { force: true });
  assert.match(forced.out, /replaced +callnumber\.yaml/);
  assert.equal(read(cwd, "callnumber.yaml"), CONFIG_FILE);
});

test("lines are added to a .gitignore once, and what stood there stays", async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, ".gitignore"), "node_modules/\ndist/");
  assert.match((await runInit(cwd)).out, /added to +\.gitignore/);
  const once = read(cwd, ".gitignore");
  assert.ok(once.startsWith("node_modules/\ndist/\n"));
  assert.match(once, /^\.callnumber\/$/m);
  assert.equal(once.match(/^dist\/$/gm)?.length, 1);
  assert.match((await runInit(cwd)).out, /kept +\.gitignore/);
  assert.equal(read(cwd, ".gitignore"), once);
});

test("outside a repository it says that there is no hook; inside it writes an executable one", async (t) => {
  const cwd = folder(t);
  assert.match((await runInit(cwd)).err, /no git repository/);
  execFileSync("git", ["init", "-q"], { cwd });
  assert.match((await runInit(cwd)).out, /written +\.git\/hooks\/pre-commit/);
  const hook = join(cwd, ".git/hooks/pre-commit");
  assert.notEqual(statSync(hook).mode & 0o111, 0);
  execFileSync("sh", ["-n", hook]);
});

test("a hook of somebody else's stays, and what to add is said", async (t) => {
  const cwd = folder(t);
  execFileSync("git", ["init", "-q"], { cwd });
  writeFileSync(join(cwd, ".git/hooks/pre-commit"), "#!/bin/sh\nexit 0\n");
  const { out, err } = await runInit(cwd);
  assert.match(out, /kept +\.git\/hooks\/pre-commit/);
  assert.match(err, /Until you add this line .*\n {2}\S*node \S+ scan --staged \|\| exit 1\n/);
});

test("git takes the attributes as meant: no text conversion and no merging of a day's file", async (t) => {
  const cwd = folder(t);
  execFileSync("git", ["init", "-q"], { cwd });
  await runInit(cwd);
  const ask = (path: string): string =>
    execFileSync("git", ["check-attr", "text", "merge", "--", path], { cwd }).toString();
  const day = ask("captures/10-19 A/11 B/11.11 C/2026-11-23.jsonl");
  assert.match(day, /text: unset/);
  assert.match(day, /merge: unset/);
  assert.match(ask("captures/00-09 System/00 S/00.00 J/journal.jsonl"), /merge: union/);
});
