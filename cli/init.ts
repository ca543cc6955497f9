/**
 * `callnumber init`: a commented configuration, git settings for the tree, and a pre-commit hook
 * that looks for secrets.
 *
 * Invariants: a file that exists is not overwritten without --force; .gitignore and
 * .gitattributes are added to, never replaced; a hook that somebody else wrote stays as it is, with
 * a word on what to add; each file is named with what was done to it.
 */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { toolCheckoutAround } from "../daemon/config/homes.ts";
import { CodedError } from "../record/errors.ts";
import type { Command, Io, Options } from "./command.ts";
import {
  ATTRIBUTE_LINES,
  CONFIG_FILE,
  HOOK_MARK,
  hookLine,
  IGNORE_LINES,
  preCommitHook,
  shellWord,
} from "./init-files.ts";
import { ownLauncher, ownNode } from "./own-program.ts";

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

/** Where git looks for the pre-commit hook of a folder, and who set that place. */
interface HookPlace {
  readonly path: string;
  /** For all repositories of this user or machine: not ours to write into. */
  readonly shared: boolean;
}

/** Respects core.hooksPath, linked work trees and submodules; null outside of git. */
function hookPlace(folder: string): HookPlace | null {
  const path = git(folder, ["rev-parse", "--git-path", "hooks/pre-commit"]);
  if (path === null) return null;
  const scope = git(folder, ["config", "--show-scope", "--get", "core.hooksPath"]) ?? "";
  return { path: resolve(folder, path), shared: /^(?:global|system)\s/.test(scope) };
}

function git(cwd: string, args: readonly string[]): string | null {
  // Asked about a folder, not about the hook or alias in which somebody may run this.
  const env = Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG)/.test(name));
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    const options = { cwd, env: Object.fromEntries(env), stdio: [...stdio] };
    return execFileSync("git", [...args], options)
      .toString()
      .trim();
  } catch {
    return null;
  }
}

/** Writes our hook, or says what to add to another's. */
function putHook(folder: string, io: Io): void {
  const place = hookPlace(folder);
  if (place === null) {
    io.stderr.write(
      `no git repository here, so no pre-commit hook: \`git init ${shellWord(folder)}\`, then init again\n`,
    );
    return;
  }
  const program = [ownNode(), ownLauncher()] as const;
  const exists = existsSync(place.path);
  const text = exists ? readFileSync(place.path, "utf8") : "";
  if (!text.includes(HOOK_MARK) && (exists || place.shared)) {
    if (exists) report(io, place.path, "kept");
    if (text.includes("scan --staged")) return;
    const why = place.shared
      ? "git takes the hooks of all your repositories from there (core.hooksPath)"
      : "the pre-commit hook is another one";
    io.stderr.write(
      `${why}, so it stays as it is. Until you add this line to ${place.path}, commits are not ` +
        `scanned:\n  ${hookLine(...program)}\n`,
    );
    return;
  }
  const top = git(folder, ["rev-parse", "--show-toplevel"]) ?? folder;
  const config = relative(top, join(realpathSync(folder), "callnumber.yaml"));
  report(io, place.path, put(place.path, preCommitHook(...program, config), true, 0o755));
  chmodSync(place.path, 0o755);
}

function report(io: Io, path: string, done: Done): void {
  const name = relative(io.cwd, path) || path;
  const note = done === "kept" ? " (as it was)" : "";
  io.stdout.write(`${done.padEnd(8)} ${name}${note}\n`);
}

function writeAll(folder: string, options: Options, io: Io): void {
  const at = (name: string): string => resolve(folder, name);
  mkdirSync(folder, { recursive: true });
  const config = at("callnumber.yaml");
  report(io, config, put(config, CONFIG_FILE, options.force === true));
  report(io, at(".gitignore"), addLines(at(".gitignore"), IGNORE_LINES));
  report(io, at(".gitattributes"), addLines(at(".gitattributes"), ATTRIBUTE_LINES));
  if (options.hook !== false) putHook(folder, io);
}

export const init: Command = {
  name: "init",
  summary: "write a commented callnumber.yaml, git settings and a pre-commit secret scan",
  arguments: [{ name: "folder", summary: "where captures shall be; this one without it" }],
  options: [
    { flags: "--force", summary: "replace callnumber.yaml if it exists" },
    { flags: "--no-hook", summary: "write no pre-commit hook" },
  ],
  examples: ["callnumber init ~/calls", "callnumber init"],
  run: async (args, options, io) => {
    const folder = resolve(io.cwd, args[0] ?? ".");
    const tool = toolCheckoutAround(folder);
    if (tool !== null) throw new CodedError("init-refused", `${tool} is a checkout of callnumber`);
    try {
      writeAll(folder, options, io);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw code === undefined ? cause : new CodedError("init-refused", message, { cause });
    }
    if (folder !== resolve(io.cwd)) {
      const config = shellWord(join(folder, "callnumber.yaml"));
      io.stderr.write(`for all commands of a shell: export CALLNUMBER_CONFIG=${config}\n`);
    }
    return 0;
  },
};
