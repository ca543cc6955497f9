/** `callnumber cat`: capture files on stdout, as they are or expanded for other tools. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { DayReader } from "../record/reader/day-reader.ts";
import { filesOf, treeOf } from "./captures.ts";
import type { Command } from "./command.ts";

export const cat: Command = {
  name: "cat",
  summary: "print captures; with --expand as self-contained JSON, one exchange a line",
  arguments: [
    { name: "path", summary: "files, folders or numbers; all without it", variadic: true },
  ],
  options: [
    { flags: "--expand", summary: "join bodies, so that jq, DuckDB or Spark can read them" },
  ],
  examples: ["callnumber cat 11.11 --expand | jq -r .llm.model | sort | uniq -c"],
  run: async (args, options, io) => {
    let failed = 0;
    for (const path of filesOf(await treeOf(options, io), args, io)) {
      if (!options.expand) {
        await pipeline(createReadStream(path), io.stdout, { end: false });
        continue;
      }
      using reader = DayReader.open(path);
      for (const exchange of reader.exchanges()) {
        try {
          const line = Buffer.concat([reader.expand(exchange), Buffer.from("\n")]);
          if (!io.stdout.write(line)) await new Promise((done) => io.stdout.once("drain", done));
        } catch (error) {
          failed++;
          io.stderr.write(`${(error as Error).message}\n`);
        }
      }
    }
    return failed === 0 ? 0 : 1;
  },
};
