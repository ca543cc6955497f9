/** `callnumber prune`: deletes whole closed days, and keeps what went wrong where asked to. */
import { CodedError } from "../record/errors.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import {
  type FileMove,
  prune as pruneFiles,
  selectFiles,
} from "../record/johnny-decimal/refile.ts";
import { isFailed } from "../record/johnny-decimal/select-exchanges.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import { numberArgument } from "./captures.ts";
import { withClosedDays } from "./closed-days.ts";
import type { Command } from "./command.ts";
import { configOf } from "./config-of.ts";
import { dayOf } from "./mistyped.ts";
import { inLine } from "./printable.ts";

export const prune: Command = {
  name: "prune",
  summary: "delete the captures of days before a date",
  arguments: [{ name: "number", summary: "only under this number; the whole tree without it" }],
  options: [
    { flags: "--before <day>", summary: "days before this one, YYYY-MM-DD" },
    { flags: "--keep-errors", summary: "keep the exchanges in which something went wrong" },
    { flags: "--dry-run", summary: "only say what would happen" },
  ],
  examples: [
    "callnumber prune --before 2026-01-01 --dry-run",
    "callnumber prune 90 --before 2026-06-01 --keep-errors",
  ],
  run: async (args, options, io) => {
    if (typeof options.before !== "string") {
      throw new CodedError("bad-argument", "say --before which day, YYYY-MM-DD");
    }
    const before = dayOf(options.before, "--before");
    const number = await numberArgument(args[0], options, io);
    const config = await configOf(options, io);
    const tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
    const wanted = options.keepErrors ? (x: Parameters<typeof isFailed>[0]) => !isFailed(x) : null;
    const areas = number === null ? areasOf(tree) : [number];
    const moves = await withClosedDays(config.captures, (firstOpenDay) => {
      const limit = [before, firstOpenDay].sort()[0]!;
      const found = areas.flatMap((number) => selectFiles(tree, number, wanted, limit).moves);
      for (const move of found) io.stdout.write(`${inLine(describe(move))}\n`);
      if (found.length > 0 && !options.dryRun) pruneFiles(tree, found, before);
      return found;
    });
    const count = moves.reduce((sum, move) => sum + move.count, 0);
    io.stderr.write(`${count} exchanges ${options.dryRun ? "would be" : "are"} deleted\n`);
    return 0;
  },
};

function areasOf(tree: CaptureTree): string[] {
  return [...new Set(tree.scan().files.map((file) => file.number.slice(0, 2)))];
}

function describe({ path, count, of, ids }: FileMove): string {
  return ids === null ? `${path} (${of})` : `${path} (${count} of ${of}, the rest stays)`;
}
