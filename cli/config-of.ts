/**
 * How a command comes to the configuration. By itself, because `serve` needs nothing else before it
 * listens: what reads captures took a fifth of the modules that it loaded until then.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import type { Io, Options } from "./command.ts";

/** For the daemon: the configuration for `--config`, the environment and the working folder. */
export async function daemonConfigOf(options: Options, io: Io): Promise<Config> {
  const { loadConfig } = await import("../daemon/config/load.ts");
  return loadConfig(sourceOf(options, io));
}

/**
 * The same for a command that works on captures: without the secrets, which may be another user's
 * to read; in callnumber's own checkout, while nothing is recorded yet, over its samples.
 */
export async function configOf(options: Options, io: Io): Promise<Config> {
  const { loadConfig } = await import("../daemon/config/load.ts");
  const config = loadConfig({ ...sourceOf(options, io), withoutSecrets: true });
  const samples = join(io.cwd, "captures");
  if (config.path !== null || existsSync(config.captures) || !existsSync(samples)) return config;
  return { ...config, captures: samples };
}

function sourceOf(options: Options, io: Io) {
  const file = typeof options.config === "string" ? { file: options.config } : {};
  return { ...file, env: io.env, cwd: io.cwd };
}
