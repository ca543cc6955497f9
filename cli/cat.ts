/** `callnumber cat`: capture files on stdout, as they are or expanded for other tools. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { damageTo, filesOf, openedFiles, treeOf, writeLine } from "./captures.ts";
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
    const files = filesOf(await treeOf(options, io), args, io).map((path) => ({ path }));
    const say = damageTo(io);
    if (files.length === 0) io.stderr.write("no captures\n");
    if (!options.expand) {
      for (const { path } of files) {
        await pipeline(createReadStream(path), io.stdout, { end: false });
      }
      return 0;
    }
    for (const { reader } of openedFiles(files, io)) {
      for (const exchange of reader.exchanges()) {
        try {
          await writeLine(io, reader.expand(exchange));
        } catch (error) {
          failed++;
          say((error as Error).message);
        }
      }
    }
    return failed === 0 ? 0 : 1;
  },
};
