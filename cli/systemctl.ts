/** Runs systemd's programs and says what they said. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { CodedError } from "../record/errors.ts";
import type { Io } from "./command.ts";

/** Runs `systemctl`, with `--user` for a user's units; throws CodedError systemd-failed. */
export function systemctl(user: boolean, args: readonly string[], io: Io): string {
  return runProgram(["systemctl", ...(user ? ["--user"] : []), ...args], io, userBus(user, io));
}

/** Runs a program; its standard output. Throws CodedError systemd-failed. */
export function runProgram(command: readonly string[], io: Io, env = io.env): string {
  const [program = "", ...args] = command;
  const done = spawnSync(program, args, { encoding: "utf8", env: { ...env } });
  if (done.stderr) io.stderr.write(done.stderr);
  if (done.error === undefined && done.status === 0) return done.stdout;
  const why = done.error?.message ?? done.stderr.trim();
  throw new CodedError("systemd-failed", `${program} ${args.join(" ")}: ${why}`);
}

/** After `su` or in a job the variable that leads to the user's own manager is missing. */
function userBus(user: boolean, io: Io): Io["env"] {
  const folder = `/run/user/${process.getuid?.()}`;
  if (!user || io.env.XDG_RUNTIME_DIR !== undefined || !existsSync(folder)) return io.env;
  return { ...io.env, XDG_RUNTIME_DIR: folder };
}

/** Whether this machine was booted with systemd: sd_booted(3). */
export function isBooted(): boolean {
  return existsSync("/run/systemd/system");
}
