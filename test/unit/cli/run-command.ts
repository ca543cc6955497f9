/** Runs one command over a copy of the committed sample captures and returns what it printed. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command, Io, Options } from "../../../cli/command.ts";

const SAMPLES = fileURLToPath(new URL("../../../captures/90-99 Samples", import.meta.url));

/** A folder of its own with the sample captures in `captures/`. */
export function sampleFolder(t: TestContext): string {
  const cwd = mkdtempSync(join(tmpdir(), "callnumber-cli-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  cpSync(SAMPLES, join(cwd, "captures", "90-99 Samples"), { recursive: true });
  return cwd;
}

export async function runCommand(
  command: Command,
  cwd: string,
  args: string[],
  options: Options = {},
  env: NodeJS.ProcessEnv = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const into = (list: string[]) =>
    new Writable({
      write(chunk, _encoding, done) {
        list.push(String(chunk));
        done();
      },
    });
  const signal = new AbortController().signal;
  const io: Io = { stdout: into(out), stderr: into(err), cwd, env, signal };
  const code = await command.run!(args, options, io);
  const lines = out
    .join("")
    .split("\n")
    .filter((line) => line !== "");
  return {
    code,
    out: out.join(""),
    err: err.join(""),
    json: () => lines.map((line) => JSON.parse(line)),
  };
}
