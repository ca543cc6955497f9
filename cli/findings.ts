/** `callnumber findings [ID|NN.NN]`: what the rules see, exchange by exchange. */
import {
  type Damaged,
  type PlacedInFile,
  placeDays,
  viewsOf,
} from "../record/conversation/placed-days.ts";
import { SEVERITIES } from "../record/findings/model.ts";
import { findingsOfAll, RULES } from "../record/findings.ts";
import { parseNumber } from "../record/johnny-decimal/numbers.ts";
import { type FoundExchange, findExchange, isIdBeginning } from "../record/reader/find-exchange.ts";
import { OpenDays } from "../record/reader/open-days.ts";
import type { Tree } from "../record/reader/tree.ts";
import { damageTo, numbersOf, treeOf } from "./captures.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { describeFinding } from "./describe-finding.ts";
import { known, numberOf } from "./mistyped.ts";
import { printable } from "./printable.ts";

export const findings: Command = {
  name: "findings",
  summary: "what stands out, found by rules: tools lost, cache broken, another model, and more",
  arguments: [
    {
      name: "what",
      summary: "an exchange (its whole conversation), a category or an ID; all without it",
    },
  ],
  options: [
    { flags: "--rule <rule>", summary: "only this rule, e.g. tools-missing; see docs/findings.md" },
    {
      flags: "--lang <language>",
      summary: "language of the text",
      default: "en",
      choices: ["en", "zh-Hant"],
    },
    { flags: "--json", summary: "one JSON object a line" },
  ],
  examples: ["callnumber findings 11.11", "callnumber findings 01KAR2 --lang zh-Hant"],
  run: async (args, options, io) => {
    const language = options.lang === "zh-Hant" ? "zh-Hant" : "en";
    const rules = RULES.map(({ id }) => id);
    const rule = typeof options.rule === "string" ? known(options.rule, rules, "rule") : null;
    const tree = await treeOf(options, io);
    const say = damageTo(io);
    const wish = await wishOf(tree, args[0], options, io);
    using days = new OpenDays();
    const counts = new Map<string, number>();
    let told = "";
    for (const conversation of conversationsOf(tree, wish, say)) {
      const placements = conversation.map(({ placement }) => placement);
      const numbers = new Map(conversation.map((x) => [x.placement.exchange, x.number]));
      for (const finding of findingsOfAll(viewsOf(conversation, say, days), placements)) {
        if (rule !== null && rule !== finding.rule) continue;
        counts.set(finding.severity, (counts.get(finding.severity) ?? 0) + 1);
        const number = numbers.get(finding.exchange) ?? "";
        const id = placements[0]?.conversation ?? null;
        if (options.json) {
          io.stdout.write(`${JSON.stringify({ number, conversation: id, ...finding })}\n`);
        } else {
          if (finding.exchange !== told) io.stdout.write(`${number}  ${finding.exchange}\n`);
          told = finding.exchange;
          for (const line of describeFinding(finding, language))
            io.stdout.write(`  ${printable(line)}\n`);
        }
      }
    }
    const sum = SEVERITIES.filter((name) => counts.has(name)).map(
      (name) => `${counts.get(name)} ${name}${counts.get(name) === 1 ? "" : "s"}`,
    );
    io.stderr.write(`${sum.join(", ") || "no findings"}\n`);
    return 0;
  },
};

/** A number of the tree, or the exchange whose conversation is meant; neither: all. */
type Wish = { readonly number: string } | { readonly found: FoundExchange } | null;

async function wishOf(
  tree: Tree,
  what: string | undefined,
  options: Options,
  io: Io,
): Promise<Wish> {
  if (what === undefined) return null;
  if (isIdBeginning(what) && parseNumber(what) === null) return { found: findExchange(tree, what) };
  return { number: numberOf(what, numbersOf(await configOf(options, io))) };
}

/** The conversations that are meant, oldest first; what stands alone is one of its own. */
function conversationsOf(tree: Tree, wish: Wish, damaged: Damaged): PlacedInFile[][] {
  const found = wish !== null && "found" in wish ? wish.found : null;
  const number = wish !== null && "number" in wish ? wish.number : found?.stream.number;
  const groups = new Map<string, PlacedInFile[]>();
  for (const placed of placeDays(tree, number === undefined ? {} : { number }, damaged)) {
    const key = placed.placement.conversation ?? placed.placement.exchange;
    const group = groups.get(key);
    if (group) group.push(placed);
    else groups.set(key, [placed]);
  }
  const all = [...groups.values()];
  if (found === null) return all;
  return all.filter((group) => group.some(({ placement }) => placement.exchange === found.id));
}
