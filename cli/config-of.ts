/**
 * How a command comes to the configuration. By itself, because `serve` needs nothing else before it
 * listens: what reads captures took a fifth of the modules that it loaded until then.
 */
import type { Config } from "../daemon/config/types.ts";
import type { Io, Options } from "./command.ts";

/** The resolved configuration for `--config`, the environment and the working folder. */
export async function configOf(options: Options, io: Io): Promise<Config> {
  const { loadConfig } = await import("../daemon/config/load.ts");
  const file = typeof options.config === "string" ? { file: options.config } : {};
  return loadConfig({ ...file, env: io.env, cwd: io.cwd });
}
