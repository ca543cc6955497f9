/**
 * `callnumber init`: a commented configuration, git settings for the tree, and a pre-commit hook
 * that looks for secrets.
 *
 * What always holds: a file that exists is not overwritten without --force; .gitignore and
 * .gitattributes are added to, never replaced; each file is named with what was done to it.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { Command, Io } from "./command.ts";
import { ATTRIBUTE_LINES, CONFIG_FILE, IGNORE_LINES, PRE_COMMIT_HOOK } from "./init-files.ts";

type Done = "written" | "replaced" | "added to" | "kept";

/** Writes a file unless there is one. */
function put(path: string, text: string, force: boolean, mode = 0o644): Done {
  const exists = existsSync(path);
  if (exists && (!force || readFileSync(path, "utf8") === text)) return "kept";
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return exists ? "replaced" : "written";
}

/** Adds those lines that a file does not have yet; comments only together with a line. */
function addLines(path: string, text: string): Done {
  const before = existsSync(path) ? readFileSync(path, "utf8") : null;
  const known = new Set(before?.split(/\r?\n/).map((line) => line.trim()));
  const missing = text.split("\n").filter((line) => line !== "" && !known.has(line));
  if (missing.every((line) => line.startsWith("#"))) return "kept";
  if (before === null) {
    writeFileSync(path, text);
    return "written";
  }
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  appendFileSync(path, `${gap}${missing.join("\n")}\n`);
  return "added to";
}

/** The pre-commit hook's path (it respects core.hooksPath and work trees); null outside git. */
function hookPath(cwd: string): string | null {
  try {
    const args = ["rev-parse", "--git-path", "hooks/pre-commit"];
    const said = execFileSync("git", args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
    return resolve(cwd, said.toString().trim());
  } catch {
    return null;
  }
}

function report(io: Io, path: string, done: Done): void {
  const name = relative(io.cwd, path) || path;
  const note = done === "kept" ? " (as it was)" : "";
  io.stdout.write(`${done.padEnd(8)} ${name}${note}\n`);
}

export const init: Command = {
  name: "init",
  summary: "write a commented callnumber.yaml, git settings and a pre-commit secret scan",
  options: [
    { flags: "--force", summary: "replace callnumber.yaml and the pre-commit hook if they exist" },
    { flags: "--no-hook", summary: "write no pre-commit hook" },
  ],
  examples: ["callnumber init"],
  run: async (_args, options, io) => {
    const force = options.force === true;
    const at = (name: string): string => resolve(io.cwd, name);
    report(io, at("callnumber.yaml"), put(at("callnumber.yaml"), CONFIG_FILE, force));
    report(io, at(".gitignore"), addLines(at(".gitignore"), IGNORE_LINES));
    report(io, at(".gitattributes"), addLines(at(".gitattributes"), ATTRIBUTE_LINES));
    if (options.hook === false) return 0;
    const hook = hookPath(io.cwd);
    if (hook === null) {
      io.stderr.write(
        "no git repository here, so no pre-commit hook; run init again after git init\n",
      );
      return 0;
    }
    const done = put(hook, PRE_COMMIT_HOOK, force, 0o755);
    report(io, hook, done);
    if (done === "kept" && readFileSync(hook, "utf8") !== PRE_COMMIT_HOOK) {
      io.stderr.write("the pre-commit hook is another one: add `callnumber scan --staged` to it\n");
    }
    return 0;
  },
};
