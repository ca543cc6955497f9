/** Runs a command line in this process and collects what it says: what the tests of `cli/` share. */
import { Writable } from "node:stream";
import { run } from "../../../cli/program.ts";

export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `callnumber ...argv` in the folder `cwd`. */
export async function runCli(
  argv: readonly string[],
  cwd: string,
  signal?: AbortSignal,
): Promise<Said> {
  const out = collector();
  const err = collector();
  const exit = await run(argv, {
    stdout: out.stream,
    stderr: err.stream,
    cwd,
    env: { HOME: cwd },
    signal: signal ?? new AbortController().signal,
  });
  return { exit, stdout: out.text(), stderr: err.text() };
}

function collector() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
