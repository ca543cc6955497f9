/** `callnumber stats`: calls, tokens, cost, latency, errors and bytes, in all or by something. */
import { statSync } from "node:fs";
import type { Config } from "../daemon/config/types.ts";
import { understand } from "../record/dialects/understand.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import { isWithin } from "../record/johnny-decimal/numbers.ts";
import type { DayReader } from "../record/reader/day-reader.ts";
import { openTree } from "../record/reader/tree.ts";
import { damageTo, numberArgument, openedFiles } from "./captures.ts";
import type { Command, Io } from "./command.ts";
import { configOf } from "./config-of.ts";
import { statsTable } from "./stats-table.ts";
import { addExchange, emptyTally, type Tally, talliedRow } from "./tally.ts";
import { unfiledLines } from "./unfiled.ts";

const BY = ["model", "upstream", "client", "day", "number"] as const;
type By = (typeof BY)[number];

export const stats: Command = {
  name: "stats",
  summary: "calls, tokens, cost, latency, errors, bytes saved",
  arguments: [{ name: "number", summary: "a category (11) or an ID (11.11); all without it" }],
  options: [
    { flags: "--by <what>", summary: "one line each", choices: BY },
    { flags: "--reprice", summary: "cost by today's installed price table, not as recorded" },
    { flags: "--json", summary: "one JSON object a line" },
  ],
  examples: ["callnumber stats --by model", "callnumber stats 11.11 --by day --reprice"],
  run: async (args, options, io) => {
    const config = await configOf(options, io);
    const number = await numberArgument(args[0], options, io);
    const say = damageTo(io);
    const by = BY.find((name) => name === options.by) ?? null;
    const tallies = new Map<string, Tally>();
    let stored = 0;
    const files = [...openTree(config.captures).files()].filter(
      ({ stream }) => number === null || isWithin(stream.number, number),
    );
    for (const { stream, day, path, reader } of openedFiles(files, io)) {
      stored += statSync(path).size;
      for (const line of reader.exchanges()) {
        const key = keyOf(line, by, day, stream.number);
        const tally = tallies.get(key) ?? emptyTally();
        tallies.set(key, tally);
        const cost = options.reprice ? repriced(line, reader, config, say) : recorded(line);
        addExchange(tally, line, cost);
      }
    }
    const rows = [...tallies].map(([key, tally]) => ({ key, ...talliedRow(tally) }));
    rows.sort((a, b) => (by === "day" ? (a.key < b.key ? -1 : 1) : b.calls - a.calls));
    if (options.json) for (const row of rows) io.stdout.write(`${JSON.stringify(row)}\n`);
    else io.stdout.write(statsTable(rows, by ?? "all", columnsOf(io.stdout)));
    if (rows.length === 0)
      io.stderr.write(number === null ? "no captures\n" : `no captures in ${number}\n`);
    else {
      const whole = rows.reduce((sum, row) => sum + row.body_bytes, 0);
      io.stderr.write(`bodies ${size(whole)}, stored in ${size(stored)}${times(whole, stored)}\n`);
    }
    for (const line of unfiledLines(config)) io.stderr.write(`${line}\n`);
    return 0;
  },
};

function keyOf(line: ExchangeLine, by: By | null, day: string, number: string): string {
  if (by === null) return "all";
  if (by === "day") return day;
  if (by === "number") return number;
  if (by === "model") return line.llm?.served_model ?? line.llm?.model ?? "no model";
  return (by === "upstream" ? line.upstream : line.client.name) ?? "unknown";
}

const recorded = (line: ExchangeLine): number | null => line.llm?.cost_usd ?? null;

/** The cost by the table installed now; a WebSocket turn keeps what was recorded. */
function repriced(
  line: ExchangeLine,
  reader: DayReader,
  config: Config,
  say: (message: string) => void,
): number | null {
  if (line.llm === null || line.response?.status === 101) return recorded(line);
  try {
    return costNow(line, reader, config);
  } catch (error) {
    say((error as Error).message);
    return recorded(line);
  }
}

function costNow(line: ExchangeLine, reader: DayReader, config: Config): number | null {
  const url = line.upstream === null ? undefined : config.upstreams[line.upstream]?.url;
  const host = url === undefined ? "" : `${url.protocol}//${url.hostname}${url.basePath}`;
  const { llm } = understand({
    method: line.request.method,
    url: `${host}${line.request.url}`,
    requestHeaders: line.request.headers,
    requestBody: reader.requestBody(line),
    status: line.response?.status ?? null,
    responseHeaders: line.response?.headers ?? [],
    responseBody: reader.responseBody(line),
    chunks: null,
    started: new Date(line.started),
  });
  return llm?.cost_usd ?? null;
}

/** Columns of the terminal; 80 where the answer goes elsewhere. */
function columnsOf(stdout: Io["stdout"]): number {
  const { columns } = stdout as { columns?: number };
  return columns !== undefined && columns > 0 ? columns : 80;
}

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** at).toFixed(at === 0 ? 0 : 1)} ${units[at]}`;
}

const times = (whole: number, stored: number): string =>
  stored > 0 && whole > stored * 1.05 ? `, ${(whole / stored).toFixed(1)} times smaller` : "";
