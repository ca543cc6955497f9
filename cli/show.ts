/** `callnumber show ID`: one exchange, readable; or its raw bytes, its JSON, or a curl command. */
import { openExchange, treeOf } from "./captures.ts";
import type { Command } from "./command.ts";
import { asCurl } from "./curl.ts";
import { describeExchange } from "./describe-exchange.ts";

export const show: Command = {
  name: "show",
  summary: "show one exchange",
  arguments: [
    { name: "id", summary: "the exchange's id, or an unambiguous beginning of it", required: true },
  ],
  options: [
    { flags: "--raw <side>", summary: "the body's exact bytes", choices: ["request", "response"] },
    { flags: "--curl", summary: "the request as a curl command, credentials as $NAMES" },
    { flags: "--json", summary: "the exchange as one self-contained JSON object" },
  ],
  examples: ["callnumber show 01KAR2", "callnumber show 01KAR2 --raw response > answer.sse"],
  run: async (args, options, io) => {
    using open = openExchange(await treeOf(options, io), args[0] ?? "");
    const { exchange, reader } = open;
    if (options.raw === "request") io.stdout.write(reader.requestBody(exchange) ?? "");
    else if (options.raw === "response") io.stdout.write(reader.responseBody(exchange) ?? "");
    else if (options.json) io.stdout.write(Buffer.concat([reader.expand(exchange), NEWLINE]));
    else if (options.curl) io.stdout.write(asCurl(exchange, reader.requestBody(exchange)));
    else for (const line of describeExchange(open)) io.stdout.write(`${line}\n`);
    return 0;
  },
};

const NEWLINE = Buffer.from("\n");
