/**
 * What `service` works on: the system's units or a user's, the configuration they are for, and
 * where everything of that configuration is.
 *
 * Invariants: a path in an Installation is absolute, and is what the daemon itself makes of the
 * same configuration file (its own parser, its own rule for relative paths). Nothing is chosen in
 * silence: the configuration that counts is named, and two that could count are an error.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { homesBeside, SYSTEM_STATE, userHomes } from "../daemon/config/homes.ts";
import type { Config } from "../daemon/config/types.ts";
import { firstConfig } from "../daemon/systemd/install.ts";
import {
  CREDENTIALS_FOLDER,
  type GitPlace,
  type Installation,
  placesIn,
} from "../daemon/systemd/units.ts";
import { CodedError } from "../record/errors.ts";
import type { Io, Options } from "./command.ts";
import { ownMain, ownNode } from "./own-program.ts";

export interface Scope {
  readonly kind: Installation["kind"];
  /** Prefix of every path that is written; empty for this system. */
  readonly root: string;
  readonly unitFolder: string;
  /** The configuration where none is named. */
  readonly config: string;
}

export function scopeOf(options: Options, io: Io): Scope {
  const root = typeof options.root === "string" ? resolve(io.cwd, options.root) : "";
  if (options.user === true) {
    const folder = io.env.XDG_CONFIG_HOME || join(io.env.HOME || homedir(), ".config");
    const config = join(folder, "callnumber", "callnumber.yaml");
    return { kind: "user", root, unitFolder: join(folder, "systemd", "user"), config };
  }
  const kind = options.dynamicUser === true ? "dynamic" : "system";
  const config = "/etc/callnumber/callnumber.yaml";
  return { kind, root, unitFolder: "/etc/systemd/system", config };
}

/** What the units that are there were written for; null where there are none. */
export function installedPlaces({ root, unitFolder }: Scope): Record<string, string> | null {
  const path = join(root + unitFolder, "callnumber.service");
  if (!existsSync(path)) return null;
  return placesIn(readFileSync(path, "utf8"));
}

/** The configuration file to install for, absolute (below `root`, where there is one). */
export function chosenConfig(scope: Scope, options: Options, io: Io): string {
  const { root, config: usual } = scope;
  const named = typeof options.config === "string" ? options.config : io.env.CALLNUMBER_CONFIG;
  if (named) {
    const path = resolve(io.cwd, named);
    const below = root !== "" && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
    if (below !== usual && !existsSync(root + below)) {
      throw new CodedError("config-unreadable", `${root}${below}: no such file`);
    }
    return below;
  }
  const installed = installedPlaces(scope)?.config;
  const here = join(io.cwd, "callnumber.yaml");
  if (root === "" && existsSync(here)) {
    if (installed === undefined || installed === here) return here;
    const message = `the units that are there use ${installed}, and this folder has a callnumber.yaml`;
    throw new CodedError("service-refused", `${message}: say with --config which one counts`);
  }
  if (installed === undefined || existsSync(root + installed)) return installed ?? usual;
  if (installed === usual) return usual;
  const message = `the units that are there use ${installed}, which is gone`;
  throw new CodedError("service-refused", `${message}: name another with --config`);
}

export interface Planned {
  readonly at: Installation;
  /** Text of a first configuration, where there is none yet. */
  readonly first: string | null;
  /** What the service will lack, a sentence each. */
  readonly notes: readonly string[];
}

/** Throws what reading a configuration throws. */
export async function installationFor(scope: Scope, path: string, io: Io): Promise<Planned> {
  const exists = existsSync(scope.root + path);
  const first = exists ? null : firstConfig(scope.kind, userHomes(io.env));
  const { config, notes } = await readAsService(scope, path, first, io);
  const { captures, state, drainMs } = config;
  const at: Installation = {
    node: ownNode(),
    main: ownMain(),
    config: path,
    captures,
    state,
    site: config.site.out,
    git: scope.root === "" ? gitPlace(captures) : plainPlace(captures),
    listen: config.listen.map(socketAddress),
    drainMs,
    kind: scope.kind,
  };
  return { at, first, notes };
}

