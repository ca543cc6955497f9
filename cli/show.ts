/** `callnumber show ID`: one exchange, readable; or its raw bytes, its JSON, or a curl command. */

import {
  conversationUpTo,
  type Damaged,
  viewIn,
  viewsOf,
} from "../record/conversation/placed-days.ts";
import { asCurl, daemonBase } from "../record/curl.ts";
import { CodedError } from "../record/errors.ts";
import { findingsOf, scenesOf } from "../record/findings.ts";
import { type FoundExchange, findExchange } from "../record/reader/find-exchange.ts";
import type { Tree } from "../record/reader/tree.ts";
import { damageTo, openExchange, treeOf, writeLine } from "./captures.ts";
import type { Command } from "./command.ts";
import { describeExchange, type Surroundings } from "./describe-exchange.ts";
import { printable } from "./printable.ts";

export const show: Command = {
  name: "show",
  summary: "show one exchange: what was said, what stands out, what changed since the turn before",
  arguments: [
    { name: "id", summary: "the exchange's id, or an unambiguous beginning of it", required: true },
  ],
  options: [
    { flags: "--raw <side>", summary: "the body's exact bytes", choices: ["request", "response"] },
    { flags: "--curl", summary: "the request as a curl command, the credential as $API_KEY" },
    { flags: "--json", summary: "the exchange as one self-contained JSON object" },
  ],
  examples: ["callnumber show 01KAR2", "callnumber show 01KAR2 --raw response > answer.sse"],
  run: async (args, options, io) => {
    const tree = await treeOf(options, io);
    using open = openExchange(tree, args[0] ?? "");
    const { exchange, reader } = open;
    if (options.raw === "request") io.stdout.write(reader.requestBody(exchange) ?? "");
    else if (options.raw === "response") io.stdout.write(reader.responseBody(exchange) ?? "");
    else if (options.json) await writeLine(io, reader.expand(exchange));
    else if (options.curl) {
      const body = reader.requestBody(exchange);
      io.stdout.write(`${asCurl(exchange, daemonBase(exchange.upstream), body)}\n`);
    } else {
      const found = findExchange(tree, exchange.id);
      const say = damageTo(io);
      const view = viewIn(tree, found, say);
      const lines = describeExchange(open, view, around(tree, found, say));
      for (const line of lines) io.stdout.write(`${printable(line)}\n`);
    }
    return 0;
  },
};

/** Findings and changes, from the turns that they need: the one before, and repeats of either. */
function around(tree: Tree, found: FoundExchange, damaged: Damaged): Surroundings {
  try {
    const conversation = conversationUpTo(tree, found, damaged);
    const own = conversation.at(-1);
    if (own === undefined) return { findings: [], before: null, problem: null };
    const { parent } = own.placement;
    const near = conversation.filter(
      ({ placement: { exchange, relation } }) =>
        exchange === found.id || exchange === parent || relation === "retry",
    );
    const placements = conversation.map(({ placement }) => placement);
    const scene = scenesOf(viewsOf(near, damaged), placements)
      .filter(({ turn }) => turn.id === found.id)
      .next().value;
    if (scene === undefined) return { findings: [], before: null, problem: null };
    const { before, diff } = scene;
    return {
      findings: findingsOf(scene),
      before: before === null || diff === null ? null : { id: before.id, diff },
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { findings: [], before: null, problem: error.message };
  }
}
