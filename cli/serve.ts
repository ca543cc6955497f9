/** `callnumber serve`: the daemon alone, in the foreground; what systemd runs. */

import type { Command } from "./command.ts";
import { daemonConfigOf } from "./config-of.ts";
import { runDaemon } from "./run-daemon.ts";

export const serve: Command = {
  name: "serve",
  summary: "run the daemon alone (records traffic, no site)",
  options: [{ flags: "--quiet", summary: "no line per exchange, only warnings and errors" }],
  examples: ["callnumber serve --config /etc/callnumber/callnumber.yaml"],
  run: async (_args, options, io) => {
    const config = await daemonConfigOf(options, io);
    const running = await runDaemon(config, options, io);
    for (const url of running.daemon.urls) io.stdout.write(`listening on ${url}\n`);
    io.stdout.write(`recording into ${config.captures}\n`);
    await running.ended;
    return 0;
  },
};
