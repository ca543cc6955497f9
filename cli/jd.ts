/** `callnumber jd`: lint, index, import and export of the Johnny.Decimal tree. */
import { lstatSync, readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import type { Config } from "../daemon/config/types.ts";
import { CodedError } from "../record/errors.ts";
import { describeStep, type Step } from "../record/johnny-decimal/duplicates.ts";
import {
  droppedRows,
  exportPlan,
  importPlan,
  renamings,
} from "../record/johnny-decimal/import-plan.ts";
import { staleIndexFiles } from "../record/johnny-decimal/index-files.ts";
import { JOURNAL_FILE, readJournal } from "../record/johnny-decimal/journal.ts";
import { isError, type LintFinding, lintTree } from "../record/johnny-decimal/lint.ts";
import { SYSTEM_JDEX } from "../record/johnny-decimal/numbers.ts";
import { readPlainFile } from "../record/johnny-decimal/plain-file.ts";
import { planFromConfig } from "../record/johnny-decimal/plan.ts";
import {
  decodeTable,
  readTable,
  surveyTable,
  type TableFormat,
  writeTable,
} from "../record/johnny-decimal/plan-table.ts";
import { stepsFor, take } from "../record/johnny-decimal/resolve-duplicates.ts";
import type { TreeFile } from "../record/johnny-decimal/scan.ts";
import { CaptureTree, PLAN_FILE } from "../record/johnny-decimal/tree.ts";
import { LIMITS } from "../record/limits.ts";
import { withClosedDays } from "./closed-days.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { inLine } from "./printable.ts";

const FORMATS = ["tsv", "csv", "json"] as const;

const lint: Command = {
  name: "lint",
  summary: "check the tree against the rules of filing; exit 1 on errors",
  options: [{ flags: "--json", summary: "one JSON object a finding" }],
  run: async (_args, options, io) => {
    const config = await configOf(options, io);
    const findings = findingsOf(config);
    for (const finding of findings) {
      io.stdout.write(`${options.json ? JSON.stringify(finding) : inLine(shown(finding))}\n`);
    }
    const errors = findings.filter(isError).length;
    io.stderr.write(`${errors} errors, ${findings.length - errors} warnings\n`);
    return errors === 0 ? 0 : 1;
  },
};

const index: Command = {
  name: "index",
  summary: "write 00.00 Index.txt and jdex.json anew from tree, plan and journal",
  run: async (_args, options, io) => {
    const changed = treeOf(await configOf(options, io)).writeIndex();
    io.stderr.write(changed ? "index written\n" : "index was in step\n");
    return 0;
  },
};

const resolveTwice: Command = {
  name: "resolve",
  summary: "settle numbers that two machines gave away: merge their folders, or renumber the later",
  options: [
    { flags: "--dry-run", summary: "only say what would happen" },
    { flags: "--json", summary: "one JSON object a step" },
  ],
  examples: ["callnumber jd resolve --dry-run", "git merge other && callnumber jd resolve"],
  run: async (_args, options, io) => {
    const config = await configOf(options, io);
    const tree = treeOf(config);
    let count = 0;
    let before = "";
    await withClosedDays(config.captures, (firstOpenDay) => {
      for (let steps = stepsFor(tree); steps.length > 0; steps = stepsFor(tree)) {
        // A folder that something else lies in stays where it is: the lint names it.
        if (JSON.stringify(steps) === before) break;
        before = JSON.stringify(steps);
        for (const step of steps) {
          count++;
          io.stdout.write(`${options.json ? JSON.stringify(step) : inLine(describeStep(step))}\n`);
          if (step.kind === "renumber") io.stderr.write(`${referencesTo(step, config)}\n`);
          if (!options.dryRun) take(tree, step, firstOpenDay);
        }
        if (options.dryRun) break;
      }
      if (!options.dryRun && tree.find(SYSTEM_JDEX) !== null) tree.writeIndex();
    });
    const verb = options.dryRun ? "to do" : "done";
    io.stderr.write(count === 0 ? "every number is given away once\n" : `${count} steps ${verb}\n`);
    return 0;
  },
};

/** What names a number and is not callnumber's to change. */
function referencesTo(step: Extract<Step, { kind: "renumber" }>, config: Config): string {
  const { number, fresh } = step;
  const rule = config.tree.areas
    .flatMap(({ categories }) => categories)
    .flatMap(({ ids }) => ids)
    .some((id) => id.number === number);
  const file = rule ? `callnumber.yaml names ${number}: see which of the two it means; ` : "";
  const upstream = step.allocation.from?.replace(/^upstream:/, "") ?? "";
  const open =
    step.from === null
      ? `; days that are still open stay, later: callnumber file ${number} --where upstream=${upstream} --to ${fresh}`
      : "";
  return inLine(`${file}base URLs with /${number}/ that mean the latter become /${fresh}/${open}`);
}

const importTable: Command = {
  name: "import",
  summary: "make a table (number, title, description) the plan of the tree",
  arguments: [{ name: "file", summary: "TSV, CSV or JSON", required: true }],
  options: [
    { flags: "--format <format>", summary: "instead of guessing it", choices: FORMATS },
    { flags: "--encoding <label>", summary: "of the file, for example big5 (default: UTF-8)" },
    { flags: "--no-rename", summary: "leave folders that are there under their old titles" },
    { flags: "--dry-run", summary: "only say what would happen" },
  ],
  examples: ["callnumber jd import table.tsv", "callnumber jd import --encoding big5 table.csv"],
  run: async (args, options, io) => {
    const reading = readTable(tableText(args[0]!, options, io), formatOf(options, args[0]!));
    const tree = treeOf(await configOf(options, io));
    for (const row of reading.leftOut) io.stderr.write(`left out: ${inLine(row)}\n`);
    for (const { number, title } of droppedRows(tree, reading.plan)) {
      io.stderr.write(`no longer planned: ${inLine(`${number} ${title}`)}\n`);
    }
    const rename = options.rename !== false;
    const renamed = options.dryRun
      ? rename
        ? renamings(tree, reading.plan)
        : []
      : importPlan(tree, reading.plan, rename);
    for (const { path, name } of renamed) io.stdout.write(`${inLine(`${path} → ${name}`)}\n`);
    const verb = options.dryRun ? "would be" : "are";
    io.stderr.write(`${reading.plan.rows.length} rows ${verb} the plan\n`);
    return 0;
  },
};

const exportTable: Command = {
  name: "export",
  summary: "print the tree as a table (number, title, description)",
  options: [
    { flags: "--format <format>", summary: "of the table", choices: FORMATS, default: "tsv" },
  ],
  examples: ["callnumber jd export > table.tsv", "callnumber jd export --format csv"],
  run: async (_args, options, io) => {
    const plan = exportPlan(treeOf(await configOf(options, io)).entries());
    // As bytes: a table is data, whatever its author wrote into it.
    io.stdout.write(Buffer.from(writeTable(plan, options.format as TableFormat)));
    return 0;
  },
};

export const jd: Command = {
  name: "jd",
  summary: "look after the Johnny.Decimal tree",
  subcommands: [lint, index, resolveTwice, importTable, exportTable],
};

/** The tree of a configuration, for commands that write to it. */
function treeOf(config: Config): CaptureTree {
  return new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
}

export function findingsOf(config: Config): LintFinding[] {
  const tree = treeOf(config);
  const folder = tree.find(SYSTEM_JDEX);
  const table = folder === null ? null : readPlainFile(join(folder, PLAN_FILE));
  const journal = folder === null ? null : readJournal(join(folder, JOURNAL_FILE));
  const scan = tree.scan();
  return lintTree({
    scan,
    large: largeFiles(config.captures, scan.files),
    plan: tree.plan(),
    twice: table === null ? [] : surveyTable(table, "tsv").twice,
    journal: journal?.entries ?? [],
    badJournalLines: journal?.badLines ?? [],
    routes: config.tree.areas
      .flatMap((area) => area.categories.flatMap((category) => category.ids))
      .filter((id) => id.rule !== null)
      .map((id) => id.number),
    staleIndex: folder === null ? [] : staleIndexFiles(folder, tree.indexEntries()),
  });
}

function largeFiles(captures: string, files: readonly TreeFile[]) {
  return files.flatMap(({ path, number }) => {
    const bytes = lstatSync(join(captures, path), { throwIfNoEntry: false })?.size ?? 0;
    return bytes > LIMITS.gitFileBytes ? [{ path, number, bytes }] : [];
  });
}

function shown({ severity, code, number, path, message }: LintFinding): string {
  const where = path ?? number;
  return `${severity} ${code}: ${where === null ? "" : `${where}: `}${message}`;
}

function tableText(file: string, options: Options, io: Io): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(io.cwd, file));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new CodedError("no-such-path", `cannot read ${file}: ${why}`, { cause });
  }
  return decodeTable(bytes, typeof options.encoding === "string" ? options.encoding : null);
}

function formatOf(options: Options, file: string): TableFormat | null {
  if (typeof options.format === "string") return options.format as TableFormat;
  const ending = extname(file).slice(1).toLowerCase();
  return ending === "json" || ending === "tsv" ? ending : null;
}
