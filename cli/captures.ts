/**
 * How every reading command comes to its captures: the folder from the configuration, the tree
 * over it, one exchange by the beginning of its id, and the files that path arguments mean.
 *
 * Invariants: what cannot be read is named on stderr, file and line, once, and passed over.
 */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import glob from "fast-glob";
import { didYouMean } from "../daemon/config/did-you-mean.ts";
import type { Config } from "../daemon/config/types.ts";
import { CodedError } from "../record/errors.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import { isWithin, parseNumber } from "../record/johnny-decimal/numbers.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import { DayReader } from "../record/reader/day-reader.ts";
import { findExchange } from "../record/reader/find-exchange.ts";
import { openTree, type Stream, type Tree } from "../record/reader/tree.ts";
import type { Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { type KnownNumber, mistyped, numberOf } from "./mistyped.ts";
import { inLine } from "./printable.ts";

export async function treeOf(options: Options, io: Io): Promise<Tree> {
  return openTree((await configOf(options, io)).captures);
}

/** All numbers that are planned, on disk or were given away. */
export function numbersOf({ captures, tree }: Config): KnownNumber[] {
  const writers = new CaptureTree({ captures, plan: planFromConfig(tree) });
  const entries = [...writers.entries(), ...writers.scan().subs];
  return entries.map(({ number, title }) => ({ number: number.text, title }));
}

/** The number that a first argument names, which has to be one of the tree; null without it. */
export async function numberArgument(
  argument: string | undefined,
  options: Options,
  io: Io,
): Promise<string | null> {
  if (argument === undefined) return null;
  return numberOf(argument, numbersOf(await configOf(options, io)));
}

/** Says what was passed over, each only once. */
export function damageTo(io: Io): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    io.stderr.write(`${inLine(message)}\n`);
  };
}

/** Opens files one after the other; names what of each was passed over when it is done with. */
export function* openedFiles<T extends { readonly path: string }>(
  files: Iterable<T>,
  io: Io,
): Generator<T & { readonly reader: DayReader }> {
  const say = damageTo(io);
  for (const file of files) {
    let reader: DayReader;
    try {
      reader = DayReader.open(file.path);
    } catch (error) {
      say(`${file.path}: ${(error as Error).message}`);
      continue;
    }
    try {
      yield { ...file, reader };
      for (const { file: path, line, message } of reader.damage) say(`${path}:${line}: ${message}`);
    } finally {
      reader.close();
    }
  }
}

export interface OpenExchange extends Disposable {
  readonly exchange: ExchangeLine;
  readonly reader: DayReader;
  readonly stream: Stream;
  readonly day: string;
}

/** Opens the file of one exchange. Throws no-such-exchange, ambiguous-exchange, capture-damaged. */
export function openExchange(tree: Tree, prefix: string): OpenExchange {
  const { id, stream, day, path, line } = findExchange(tree, prefix);
  const reader = DayReader.open(path);
  try {
    const damage = reader.damage.find((each) => each.line === line);
    if (damage !== undefined && !reader.files[0]?.has(id)) {
      throw new CodedError("capture-damaged", `${path}:${line}: ${damage.message}`);
    }
    const exchange = reader.exchange(id);
    return { exchange, reader, stream, day, [Symbol.dispose]: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

/**
 * The capture files that arguments mean: numbers (`11`, `11.11`), files, folders or globs; all
 * without arguments. Throws no-such-path for an argument that means nothing.
 */
export function filesOf(tree: Tree, args: readonly string[], io: Io): string[] {
  const all = [...tree.files()];
  if (args.length === 0) return all.map(({ path }) => path);
  return args.flatMap((argument) => {
    if (parseNumber(argument) !== null) {
      const under = all.filter(({ stream }) => isWithin(stream.number, argument));
      if (under.length > 0) return under.map(({ path }) => path);
    }
    const path = resolve(io.cwd, argument);
    if (!existsSync(path) && glob.isDynamicPattern(argument)) {
      const matches = glob.sync(argument, { cwd: io.cwd, absolute: true });
      const named = all.map((file) => file.path).filter((file) => matches.includes(file));
      if (named.length > 0) return named;
    }
    if (!existsSync(path)) throw nothingAt(argument, tree);
    if (!statSync(path).isDirectory()) return [path];
    const inside = all.map((file) => file.path).filter((file) => file.startsWith(`${path}/`));
    if (inside.length === 0 && path !== tree.captures) {
      throw new CodedError("no-such-path", `no captures of this tree lie below ${argument}`);
    }
    return inside;
  });
}

function nothingAt(argument: string, tree: Tree): CodedError {
  const numbers = new Map<string, KnownNumber>();
  for (const { area, category, ...id } of tree.streams()) {
    for (const each of [area, category, id]) numbers.set(each.number, each);
  }
  try {
    numberOf(argument, numbers.values());
  } catch (error) {
    const hint = (error as Error).message.split("; ").slice(1).join("; ");
    return new CodedError("no-such-path", `nothing is at ${argument}; ${hint}`);
  }
  return new CodedError("no-such-path", `nothing is filed under ${argument} yet`);
}

/**
 * Says of an answer that is empty why: what was asked for exists nowhere (an error), or not here.
 * `values` are all of that kind in the whole tree.
 */
export function assertSomewhere(wanted: string, what: string, values: Iterable<string>): void {
  const all = [...new Set(values)].sort();
  if (all.some((value) => value.includes(wanted))) return;
  throw mistyped(`no ${what} is called`, wanted, didYouMean(wanted, all), all);
}

/** Writes a line piece by piece, no faster than it is read. */
export async function writeLine({ stdout }: Io, pieces: Iterable<Buffer>): Promise<void> {
  for (const piece of pieces) {
    if (!stdout.write(piece)) await new Promise((done) => stdout.once("drain", done));
  }
  stdout.write(NEWLINE);
}

const NEWLINE = Buffer.from("\n");
