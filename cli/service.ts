/**
 * `callnumber service install | uninstall | status`: systemd units, for the system or (--user) for
 * oneself.
 *
 * Invariants: each file written or removed is named; captures, state and configuration are
 * never removed; a configuration that is there is used as it is. With --root nothing is started:
 * the files go below that folder (images, packages, tests).
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { installedPaths, plannedFiles, SWITCHED_ON } from "../daemon/systemd/install.ts";
import { ACCOUNT, type Installation } from "../daemon/systemd/units.ts";
import { CodedError } from "../record/errors.ts";
import type { Command, Io, Option } from "./command.ts";
import { shellWord } from "./init-files.ts";
import { checkReach } from "./service-reach.ts";
import {
  chosenConfig,
  installationFor,
  installedPlaces,
  type Scope,
  scopeOf,
} from "./service-scope.ts";
import { isBooted, runProgram, systemctl } from "./systemctl.ts";

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
    const config = chosenConfig(scope, options, io);
    const { at, first, notes } = await installationFor(scope, config, io);
    const files = plannedFiles(at, scope.unitFolder);
    io.stderr.write(`configuration: ${at.config}${first === null ? "" : " (a first one)"}\n`);
    if (options.print === true) {
      for (const { path, text } of files) io.stdout.write(`# ${path}\n${text}\n`);
      return 0;
    }
    checkMachine(scope, io);
    checkReach(scope, at);
    const starts = scope.root === "" && options.start !== false;
    if (starts && !isBooted()) {
      const message = "this machine was not booted with systemd, so no unit can be started";
      throw new CodedError("systemd-failed", message);
    }
    if (first !== null) put(scope, at.config, first, io);
    const written = files.filter(({ path, text }) => put(scope, path, text, io));
    if (scope.kind === "user") makeFolders(scope, [at.captures, at.site]);
    for (const note of notes) io.stderr.write(`note: ${note}\n`);
    if (!starts) return 0;
    start(
      scope,
      written.map(({ path }) => path),
      io,
    );
    for (const line of nextSteps(at)) io.stderr.write(`${line}\n`);
    return 0;
  },
};

const uninstall: Command = {
  name: "uninstall",
  summary: "stop the daemon and remove the units; captures, state and configuration stay",
  options: SCOPE,
  run: async (_args, options, io) => {
    const scope = scopeOf(options, io);
    checkMachine(scope, io);
    const { node: _, main: __, ...places } = installedPlaces(scope) ?? {};
    const paths = installedPaths(scope).map((path) => scope.root + path);
    const there = paths.filter((path) => existsSync(path));
    if (scope.root === "" && there.length > 0) {
      const units = there.filter((path) => /\.(service|socket|path|timer)$/.test(path));
      const names = units.map((path) => path.slice(path.lastIndexOf("/") + 1));
      if (names.length > 0) systemctl(scope.kind === "user", ["disable", "--now", ...names], io);
    }
    for (const path of there) {
      rmSync(path);
      io.stdout.write(`removed  ${path}\n`);
    }
    if (scope.root === "" && there.length > 0) {
      systemctl(scope.kind === "user", ["daemon-reload"], io);
      // A build that the stop cut short would stay listed as failed.
      systemctl(scope.kind === "user", ["reset-failed", "callnumber*"], io);
    }
    const kept = Object.values(places);
    if (there.length === 0) io.stderr.write("no units were there\n");
    if (kept.length > 0) io.stderr.write(`kept: ${kept.join(", ")}\n`);
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
    const said = systemctl(scope.kind === "user", args, io);
    const shown = said.trim().split("\n\n").map(propertiesOf);
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

/** Writes a file; false where it was there just so. */
function put(scope: Scope, path: string, text: string, io: Io): boolean {
  const target = scope.root + path;
  if (existsSync(target) && readFileSync(target, "utf8") === text) return false;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text, { mode: 0o644 });
  io.stdout.write(`written  ${target}\n`);
  return true;
}

/** What is there and not switched on, as commands to paste. */
function nextSteps({ kind, captures, git: { top } }: Installation): string[] {
  const enable = `systemctl ${kind === "user" ? "--user " : ""}enable --now`;
  const folder = shellWord(top);
  const own = kind === "user" ? "" : ` && chown -R ${ACCOUNT}: ${shellWord(`${top}/.git`)}`;
  const init = existsSync(`${top}/.git`) ? "" : `git init ${folder}${own} && `;
  return [
    `callnumber runs and records into ${captures}`,
    `build the site when something was filed: ${enable} callnumber-site.path`,
    ...(kind === "dynamic"
      ? []
      : [`commit captures daily: ${init}${enable} callnumber-commit.timer`]),
    ...(kind === "user" ? ["run it also while you are not logged in: loginctl enable-linger"] : []),
  ];
}

function makeFolders({ root }: Scope, folders: readonly string[]): void {
  for (const folder of folders) mkdirSync(root + folder, { recursive: true, mode: 0o700 });
}

/**
 * Switches on what is new, and makes what runs already take the new units. A socket cannot be
 * opened anew below a running daemon, so both end first where the socket's unit has changed.
 */
function start(scope: Scope, written: readonly string[], io: Io): void {
  const user = scope.kind === "user";
  if (scope.kind === "system") runProgram(["systemd-sysusers", "callnumber.conf"], io);
  if (!user) runProgram(["systemd-tmpfiles", "--create", "callnumber.conf"], io);
  systemctl(user, ["daemon-reload"], io);
  const changed = (name: string) => written.some((path) => path.endsWith(`/${name}`));
  if (changed("callnumber.socket")) systemctl(user, ["stop", ...SWITCHED_ON], io);
  else if (changed("callnumber.service"))
    systemctl(user, ["try-restart", "callnumber.service"], io);
  systemctl(user, ["enable", "--now", ...SWITCHED_ON], io);
  const watchers = ["callnumber-site.path", "callnumber-site.timer", "callnumber-commit.timer"];
  const stale = watchers.filter(changed);
  if (stale.length > 0) systemctl(user, ["try-restart", ...stale], io);
}

/** Refuses before anything is written. */
function checkMachine(scope: Scope, io: Io): void {
  if (scope.root !== "") return;
  const root = process.getuid?.() === 0;
  if (scope.kind !== "user" && !root) {
    throw new CodedError("service-refused", "units of the system are root's to write");
  }
  if (scope.kind === "user" && root && io.env.SUDO_USER !== undefined) {
    const message = `with sudo, --user means root: as ${io.env.SUDO_USER}, run it without`;
    throw new CodedError("service-refused", message);
  }
}

function propertiesOf(block: string): Record<string, string> {
  return Object.fromEntries(
    block
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
