/** `callnumber ls`: the exchanges, a line each, oldest first. */
import { OUTCOMES } from "../record/format/outcomes.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import { isWithin } from "../record/johnny-decimal/numbers.ts";
import { openTree, type Tree } from "../record/reader/tree.ts";
import { assertSomewhere, numberArgument, openedFiles } from "./captures.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { exchangeRow } from "./exchange-row.ts";
import { dayOf, known } from "./mistyped.ts";
import { unfiledLines } from "./unfiled.ts";

export const ls: Command = {
  name: "ls",
  summary: "list exchanges, a line each",
  arguments: [{ name: "number", summary: "a category (11) or an ID (11.11); all without it" }],
  options: [
    { flags: "--day <day>", summary: "only exchanges of this UTC day, YYYY-MM-DD" },
    {
      flags: "--model <model>",
      summary: "only this model, asked for or served (part of the name)",
    },
    { flags: "--outcome <outcome>", summary: "only this outcome, e.g. interrupted" },
    { flags: "--json", summary: "one JSON object a line" },
  ],
  examples: ["callnumber ls 11.11 --day 2026-11-23", "callnumber ls --outcome upstream_error"],
  run: async (args, options, io) => {
    const number = await numberArgument(args[0], options, io);
    const wantedDay = typeof options.day === "string" ? dayOf(options.day, "--day") : null;
    if (typeof options.outcome === "string") known(options.outcome, OUTCOMES, "outcome");
    const config = await configOf(options, io);
    const tree = openTree(config.captures);
    const files = [...tree.files()].filter(
      ({ stream, day }) =>
        (number === null || isWithin(stream.number, number)) &&
        (wantedDay === null || day === wantedDay),
    );
    let shown = 0;
    for (const { stream, day, reader } of openedFiles(files, io)) {
      for (const exchange of reader.exchanges()) {
        if (!isWanted(exchange, options)) continue;
        shown++;
        const line = options.json
          ? JSON.stringify({ number: stream.number, day, ...withoutBodies(exchange) })
          : exchangeRow(exchange, stream.number);
        if (!io.stdout.write(`${line}\n`)) await drained(io.stdout);
      }
    }
    if (shown === 0) {
      if (typeof options.model === "string") {
        assertSomewhere(options.model, "model", modelsOf(tree, io));
      }
      const days = files.length > 0 || wantedDay === null ? "" : `: ${daysSpan(tree)}`;
      io.stderr.write(`no exchange matches${days}\n`);
    }
    for (const line of unfiledLines(config)) io.stderr.write(`${line}\n`);
    return 0;
  },
};

function* modelsOf(tree: Tree, io: Io): Generator<string> {
  for (const { reader } of openedFiles(tree.files(), io)) {
    for (const { llm } of reader.exchanges()) {
      for (const model of [llm?.model, llm?.served_model]) if (model != null) yield model;
    }
  }
}

function daysSpan(tree: Tree): string {
  const days = Array.from(tree.files(), ({ day }) => day).sort();
  if (days.length === 0) return "there are no captures yet";
  return `the captures are of ${days[0]} to ${days.at(-1)} (UTC days)`;
}

function isWanted({ llm, outcome }: ExchangeLine, options: Options): boolean {
  if (typeof options.outcome === "string" && outcome !== options.outcome) return false;
  if (typeof options.model !== "string") return true;
  const wanted = options.model;
  return [llm?.model, llm?.served_model].some((model) => model?.includes(wanted));
}

function withoutBodies({ request, response, ...exchange }: ExchangeLine) {
  const { body: sent, ...asked } = request;
  return {
    ...exchange,
    request: { ...asked, bytes: sent?.bytes ?? 0 },
    response: response && { status: response.status, bytes: response.body?.bytes ?? 0 },
  };
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((done) => stream.once("drain", done));
}
