/**
 * What a command is, as data: the table in main.ts is made of these, and help, man page, shell
 * completions and the CLI reference are generated from the same fields.
 *
 * Invariants: the answer goes to `io.stdout` (text as strings, bytes that were asked for as
 * they are as Buffers; see safe-output.ts), the talk to `io.stderr`; a command returns its
 * exit code and never calls process.exit; what two commands need lives below cli/, not here.
 */
import type { Writable } from "node:stream";

export interface Argument {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
}

export interface Option {
  /** As commander reads it: `--json`, `-n, --limit <count>`, `--no-site`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string | boolean;
  readonly choices?: readonly string[];
}

/** Where a command reads and writes; a test passes its own. */
export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted on ctrl-C or SIGTERM; long-running commands end tidily and return 0. */
  readonly signal: AbortSignal;
}

export type Options = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly Argument[];
  readonly options?: readonly Option[];
  readonly examples?: readonly string[];
  readonly subcommands?: readonly Command[];
  /** Resolves to the exit code. Throws CodedError; main.ts prints it with its hint. */
  readonly run?: (args: readonly string[], options: Options, io: Io) => Promise<number>;
}
