/** `callnumber tail`: a line for each exchange as it is filed, until ctrl-C. */
import { watch } from "chokidar";
import { makeFolder } from "../daemon/folders.ts";
import { isWithin } from "../record/johnny-decimal/numbers.ts";
import { LIMITS } from "../record/limits.ts";
import { Follower } from "../record/reader/follow.ts";
import { damageTo, numberArgument } from "./captures.ts";
import type { Command } from "./command.ts";
import { configOf } from "./config-of.ts";
import { exchangeRow } from "./exchange-row.ts";
import { unfiledLines } from "./unfiled.ts";

export const tail: Command = {
  name: "tail",
  summary: "show exchanges live, as they end",
  arguments: [{ name: "number", summary: "a category (11) or an ID (11.11); all without it" }],
  options: [{ flags: "--json", summary: "the capture file's own line for each exchange" }],
  examples: ["callnumber tail 11", "callnumber tail --json | jq .llm.usage"],
  run: async (args, options, io) => {
    const config = await configOf(options, io);
    const { captures } = config;
    const number = await numberArgument(args[0], options, io);
    makeFolder(captures);
    const follower = new Follower(captures, damageTo(io));
    const said = new Set<string>();
    const look = () => {
      for (const line of unfiledLines(config)) {
        if (!said.has(line)) io.stderr.write(`${line}\n`);
        said.add(line);
      }
      for (const { exchange, stream } of follower.look()) {
        if (number !== null && !isWithin(stream.number, number)) continue;
        const line = options.json ? JSON.stringify(exchange) : exchangeRow(exchange, stream.number);
        io.stdout.write(`${line}\n`);
      }
    };
    const watcher = watch(captures, { ignoreInitial: true, followSymlinks: false });
    watcher.on("all", look);
    watcher.on("error", () => {});
    look();
    const polling = setInterval(look, LIMITS.tailPollMs);
    if (!io.signal.aborted) {
      await new Promise((end) => io.signal.addEventListener("abort", end, { once: true }));
    }
    clearInterval(polling);
    await watcher.close();
    return 0;
  },
};
