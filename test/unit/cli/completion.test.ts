/** The completions and the man page: run by the shells themselves, where those are installed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { allCommands } from "../../../cli/commands.ts";
import { completions } from "../../../cli/completion-scripts.ts";
import { manPage } from "../../../cli/man-page.ts";
import { runCommandLine } from "./command-line.ts";

const commands = await allCommands();
const scripts = completions(commands);

function bashOffers(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const script = `${scripts.bash}
COMP_WORDS=(callnumber ${line}); COMP_CWORD=${words.length}; _callnumber; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const done = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", cwd: "/proc/self" });
  assert.equal(done.stderr, "");
  return done.stdout.trim().split("\n");
}

test("bash offers commands, then subcommands, then the options of where one is", () => {
  assert.ok(bashOffers("ser").includes("serve"));
  assert.ok(bashOffers("ser").includes("service"));
  assert.deepEqual(bashOffers("site", "b"), ["build"]);
  assert.deepEqual(bashOffers("site", "build", "--a"), ["--all"]);
  assert.deepEqual(bashOffers("site", "build", "--no-such"), [""]);
});

test("every command of the table stands in every script and on the man page", () => {
  const page = manPage(commands, "1.2.3");
  for (const { name, summary } of commands) {
    for (const [shell, text] of Object.entries(scripts)) assert.ok(text.includes(name), shell);
    assert.ok(page.includes(`callnumber ${name.replaceAll("-", "\\-")}`), name);
    assert.ok(page.includes(summary.slice(0, 12).replaceAll("-", "\\-")), name);
  }
});

for (const [shell, check] of [
  ["bash", "-n"],
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  test(`${shell} reads its script without complaint`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "callnumber-completion-"));
    const file = join(folder, `callnumber.${shell}`);
    writeFileSync(file, scripts[shell]);
    const done = spawnSync(shell, [check, file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    if (done.error !== undefined) return t.skip(`no ${shell} here`);
    assert.deepEqual([done.status, done.stderr], [0, ""]);
  });
}

test("no summary can become a macro of the man page", () => {
  const page = manPage([{ name: "x", summary: ".so /etc/passwd \\n" }], "1");
  assert.match(page, /^\\&\.so \/etc\/passwd \\en$/m);
});

test("an unknown shell is refused with the known ones", async () => {
  const { code, stderr } = await runCommandLine(["completion", "tcsh"], "/");
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
