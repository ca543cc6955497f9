/**
 * Where captures, state and site are when nothing says so.
 *
 * Invariants:
 * - beside a configuration file, paths are relative to that file; state of a file in /etc is in /var;
 * - without a file, calls go to the home folders that the XDG base directory specification names,
 *   never into a folder that merely happens to be the current one: a project, or callnumber's own
 *   checkout, which git would publish with the program;
 * - a current folder that has captures/ already is what its owner means (and kept working).
 */
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Folders, absolute or relative to the configuration file. */
export interface Homes {
  readonly captures: string;
  readonly state: string;
  readonly site: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export const SYSTEM_STATE = "/var/lib/callnumber";

export function homesBeside(configFile: string): Homes {
  const state = configFile.startsWith("/etc/") ? SYSTEM_STATE : ".callnumber";
  return { captures: "captures", state, site: "dist" };
}

export function homesWithoutFile(env: Env, cwd: string): Homes {
  const here = join(cwd, "captures");
  if (isFolder(here) && !isToolCheckout(cwd)) {
    return { captures: here, state: join(cwd, ".callnumber"), site: join(cwd, "dist") };
  }
  return userHomes(env);
}

/** The folders of this user: https://specifications.freedesktop.org/basedir-spec/latest/ */
export function userHomes(env: Env): Homes {
  const home = env.HOME || homedir();
  const data = join(env.XDG_DATA_HOME || join(home, ".local", "share"), "callnumber");
  const state = join(env.XDG_STATE_HOME || join(home, ".local", "state"), "callnumber");
  return { captures: join(data, "captures"), state, site: join(data, "site") };
}

/** Whether a folder is a checkout of callnumber itself. */
export function isToolCheckout(folder: string): boolean {
  return existsSync(join(folder, "cli", "launch.mjs"));
}

/** The checkout of callnumber whose git would commit this folder; null where there is none. */
export function toolCheckoutAround(folder: string): string | null {
  if (isToolCheckout(folder)) return folder;
  const parent = dirname(folder);
  return parent === folder || existsSync(join(folder, ".git")) ? null : toolCheckoutAround(parent);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
