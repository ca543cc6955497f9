/** `callnumber file`: moves closed days, or some exchanges of them, to another ID. */
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { CodedError } from "../record/errors.ts";
import { parseNumber } from "../record/johnny-decimal/numbers.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import {
  type FileMove,
  lastMove,
  refile,
  selectFiles,
  undoMove,
} from "../record/johnny-decimal/refile.ts";
import { parseWhere } from "../record/johnny-decimal/select-exchanges.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import { filePathWithin } from "./capture-path.ts";
import { withClosedDays } from "./closed-days.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { numberOf } from "./mistyped.ts";
import { inLine } from "./printable.ts";

export const file: Command = {
  name: "file",
  summary: "move closed days, or some exchanges of them, to another ID",
  arguments: [{ name: "from", summary: "a number (11.01) or one capture file" }],
  options: [
    { flags: "--to <id>", summary: "the ID that takes them, for example 13.11" },
    { flags: "--where <conditions>", summary: "only these: model=gpt-*,outcome=complete" },
    { flags: "--dry-run", summary: "only say what would happen" },
    { flags: "--undo", summary: "take the last move back" },
  ],
  examples: [
    "callnumber file 00.01 --where client=cline --to 11.11",
    "callnumber file 11.01 --to 11.12 --dry-run",
    "callnumber file --undo",
  ],
  run: async (args, options, io) => {
    const config = await configOf(options, io);
    const tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
    return withClosedDays(config.captures, (firstOpenDay) =>
      options.undo ? undo(tree, options, io) : move(tree, args, options, io, firstOpenDay),
    );
  },
};

function move(
  tree: CaptureTree,
  args: readonly string[],
  options: Options,
  io: Io,
  firstOpenDay: string,
): number {
  const [from] = args;
  const { to } = options;
  if (from === undefined || typeof to !== "string") {
    throw new CodedError("bad-argument", "say from where and --to which ID");
  }
  if (parseNumber(to)?.id == null) {
    throw new CodedError("bad-argument", `--to takes an ID such as 11.12, and "${to}" is none`);
  }
  const where = typeof options.where === "string" ? parseWhere(options.where) : null;
  const source = filePathWithin(tree.captures, from, io);
  assertThere(tree, from, source, io);
  const { moves, open } = selectFiles(tree, source, where, firstOpenDay);
  for (const path of open)
    io.stderr.write(`left where it is, its day may still grow: ${inLine(path)}\n`);
  const pending = moves.filter((each) => each.number !== to);
  for (const each of pending) io.stdout.write(`${inLine(describe(each))} → ${to}\n`);
  if (pending.length > 0 && !options.dryRun) refile(tree, pending, to);
  io.stderr.write(`${sum(pending)} exchanges ${options.dryRun ? "would be" : "are"} moved\n`);
  return 0;
}

/** A source that is neither a number of the tree nor a file in it is a slip, not an empty one. */
function assertThere(tree: CaptureTree, from: string, source: string, io: Io) {
  if (tree.scan().files.some(({ path }) => path === source)) return;
  if (parseNumber(from) === null && existsSync(resolve(io.cwd, from))) {
    throw new CodedError("no-such-path", `${from} is no capture file of this tree`);
  }
  const numbers = tree.entries().map(({ number, title }) => ({ number: number.text, title }));
  numberOf(from, [...numbers, ...subsOf(tree)]);
}

const subsOf = (tree: CaptureTree) =>
  tree.scan().subs.map(({ number, title }) => ({ number: number.text, title }));

function undo(tree: CaptureTree, options: Options, io: Io): number {
  const entry = lastMove(tree.journal());
  if (entry === null) {
    io.stderr.write("no move to take back\n");
    return 0;
  }
  io.stderr.write(`the move of ${entry.at}, ${entry.from} → ${entry.to}\n`);
  if (options.dryRun) return 0;
  for (const path of undoMove(tree, entry))
    io.stdout.write(`${inLine(relative(tree.captures, path))}\n`);
  return 0;
}

function describe({ path, count, of, ids }: FileMove): string {
  return ids === null ? `${path} (${of})` : `${path} (${count} of ${of})`;
}

function sum(moves: readonly FileMove[]): number {
  return moves.reduce((total, each) => total + each.count, 0);
}
