/** Runs one command over a copy of the committed sample captures and returns what it printed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { TestContext } from "node:test";
import type { Command, Io, Options } from "../../../cli/command.ts";
import { copySamples } from "../../samples/sample-tree.ts";

/** A folder of its own with the sample captures in `captures/`. */
export function sampleFolder(t: TestContext): string {
  const cwd = mkdtempSync(join(tmpdir(), "callnumber-cli-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  copySamples(cwd);
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
  // A home of its own: without a configuration calls go there.
  const own = { HOME: cwd, ...env };
  const io: Io = { stdout: into(out), stderr: into(err), cwd, env: own, signal };
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
