/** `callnumber diff ID [ID]`: a request against the turn before it, or against any other. */
import { conversationUpTo, viewIn } from "../record/conversation/placed-days.ts";
import type { ExchangeView } from "../record/conversation/view.ts";
import { diffRequests, sideOf } from "../record/diff.ts";
import { findExchange } from "../record/reader/find-exchange.ts";
import type { Tree } from "../record/reader/tree.ts";
import { treeOf } from "./captures.ts";
import type { Command } from "./command.ts";
import { describeDiff } from "./describe-diff.ts";
import { printable } from "./printable.ts";

export const diff: Command = {
  name: "diff",
  summary: "what a request says differently than the turn before it, or than any other",
  arguments: [
    { name: "id", summary: "the exchange, or an unambiguous beginning of its id", required: true },
    { name: "other", summary: "compare it with this one instead: what differs from id to other" },
  ],
  options: [{ flags: "--json", summary: "the comparison as one JSON object" }],
  examples: ["callnumber diff 01KAR2", "callnumber diff 01KAR2 01KAS7 --json"],
  run: async (args, options, io) => {
    const tree = await treeOf(options, io);
    const [id = "", other] = args;
    const named = viewOf(tree, id);
    const sides =
      other === undefined ? [turnBefore(tree, id), named] : [named, viewOf(tree, other)];
    const [before, after] = sides;
    if (!before || !after) {
      io.stderr.write(`${named.line.id} follows no captured turn; name another to compare with\n`);
      return 1;
    }
    const found = diffRequests(sideOf(before), sideOf(after));
    if (options.json) io.stdout.write(`${JSON.stringify(found)}\n`);
    else {
      for (const line of describeDiff(found, before, after))
        io.stdout.write(`${printable(line)}\n`);
    }
    return 0;
  },
};

const viewOf = (tree: Tree, id: string): ExchangeView => viewIn(tree, findExchange(tree, id));

/** The turn that an exchange follows, by its conversation; null where it follows none. */
function turnBefore(tree: Tree, prefix: string): ExchangeView | null {
  const conversation = conversationUpTo(tree, findExchange(tree, prefix));
  const parent = conversation.at(-1)?.placement.parent;
  const before = conversation.filter(({ placement }) => placement.exchange === parent);
  if (before.length === 0) return null;
  return viewIn(tree, findExchange(tree, before[0]!.placement.exchange));
}
