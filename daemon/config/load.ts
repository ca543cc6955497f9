/**
 * Finds, reads and checks the configuration file.
 *
 * Invariants: no file at all is a working configuration; every problem is reported at once,
 * each with its line and, where one is near, the word that was meant; a value `${ENV}` or `file:…`
 * is put in before anything is checked; the result is frozen. The values of secrets never appear in
 * a message.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CodedError } from "../../record/errors.ts";
import { LIMITS } from "../../record/limits.ts";
import { homesBeside, homesWithoutFile } from "./homes.ts";
import { type ResolveContext, resolveConfig } from "./resolve.ts";
import type { Config } from "./types.ts";

export interface LoadOptions {
  /** From `--config`. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** For commands that read captures: see ResolveContext.withoutSecrets. */
  readonly withoutSecrets?: boolean;
}

/**
 * The configuration that holds. Throws CodedError config-unreadable where a file that was named
 * cannot be read, config-invalid (one line per problem) where one was read and is wrong.
 */
export function loadConfig(options: LoadOptions): Config {
  const path = findConfigFile(options);
  const folder = path === null ? options.cwd : dirname(path);
  const homes = path === null ? homesWithoutFile(options.env, options.cwd) : homesBeside(path);
  const context: ResolveContext = {
    path,
    folder,
    homes,
    env: options.env,
    readFile: (name) => readFileSync(name, "utf8"),
    withoutSecrets: options.withoutSecrets ?? false,
  };
  if (path === null) return resolveConfig({}, context).config;
  // yaml and zod take longer to load than all the rest of the daemon: only where there is a file.
  const parser = import.meta.filename.endsWith(".ts") ? "./parse.ts" : "./parse.js";
  const { parseConfig } = createRequire(import.meta.url)(parser) as typeof import("./parse.ts");
  return parseConfig(readConfigText(path), context);
}

/** Throws CodedError config-unreadable. */
export function readConfigText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > LIMITS.configFileBytes) throw new Error(`${size} bytes are no configuration`);
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as Error).message;
    throw new CodedError("config-unreadable", `${path}: ${why}`, { cause: error });
  }
}

/** The file to read, absolute: the one that was named, else the first that exists, else null. */
export function findConfigFile({ file, env, cwd }: LoadOptions): string | null {
  const named = file ?? env.CALLNUMBER_CONFIG;
  if (named !== undefined && named !== "") return resolve(cwd, named);
  return configSearchPath(env, cwd).find((path) => isFile(path)) ?? null;
}

/** Where a file is looked for when none is named, in this order. */
export function configSearchPath(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string[] {
  const home = env.HOME ?? homedir();
  const user = env.XDG_CONFIG_HOME ?? join(home, ".config");
  const folders = [cwd, env.CONFIGURATION_DIRECTORY, join(user, "callnumber"), "/etc/callnumber"];
  return folders
    .filter((folder) => folder)
    .map((folder) => join(folder as string, "callnumber.yaml"));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
