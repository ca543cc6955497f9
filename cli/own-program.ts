/**
 * Where this program and its Node are, for whatever starts them later: units and git hooks.
 *
 * Invariants: all paths absolute; where a link in a usual folder leads to this Node, that link is
 * named, since it outlives an update of Node and the file behind it does not.
 */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders that hold a link to the current Node; the second list is below the home folder. */
const FOLDERS = [
  "/usr/bin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
  "/home/linuxbrew/.linuxbrew/bin",
];
const HOME_FOLDERS = [
  ".local/bin",
  ".nvm/current/bin",
  ".local/share/fnm/aliases/default/bin",
  ".local/share/mise/installs/node/lts/bin",
  ".local/share/mise/installs/node/latest/bin",
];

/** The script that runs this very program, e.g. `/opt/callnumber/cli/main.ts`. */
export function ownMain(): string {
  return realpathSync(fileURLToPath(mainFile()));
}

/** The script for a Node of any age: the launcher of a checkout, else the same as ownMain. */
export function ownLauncher(): string {
  const main = ownMain();
  const launcher = join(main, "..", "launch.mjs");
  return existsSync(launcher) ? launcher : main;
}

/** The Node that runs this program. */
export function ownNode(
  node: string = process.execPath,
  folders: readonly string[] = [...FOLDERS, ...HOME_FOLDERS.map((name) => join(homedir(), name))],
): string {
  return folders.map((folder) => join(folder, "node")).find((path) => same(path, node)) ?? node;
}

function same(path: string, node: string): boolean {
  try {
    return realpathSync(path) === realpathSync(node);
  } catch {
    return false;
  }
}

/** The bin beside this file, in a checkout as in the package. */
function mainFile(): URL {
  return new URL(`./main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
}
