/** `callnumber connect`: how to point a client at the daemon; the recipes are data. */
import { didYouMean } from "../daemon/config/did-you-mean.ts";
import { loadConfig } from "../daemon/config/load.ts";
import { fillRecipe, RECIPES, type Recipe, type RecipeStep } from "../daemon/config/recipes.ts";
import type { Config } from "../daemon/config/types.ts";
import { CodedError } from "../record/errors.ts";
import type { Command, Io, Options } from "./command.ts";

export const connect: Command = {
  name: "connect",
  summary: "how to point a client at the daemon",
  arguments: [{ name: "client", summary: "name of the client; without it all are listed" }],
  options: [
    { flags: "--upstream <name>", summary: "upstream to use in place of the client's usual one" },
    { flags: "--number <number>", summary: "Johnny.Decimal number to file under, e.g. 11.12" },
    { flags: "--json", summary: "the recipe as JSON" },
  ],
  examples: ["callnumber connect claude-code", "callnumber connect cline --number 11.12"],
  run: async (args, options, io) => {
    const file = typeof options.config === "string" ? options.config : undefined;
    const config = loadConfig({ file, env: io.env, cwd: io.cwd });
    if (args[0] === undefined) return listClients(options, io);
    const recipe = find(args[0]);
    const upstream = upstreamFor(recipe, options, config);
    const steps = fillRecipe(recipe, baseOf(config, options), upstream);
    if (options.json) io.stdout.write(`${JSON.stringify({ ...recipe, upstream, steps })}\n`);
    else io.stdout.write(`${shown(recipe.title, upstream, steps)}\n`);
    return 0;
  },
};

function listClients(options: Options, io: Io): number {
  for (const recipe of RECIPES) {
    const { client, title, upstream } = recipe;
    const row = `${client.padEnd(18)}${title.padEnd(44)}${upstream}`;
    io.stdout.write(`${options.json ? JSON.stringify(recipe) : row}\n`);
  }
  return 0;
}

function find(name: string): Recipe {
  const recipe = RECIPES.find(({ client }) => client === name);
  if (recipe !== undefined) return recipe;
  const names = RECIPES.map(({ client }) => client);
  const near = didYouMean(name, names);
  const hint = near === null ? `known are ${names.join(", ")}` : `did you mean ${near}?`;
  throw new CodedError("unknown-client", `no recipe for ${JSON.stringify(name)}; ${hint}`);
}

function upstreamFor(recipe: Recipe, options: Options, config: Config): string {
  const name = typeof options.upstream === "string" ? options.upstream : recipe.upstream;
  if (Object.hasOwn(config.upstreams, name)) return name;
  const near = didYouMean(name, Object.keys(config.upstreams));
  const hint = near === null ? "" : `; did you mean ${near}?`;
  throw new CodedError("unknown-upstream", `no upstream is named ${JSON.stringify(name)}${hint}`);
}

/** Address with token and number, as they stand in front of the upstream's name. */
function baseOf(config: Config, options: Options): string {
  const first = config.listen[0];
  const any = first?.host === "0.0.0.0" || first?.host === "::";
  const name = any ? "127.0.0.1" : (first?.host ?? "127.0.0.1");
  const host = name.includes(":") ? `[${name}]` : name;
  const token = config.token === null ? "" : `/~${encodeURIComponent(config.token)}`;
  const number = options.number;
  if (typeof number === "string" && !/^\d\d\.\d\d$/.test(number)) {
    throw new CodedError("bad-argument", `${JSON.stringify(number)} is no number such as 11.12`);
  }
  return `http://${host}:${first?.port ?? 4177}${token}${number ? `/${number}` : ""}`;
}

const LAST =
  "# the key is the client's own, as without callnumber; the daemon has to run: callnumber up";

/** Each file and each run of shell lines under a heading that says where it belongs. */
function shown(title: string, upstream: string, steps: readonly RecipeStep[]): string {
  const lines = [`# ${title}, by way of callnumber to ${upstream}`];
  steps.forEach(({ kind, path, text }, i) => {
    if (kind === "note") lines.push("", `# ${text}`);
    else if (kind === "file") lines.push("", `# in ${path}:`, text);
    else if (steps[i - 1]?.kind === "shell") lines.push(text);
    else lines.push("", "# in a shell:", text);
  });
  return [...lines, "", LAST].join("\n");
}
