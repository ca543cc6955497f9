/**
 * One command line from argv to exit code. Help, errors and exit codes are the same for all.
 *
 * Invariants: the answer on stdout, the talk on stderr, both through SafeOutput; what was
 * mistyped ends with 2 and the nearest that is known; a CodedError ends with its own exit code and its hint, anything else with 70
 * (an internal error) and a stack. Only the command that is asked for is loaded, so that `serve`
 * does not pay for the site.
 */
import { Command as Commander, CommanderError } from "commander";
import { CodedError } from "../record/errors.ts";
import type { Command, Io } from "./command.ts";
import { commandsFor } from "./commands.ts";
import { inLine } from "./printable.ts";
import { SafeOutput } from "./safe-output.ts";
import { version } from "./version.ts";

/** Exit code of a command line that cannot be what was meant, as of most programs. */
const MISTYPED = 2;

/** Runs one command line. Resolves to the exit code; never throws and never exits. */
export async function run(argv: readonly string[], raw: Io): Promise<number> {
  const io = { ...raw, stdout: new SafeOutput(raw.stdout), stderr: new SafeOutput(raw.stderr) };
  let exit = 0;
  const program = new Commander("callnumber")
    .description(
      "A flight recorder for LLM traffic: every request and response, in full, as files.",
    )
    .version(version(), "-V, --version")
    .option("-c, --config <file>", "configuration file (default: see docs/config.md)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError("(`callnumber --help` shows the commands)");

  for (const command of await commandsFor(argv)) {
    addCommand(program, command, io, (code) => {
      exit = code;
    });
  }
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISTYPED;
    return report(error, io);
  }
  return exit;
}

type SafeIo = Io & { readonly stdout: SafeOutput };

function addCommand(parent: Commander, command: Command, io: SafeIo, done: (code: number) => void) {
  const sub = parent.command(command.name).description(command.summary).exitOverride();
  for (const argument of command.arguments ?? []) {
    const name = argument.variadic ? `${argument.name}...` : argument.name;
    sub.argument(argument.required ? `<${name}>` : `[${name}]`, argument.summary);
  }
  for (const option of command.options ?? []) {
    const made = sub.createOption(option.flags, option.summary);
    if (option.default !== undefined) made.default(option.default);
    if (option.choices !== undefined) made.choices([...option.choices]);
    sub.addOption(made);
  }
  if (command.examples?.length) {
    sub.addHelpText(
      "after",
      `\nExamples:\n${command.examples.map((line) => `  ${line}`).join("\n")}`,
    );
  }
  for (const inner of command.subcommands ?? []) addCommand(sub, inner, io, done);
  const action = command.run;
  if (action === undefined) return;
  sub.action(async () => {
    const options = { ...sub.optsWithGlobals() } as Record<string, string | boolean | undefined>;
    io.stdout.json = options.json === true || options.expand === true;
    done(await action(sub.args, options, io));
  });
}

function report(error: unknown, io: Io): number {
  if (error instanceof CodedError) {
    const message = error.message.split("\n").map(inLine).join("\n");
    io.stderr.write(`callnumber: ${message}\n  ${error.code}: ${error.hint}\n`);
    return error.exit;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`callnumber: internal error, please report it\n${shown}\n`);
  return 70;
}
