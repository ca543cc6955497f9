/**
 * `callnumber service install | uninstall | status`: systemd units, for the system or (--user) for
 * oneself.
 *
 * What always holds: each file written or removed is named; captures, state and configuration are
 * never removed; a configuration that is there is used as it is. With --root nothing is started:
 * the files go below that folder (images, packages, tests).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../daemon/config/types.ts";
import { firstConfig, plannedFiles, SWITCHED_ON } from "../daemon/systemd/install.ts";
import { type Installation, STATE_FOLDER } from "../daemon/systemd/units.ts";
import { CodedError } from "../record/errors.ts";
import type { Command, Io, Option, Options } from "./command.ts";

const SCOPE: readonly Option[] = [
  { flags: "--user", summary: "for your own account instead of the system" },
  { flags: "--dynamic-user", summary: "no account of its own: systemd makes one while it runs" },
  { flags: "--root <folder>", summary: "below another root; nothing is started or stopped" },
];

const install: Command = {
  name: "install",
  summary: "write the units (again after a change of listen or folders) and start the daemon",
  options: [
    ...SCOPE,
    { flags: "--print", summary: "print the files instead of writing them" },
    { flags: "--no-start", summary: "write them, start nothing" },
  ],
  examples: ["sudo callnumber service install", "callnumber service install --user"],
  run: async (_args, options, io) => {
    const scope = scopeOf(options, io);
    const { at, first } = await installationFor(scope, options, io);
    const files = plannedFiles(at, scope.unitFolder);
    if (options.print === true) {
      for (const { path, text } of files) io.stdout.write(`# ${path}\n${text}\n`);
      return 0;
    }
    checkReach(scope, at);
    if (first !== null) put(scope, at.config, first, io);
    for (const { path, text } of files) put(scope, path, text, io);
    if (scope.kind === "user") makeFolders(scope, [at.captures, at.site]);
    if (scope.root !== "" || options.start === false) return 0;
    if (scope.kind === "system") run(["systemd-sysusers", "callnumber.conf"], io);
    if (scope.kind !== "user") run(["systemd-tmpfiles", "--create", "callnumber.conf"], io);
    systemctl(scope, ["daemon-reload"], io);
    systemctl(scope, ["enable", "--now", ...SWITCHED_ON], io);
    const name = scope.kind === "user" ? "systemctl --user" : "systemctl";
    io.stderr.write(
      `callnumber runs. Build the site when something was filed: ${name} enable --now ` +
        `callnumber-site.path; commit captures daily: ${name} enable --now callnumber-commit.timer\n`,
    );
    return 0;
  },
};

const uninstall: Command = {
  name: "uninstall",
  summary: "stop the daemon and remove the units; captures, state and configuration stay",
  options: SCOPE,
  run: async (_args, options, io) => {
    const scope = scopeOf(options, io);
    const { at } = await installationFor(scope, options, io);
    const files = plannedFiles(at, scope.unitFolder).map(({ path }) => scope.root + path);
    const there = files.filter((path) => existsSync(path));
    if (scope.root === "" && there.length > 0) {
      const units = there.filter((path) => /\.(service|socket|path|timer)$/.test(path));
      const names = units.map((path) => path.slice(path.lastIndexOf("/") + 1));
      systemctl(scope, ["disable", "--now", ...names], io);
    }
    for (const path of there) {
      rmSync(path);
      io.stdout.write(`removed  ${path}\n`);
    }
    if (scope.root === "") systemctl(scope, ["daemon-reload"], io);
    io.stderr.write(`kept: ${at.captures}, ${at.state}, ${at.config}\n`);
    return 0;
  },
};

const status: Command = {
  name: "status",
  summary: "what systemd says about the units; exit 1 where the daemon does not run",
  options: SCOPE.slice(0, 1),
  run: async (_args, options, io) => {
    const scope = scopeOf(options, io);
    const units = ["service", "socket"].map((kind) => `callnumber.${kind}`);
    const args = ["show", "--property=Id,LoadState,ActiveState,SubState,StatusText", ...units];
    const done = spawnSync("systemctl", [...scopeWord(scope), ...args], { encoding: "utf8" });
    if (done.error !== undefined || done.status !== 0) throw failed("systemctl show", done);
    const shown = done.stdout.trim().split("\n\n").map(propertiesOf);
    for (const { Id, LoadState, ActiveState, SubState, StatusText } of shown) {
      const state = LoadState === "loaded" ? `${ActiveState} (${SubState})` : "not installed";
      io.stdout.write(`${Id?.padEnd(20)} ${state}${StatusText ? `: ${StatusText}` : ""}\n`);
    }
    return shown[0]?.ActiveState === "active" ? 0 : 1;
  },
};

export const service: Command = {
  name: "service",
  summary: "run under systemd",
  subcommands: [install, uninstall, status],
};

interface Scope {
  readonly kind: Installation["kind"];
  /** Prefix of every path that is written; empty for this system. */
  readonly root: string;
  readonly home: string;
  readonly unitFolder: string;
  readonly config: string;
}