/** The configuration as the daemon will see it in its unit, except for what it gets only there. */
async function readAsService(scope: Scope, path: string, first: string | null, io: Io) {
  const { parseConfig } = await import("../daemon/config/parse.ts");
  const { readConfigText } = await import("../daemon/config/load.ts");
  const credentials = "/run/credentials/callnumber.service";
  const given = {
    HOME: scope.kind === "user" ? io.env.HOME || homedir() : SYSTEM_STATE,
    ...(scope.kind !== "user" && { CREDENTIALS_DIRECTORY: credentials }),
    STATE_DIRECTORY: scope.kind === "dynamic" ? SYSTEM_STATE : undefined,
  };
  const asked = new Set<string>();
  const notes: string[] = [];
  const all: Record<string, string | undefined> = { ...io.env, ...given };
  const env = new Proxy(all, {
    get: (target, name) => {
      if (!(name in given) && typeof name === "string") asked.add(name);
      return Reflect.get(target, name) as string | undefined;
    },
  });
  const readFile = (name: string) => {
    if (!name.startsWith(`${credentials}/keys_`)) return readFileSync(scope.root + name, "utf8");
    const key = name.slice(`${credentials}/keys_`.length);
    if (!existsSync(join(scope.root + CREDENTIALS_FOLDER, key)))
      notes.push(`${join(CREDENTIALS_FOLDER, key)} is not there yet`);
    return "a-key-that-only-the-service-reads";
  };
  const text = first ?? readConfigText(scope.root + path);
  const context = { path, folder: dirname(path), homes: homesBeside(path), env, readFile };
  const config: Config = parseConfig(text, { ...context, withoutSecrets: true });
  for (const name of asked) {
    notes.push(
      `${path} reads $${name}, which a service does not have by itself: set it in a drop-in ` +
        `(systemctl ${scope.kind === "user" ? "--user " : ""}edit callnumber), or use file:`,
    );
  }
  return { config, notes };
}

/** As systemd takes it: no names, since nothing may resolve them when sockets are opened. */
function socketAddress({ host, port }: Config["listen"][number]): string {
  const address = host === "localhost" ? "127.0.0.1" : host;
  if (address.includes(":")) return `[${address}]:${port}`;
  if (/^[\d.]+$/.test(address)) return `${address}:${port}`;
  const message = `listen: ${host}:${port} is a name, and the socket unit needs an address`;
  throw new CodedError("service-refused", message);
}

function plainPlace(captures: string): GitPlace {
  return { top: dirname(captures), captures, folders: [] };
}

/** The repository around a folder that may not be there yet; links resolved, as git has them. */
export function gitPlace(captures: string): GitPlace {
  const real = realOf(captures);
  const there = nearest(real);
  const ask = ["--show-toplevel", "--git-dir", "--git-common-dir"];
  const args = ["-c", "safe.directory=*", "-C", there, "rev-parse", "--path-format=absolute"];
  // Asked about a folder, not about the hook or alias in which somebody may run this.
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  try {
    const said = execFileSync("git", [...args, ...ask], {
      env: { ...Object.fromEntries(env), GIT_CONFIG_COUNT: "1", ...SAFE },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [top = "", ...folders] = said.toString().trim().split("\n");
    const outside = folders.filter((folder) => !`${folder}/`.startsWith(`${top}/`));
    return { top, captures: real, folders: [...new Set(outside)] };
  } catch {
    return plainPlace(real);
  }
}

/** Any owner's repository may be asked where it is. */
const SAFE = { GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };

/** The path without links, also where its end does not exist yet. */
export function realOf(path: string): string {
  const there = nearest(path);
  return realpathSync(there) + path.slice(there === "/" ? 0 : there.length);
}

export function nearest(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearest(dirname(path));
}
