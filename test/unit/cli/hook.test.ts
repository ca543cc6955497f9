/**
 * The pre-commit hook that `init` writes, run by git itself in the places where people commit: it
 * lets a clean commit pass and refuses a credential, wherever the repository, the program and Node
 * are; and where it cannot look, it refuses and says why.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { init } from "../../../cli/init.ts";
import { preCommitHook } from "../../../cli/init-files.ts";
import { ownLauncher, ownNode } from "../../../cli/own-program.ts";
import { scan } from "../../../cli/scan.ts";
import { runCommand } from "./run-command.ts";

const SECRET = `sk-ant-api03-${"aB3dE6gH9jK2".repeat(8)}AA`;

/** A folder whose programs are git and a shell's, as a desktop program might have them. */
function poorPath(root: string): string {
  const bin = join(root, "bin");
  mkdirSync(bin, { recursive: true });
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const name of ["git", "sh", "env"]) {
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    symlinkSync(found!, join(bin, name));
  }
  return bin;
}

function scene(t: TestContext, name = "calls") {
  const root = mkdtempSync(join(tmpdir(), "callnumber-hook-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const env = {
    HOME: root,
    PATH: poorPath(root),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "ann",
    GIT_AUTHOR_EMAIL: "ann@example.org",
    GIT_COMMITTER_NAME: "ann",
    GIT_COMMITTER_EMAIL: "ann@example.org",
  };
  const git = (cwd: string, ...args: string[]) => {
    const done = spawnSync("git", args, { cwd, env, encoding: "utf8" });
    return { code: done.status, said: done.stdout + done.stderr };
  };
  const repo = join(root, name);
  mkdirSync(repo);
  assert.equal(git(repo, "init", "-q").code, 0);
  const commit = (cwd: string, text: string) => {
    writeFileSync(join(cwd, "a file.jsonl"), `${text}\n`);
    git(cwd, "add", "--all");
    return git(cwd, "commit", "-q", "-m", "captures");
  };
  return { root, env, git, repo, commit };
}

function scans({ commit }: ReturnType<typeof scene>, cwd: string) {
  const refused = commit(cwd, `{"text":"${SECRET}"}`);
  assert.equal(refused.code, 1, refused.said);
  assert.match(refused.said, /a file\.jsonl:1.*anthropic/);
  const clean = commit(cwd, '{"text":"hello"}');
  assert.equal(clean.code, 0, clean.said);
}

test("in a repository of one's own it lets clean captures pass and refuses a key", async (t) => {
  for (const name of ["calls", 'my calls\' "$HOME" `x`']) {
    const at = scene(t, name);
    await runCommand(init, at.root, [at.repo]);
    scans(at, at.repo);
  }
});

test("init in a folder inside of a repository guards the whole of it", async (t) => {
  const at = scene(t);
  await runCommand(init, at.repo, ["deep/calls"]);
  assert.ok(existsSync(join(at.repo, "deep/calls/callnumber.yaml")));
  scans(at, at.repo);
  // The list of reviewed finds is the one beside the captures of that folder.
  const secret = join(at.repo, "deep/calls/captures/a file.jsonl");
  mkdirSync(join(secret, ".."), { recursive: true });
  writeFileSync(secret, `{"text":"${SECRET}"}\n`);
  const { out } = await runCommand(scan, join(at.repo, "deep/calls"), [], { json: true });
  const options = { allow: JSON.parse(out).fingerprint, reason: "made up for a test" };
  await runCommand(scan, join(at.repo, "deep/calls"), [], options);
  at.git(at.repo, "add", "--all");
  const allowed = at.git(at.repo, "commit", "-q", "-m", "allowed");
  assert.equal(allowed.code, 0, allowed.said);
});

test("it holds in a linked work tree and in a submodule", async (t) => {
  const at = scene(t);
  await runCommand(init, at.repo, []);
  at.commit(at.repo, "{}");
  const linked = join(at.root, "linked");
  assert.equal(at.git(at.repo, "worktree", "add", "-q", linked).code, 0);
  scans(at, linked);
  const outer = join(at.root, "outer");
  mkdirSync(outer);
  at.git(outer, "init", "-q");
  const add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", at.repo, "inner"];
  // `git submodule` is a script that wants more programs than the hook does.
  const rich = { ...at.env, PATH: process.env.PATH };
  assert.equal(spawnSync("git", add, { cwd: outer, env: rich }).status, 0);
  await runCommand(init, join(outer, "inner"), []);
  scans(at, join(outer, "inner"));
});

test("it is written where core.hooksPath of the repository leads", async (t) => {
  const at = scene(t);
  at.git(at.repo, "config", "core.hooksPath", ".hooks");
  await runCommand(init, at.repo, []);
  scans(at, at.repo);
});

test("hooks for all repositories of a user are left alone, and the line to add is printed", async (t) => {
  const at = scene(t);
  const shared = join(at.root, "shared-hooks");
  const before = process.env.GIT_CONFIG_GLOBAL;
  process.env.GIT_CONFIG_GLOBAL = join(at.root, ".gitconfig");
  t.after(() => {
    if (before === undefined) delete process.env.GIT_CONFIG_GLOBAL;
    else process.env.GIT_CONFIG_GLOBAL = before;
  });
  at.git(at.repo, "config", "--global", "core.hooksPath", shared);
  const { err } = await runCommand(init, at.repo, []);
  assert.ok(!existsSync(shared));
  const line = /commits are not scanned:\n {2}(.*)\n/.exec(err)?.[1];
  assert.ok(line, err);
  mkdirSync(shared);
  writeFileSync(join(shared, "pre-commit"), `#!/bin/sh\n${line}\n`);
  chmodSync(join(shared, "pre-commit"), 0o755);
  scans(at, at.repo);
  assert.doesNotMatch((await runCommand(init, at.repo, [])).err, /not scanned/);
});

test("another's hook stays, also with --force; the line that is printed makes it scan", async (t) => {
  const at = scene(t);
  const hook = join(at.repo, ".git/hooks/pre-commit");
  mkdirSync(join(at.repo, ".git/hooks"), { recursive: true });
  writeFileSync(hook, "#!/bin/sh\necho mine\n", { mode: 0o755 });
  const { err } = await runCommand(init, at.repo, [], { force: true });
  assert.equal(readFileSync(hook, "utf8"), "#!/bin/sh\necho mine\n");
  writeFileSync(hook, `#!/bin/sh\n${/\n {2}(\S.*)\n/.exec(err)?.[1]}\necho mine\n`);
  scans(at, at.repo);
});

test("a hook that an earlier init wrote is brought up to date", async (t) => {
  const at = scene(t);
  const hook = join(at.repo, ".git/hooks/pre-commit");
  mkdirSync(join(at.repo, ".git/hooks"), { recursive: true });
  writeFileSync(hook, "#!/bin/sh\n# Written by callnumber init: no commit …\nexit 1\n");
  assert.match((await runCommand(init, at.repo, [])).out, /replaced +\.git\/hooks\/pre-commit/);
  scans(at, at.repo);
});

test("where the program, or every Node, is gone it refuses, says why and what to do", async (t) => {
  const at = scene(t);
  const hook = join(at.repo, ".git/hooks/pre-commit");
  const put = (node: string, program: string) => {
    mkdirSync(join(at.repo, ".git/hooks"), { recursive: true });
    writeFileSync(hook, preCommitHook(node, program, "callnumber.yaml"), { mode: 0o755 });
  };
  put(ownNode(), "/gone/main.js");
  const moved = at.commit(at.repo, "{}");
  assert.equal(moved.code, 1);
  assert.match(
    moved.said,
    /\/gone\/main\.js is gone, so nothing was scanned.*refused\n.*callnumber init/,
  );
  // Another Node is found where a version manager keeps it.
  put("/gone/node", ownLauncher());
  const kept = join(at.root, ".nvm/versions/node/v99.0.0/bin");
  mkdirSync(kept, { recursive: true });
  symlinkSync(process.execPath, join(kept, "node"));
  scans(at, at.repo);
});

test("in the program's own checkout init writes nothing and names what to do", async (t) => {
  const at = scene(t);
  mkdirSync(join(at.repo, "cli"));
  writeFileSync(join(at.repo, "cli/launch.mjs"), "");
  for (const args of [[], ["mine"]]) {
    await assert.rejects(runCommand(init, at.repo, args), { code: "init-refused" });
  }
  assert.ok(!existsSync(join(at.repo, "callnumber.yaml")));
  assert.ok(!existsSync(join(at.repo, "mine")));
});
