/** `callnumber prune`: deletes whole closed days, and keeps what went wrong where asked to. */
import { CodedError } from "../record/errors.ts";
import { parseCaptureName } from "../record/format/capture-name.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import {
  type FileMove,
  prune as pruneFiles,
  selectFiles,
} from "../record/johnny-decimal/refile.ts";
import { isFailed } from "../record/johnny-decimal/select-exchanges.ts";
import { CaptureTree } from "../record/johnny-decimal/tree.ts";
import { withClosedDays } from "./closed-days.ts";
import type { Command } from "./command.ts";
import { configOf } from "./config-of.ts";

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
    const before = dayOf(options.before);
    const config = await configOf(options, io);
    const tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
    const wanted = options.keepErrors ? (x: Parameters<typeof isFailed>[0]) => !isFailed(x) : null;
    const areas = args[0] === undefined ? areasOf(tree) : [args[0]];
    const moves = await withClosedDays(config.captures, (firstOpenDay) => {
      const limit = [before, firstOpenDay].sort()[0]!;
      const found = areas.flatMap((number) => selectFiles(tree, number, wanted, limit).moves);
      for (const move of found) io.stdout.write(`${describe(move)}\n`);
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

function dayOf(option: string | boolean | undefined): string {
  const day = typeof option === "string" ? option : "";
  const isDay = parseCaptureName(`${day}.jsonl`)?.day === day;
  if (!isDay) throw new CodedError("refile-refused", `--before needs a day, YYYY-MM-DD: "${day}"`);
  return day;
}

function describe({ path, count, of, ids }: FileMove): string {
  return ids === null ? `${path} (${of})` : `${path} (${count} of ${of}, the rest stays)`;
}
