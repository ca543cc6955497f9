/**
 * How every reading command comes to its captures: the folder from the configuration, the tree
 * over it, one exchange by the beginning of its id, and the files that path arguments mean.
 */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import glob from "fast-glob";
import { CodedError } from "../record/errors.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import { DayReader } from "../record/reader/day-reader.ts";
import { findExchange } from "../record/reader/find-exchange.ts";
import { openTree, type Stream, type Tree } from "../record/reader/tree.ts";
import type { Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";

export async function treeOf(options: Options, io: Io): Promise<Tree> {
  return openTree((await configOf(options, io)).captures);
}

export interface OpenExchange extends Disposable {
  readonly exchange: ExchangeLine;
  readonly reader: DayReader;
  readonly stream: Stream;
  readonly day: string;
}

/** Opens the file of one exchange. Throws no-such-exchange and ambiguous-exchange. */
export function openExchange(tree: Tree, prefix: string): OpenExchange {
  const { id, stream, day, path } = findExchange(tree, prefix);
  const reader = DayReader.open(path);
  const exchange = reader.exchange(id);
  return { exchange, reader, stream, day, [Symbol.dispose]: () => reader.close() };
}

/**
 * The capture files that arguments mean: numbers (`11`, `11.11`), files, folders or globs; all
 * without arguments. Throws no-such-path for an argument that means nothing.
 */
export function filesOf(tree: Tree, args: readonly string[], io: Io): string[] {
  const all = [...tree.files()];
  if (args.length === 0) return all.map(({ path }) => path);
  return args.flatMap((argument) => {
    if (/^\d\d(\.\d\d(\+.+)?)?$/.test(argument)) {
      const under = all.filter(({ stream }) => isUnder(stream.number, argument));
      if (under.length > 0) return under.map(({ path }) => path);
    }
    const path = resolve(io.cwd, argument);
    if (!existsSync(path) && glob.isDynamicPattern(argument)) {
      const matches = glob.sync(argument, { cwd: io.cwd, absolute: true });
      const named = all.map((file) => file.path).filter((file) => matches.includes(file));
      if (named.length > 0) return named;
    }
    if (!existsSync(path)) throw new CodedError("no-such-path", `nothing is at ${argument}`);
    if (!statSync(path).isDirectory()) return [path];
    return all.map((file) => file.path).filter((file) => file.startsWith(`${path}/`));
  });
}

/** Whether a stream's number is this ID, or lies in this category. */
export function isUnder(number: string, wanted: string): boolean {
  return number === wanted || number.startsWith(`${wanted}.`) || number.startsWith(`${wanted}+`);
}
