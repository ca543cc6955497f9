/** Runs one command line in this process and collects what it says. */
import { Writable } from "node:stream";
import { run } from "../../../cli/program.ts";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommandLine(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Said> {
  const [stdout, stderr] = [new Text(), new Text()];
  const { signal } = new AbortController();
  const code = await run(argv, { stdout, stderr, cwd, env, signal });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Text extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
