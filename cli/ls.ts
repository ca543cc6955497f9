/** `callnumber ls`: the exchanges, a line each, oldest first. */
import type { ExchangeLine } from "../record/format/schema.ts";
import { DayReader } from "../record/reader/day-reader.ts";
import { openTree } from "../record/reader/tree.ts";
import { isUnder } from "./captures.ts";
import type { Command, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { exchangeRow } from "./exchange-row.ts";
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
    const config = await configOf(options, io);
    const tree = openTree(config.captures);
    let shown = 0;
    for (const { stream, day, path } of tree.files()) {
      if (args[0] !== undefined && !isUnder(stream.number, args[0])) continue;
      if (typeof options.day === "string" && day !== options.day) continue;
      using reader = DayReader.open(path);
      for (const exchange of reader.exchanges()) {
        if (!isWanted(exchange, options)) continue;
        shown++;
        const line = options.json
          ? JSON.stringify({ number: stream.number, day, ...withoutBodies(exchange) })
          : exchangeRow(exchange, stream.number);
        if (!io.stdout.write(`${line}\n`)) await drained(io.stdout);
      }
    }
    if (shown === 0) io.stderr.write("no exchange matches\n");
    for (const line of unfiledLines(config)) io.stderr.write(`${line}\n`);
    return 0;
  },
};

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