function scopeOf(options: Options, io: Io): Scope {
  const root = typeof options.root === "string" ? options.root.replace(/\/$/, "") : "";
  const home = io.env.HOME ?? homedir();
  if (options.user === true) {
    const folder = io.env.XDG_CONFIG_HOME ?? join(home, ".config");
    const config = join(folder, "callnumber", "callnumber.yaml");
    return { kind: "user", root, home, unitFolder: join(folder, "systemd", "user"), config };
  }
  if (root === "" && options.print !== true && process.getuid?.() !== 0) {
    throw new CodedError("service-refused", "units of the system are root's to write");
  }
  return {
    kind: options.dynamicUser === true ? "dynamic" : "system",
    root,
    home,
    unitFolder: "/etc/systemd/system",
    config: "/etc/callnumber/callnumber.yaml",
  };
}

/** Where everything is, from the configuration; `first`: its text where there is none yet. */
async function installationFor(
  scope: Scope,
  options: Options,
  io: Io,
): Promise<{ at: Installation; first: string | null }> {
  const named = typeof options.config === "string" ? options.config : scope.config;
  const first = existsSync(scope.root + named) ? null : firstConfig(scope.kind, scope.home);
  const config = await configAt(scope.root + named, first, scope, io);
  const at: Installation = {
    node: process.execPath,
    main: realpathSync(fileURLToPath(mainFile())),
    config: named,
    captures: config.captures,
    state: config.state,
    site: config.site.out,
    repository: dirname(config.captures),
    listen: config.listen.map(({ host, port }) =>
      host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    ),
    drainMs: config.drainMs,
    kind: scope.kind,
  };
  return { at, first };
}

/** The bin beside this file, in a checkout as in the package. */
function mainFile(): URL {
  return new URL(`./main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
}

/** Credentials are not there yet: their values do not matter for where things are. */
async function configAt(path: string, first: string | null, scope: Scope, io: Io): Promise<Config> {
  const { parseConfig } = await import("../daemon/config/parse.ts");
  const { readFileSync } = await import("node:fs");
  const env = { STATE_DIRECTORY: STATE_FOLDER, CREDENTIALS_DIRECTORY: "/", ...io.env };
  const readFile = (name: string) => {
    try {
      return readFileSync(name, "utf8");
    } catch (error) {
      if (name.startsWith("/keys_")) return "later";
      throw error;
    }
  };
  const text = first ?? readFileSync(path, "utf8");
  return parseConfig(text, { path, folder: dirname(scope.config), env, readFile });
}

/** A service account cannot reach into homes (the unit has ProtectHome). */
function checkReach({ kind, root }: Scope, at: Installation): void {
  if (kind === "user") return;
  const programs = root === "" ? [at.node, at.main] : [];
  const hidden = [...programs, at.captures, at.state, at.site].find((path) =>
    /^\/(home|root|run\/user)\//.test(path),
  );
  if (hidden === undefined) return;
  throw new CodedError("service-refused", `${hidden} lies in a home, out of a service's reach`);
}

function put(scope: Scope, path: string, text: string, io: Io): void {
  const target = scope.root + path;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text, { mode: 0o644 });
  io.stdout.write(`written  ${target}\n`);
}

function makeFolders(scope: Scope, folders: readonly string[]): void {
  for (const folder of folders) {
    mkdirSync(scope.root + folder, { recursive: true, mode: 0o700 });
  }
}

function scopeWord({ kind }: Scope): string[] {
  return kind === "user" ? ["--user"] : [];
}

function systemctl(scope: Scope, args: readonly string[], io: Io): void {
  run(["systemctl", ...scopeWord(scope), ...args], io);
}

function run([program = "", ...args]: readonly string[], io: Io): void {
  const done = spawnSync(program, args, { encoding: "utf8" });
  if (done.stderr) io.stderr.write(done.stderr);
  if (done.error !== undefined || done.status !== 0) throw failed(`${program} ${args[0]}`, done);
}

function failed(what: string, done: { error?: Error | undefined; stderr: string | null }) {
  const why = done.error?.message ?? done.stderr?.trim() ?? "";
  return new CodedError("systemd-failed", `${what}: ${why}`);
}

function propertiesOf(block: string): Record<string, string> {
  return Object.fromEntries(
    block
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
