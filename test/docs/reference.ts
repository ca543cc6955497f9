/**
 * The reference pages that are generated: docs/cli.md from the command table, docs/errors.md from
 * the error catalogue, docs/config.md from the configuration schema, docs/recipes.md from the data
 * behind `callnumber connect`.
 *
 *   node test/docs/reference.ts          writes them
 *   test/unit/docs/reference.test.ts     fails where a page is not what this would write
 */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import type { Command } from "../../cli/command.ts";
import { allCommands } from "../../cli/commands.ts";
import { fillRecipe, RECIPES, type Recipe, type RecipeStep } from "../../daemon/config/recipes.ts";
import { ConfigFile } from "../../daemon/config/schema.ts";
import { CATALOGUE } from "../../record/errors.ts";

/** Text by file name below docs/. */
export async function referencePages(): Promise<Record<string, string>> {
  return {
    "cli.md": cliPage(await allCommands()),
    "errors.md": errorsPage(),
    "config.md": configPage(),
    "recipes.md": recipesPage(),
  };
}

function cliPage(commands: readonly Command[]): string {
  const lines = [
    "# Commands",
    "",
    "Generated from the command table. From a checkout: `npm run callnumber -- COMMAND`.",
    "Every command takes `--config FILE` and `--help`. The answer goes to stdout, the talk to stderr.",
    "Exit codes: 0 done, 1 problems found, 2 mistyped (a command, a number, a day, a path that there is not), others as in [errors](errors.md).",
    "",
  ];
  for (const command of commands) lines.push(...commandSection(command, []));
  return `${lines.join("\n").trimEnd()}\n`;
}

function commandSection(command: Command, parents: readonly string[]): string[] {
  const name = [...parents, command.name];
  const words = (command.arguments ?? []).map((argument) => {
    const word = `${argument.name}${argument.variadic ? "…" : ""}`;
    return argument.required ? `<${word}>` : `[${word}]`;
  });
  const lines = [
    `${"#".repeat(name.length + 1)} ${name.join(" ")}`,
    "",
    `${sentence(command.summary)}`,
    "",
  ];
  if (command.run) lines.push("```", ["callnumber", ...name, ...words].join(" "), "```", "");
  for (const { name: argument, summary } of command.arguments ?? []) {
    lines.push(`- \`${argument}\`: ${summary}`);
  }
  for (const { flags, summary, choices } of command.options ?? []) {
    lines.push(`- \`${flags}\`: ${summary}${choices ? ` (${choices.join(", ")})` : ""}`);
  }
  if (command.arguments?.length || command.options?.length) lines.push("");
  if (command.examples?.length) lines.push("```sh", ...command.examples, "```", "");
  for (const inner of command.subcommands ?? []) lines.push(...commandSection(inner, name));
  return lines;
}

const sentence = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}.`;

function errorsPage(): string {
  const lines = [
    "# Errors",
    "",
    "Generated from the error catalogue (`record/errors.ts`). A code keeps its meaning for good.",
    "A command ends with the exit code; the daemon's own answers carry the HTTP status and the code in",
    "the header `x-callnumber-error`. Codes without either are only found in capture files and logs.",
    "",
    "| code | meaning | what to do | exit | status |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const [code, entry] of Object.entries(CATALOGUE).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { meaning, hint, exit, status } = entry as Record<string, unknown>;
    lines.push(`| \`${code}\` | ${meaning} | ${hint} | ${exit ?? ""} | ${status ?? ""} |`);
  }
  return `${lines.join("\n")}\n`;
}

interface JsonSchema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
}

function configPage(): string {
  const schema = z.toJSONSchema(ConfigFile, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const lines = [
    "# Configuration",
    "",
    "Generated from the schema of `callnumber.yaml` (`daemon/config/schema.ts`). No file at all is a",
    "working configuration. A file is looked for as `--config FILE`, `$CALLNUMBER_CONFIG`,",
    "`./callnumber.yaml`, `$CONFIGURATION_DIRECTORY/callnumber.yaml`,",
    "`~/.config/callnumber/callnumber.yaml`, `/etc/callnumber/callnumber.yaml`; the first one counts.",
    "`callnumber init` writes a commented one. Unknown keys are errors; all errors are listed at once",
    "with their lines. A value may be `${NAME}` (from the environment) or `file:PATH`; commands that only",
    "read captures do without those of `token` and of `headers`.",
    "",
    "Without a file: a current folder that has `captures/` (and is no checkout of callnumber) is used with",
    "its `.callnumber/` and `dist/`. Else captures are in `~/.local/share/callnumber/captures`, the site in",
    "`site` beside it, state in `~/.local/state/callnumber` (`$XDG_DATA_HOME`, `$XDG_STATE_HOME`).",
    "",
    "| key | value | meaning |",
    "| --- | --- | --- |",
    ...rows(schema, ""),
  ];
  return `${lines.join("\n")}\n`;
}

function* rows(schema: JsonSchema, prefix: string): Generator<string> {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${key}`;
    yield `| \`${path}\` | ${kindOf(field).replaceAll("|", "\\|")} | ${(field.description ?? "").replaceAll("|", "\\|")} |`;
    const object = [field, ...(field.anyOf ?? [])].find((part) => part.properties);
    if (object) yield* rows(object, `${path}.`);
    const entry =
      typeof field.additionalProperties === "object" ? field.additionalProperties : null;
    const inner = entry && [entry, ...(entry.anyOf ?? [])].find((part) => part.properties);
    if (inner) yield* rows(inner, `${path}.NAME.`);
    const item =
      field.items && [field.items, ...(field.items.anyOf ?? [])].find((part) => part.properties);
    if (item) yield* rows(item, `${path}[].`);
  }
}

function kindOf(field: JsonSchema): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  if (field.anyOf) return [...new Set(field.anyOf.map(kindOf))].join(" or ");
  if (field.type === "array") return `list of ${field.items ? kindOf(field.items) : "values"}`;
  if (field.type === "object") return "mapping";
  return field.type === "string" ? "text" : String(field.type ?? "value");
}

function recipesPage(): string {
  const lines = [
    "# Recipes",
    "",
    "Generated from the data behind `callnumber connect` (`daemon/config/recipes.ts`), which prints the",
    "same with your own address, token and number in it. Any other client works as well that can be",
    "given a base URL. `--number 11.12` files under an ID of your plan, see [filing](filing.md).",
  ];
  for (const recipe of RECIPES) lines.push("", ...recipeSection(recipe));
  return `${lines.join("\n")}\n`;
}

function recipeSection(recipe: Recipe): string[] {
  const { client, title, upstream, recognisedBy, proof } = recipe;
  const told = recognisedBy === null ? "" : `; recognised by its ${recognisedBy}`;
  const filled = fillRecipe(recipe, "http://127.0.0.1:4177", upstream);
  return [
    `## ${title}`,
    "",
    `\`callnumber connect ${client}\`; usual upstream \`${upstream}\`${told}; ${proof}.`,
    ...filled.flatMap((step, i) => stepLines(step, filled[i - 1], filled[i + 1])),
  ];
}

/** Lines for the shell that follow one another stand in one block. */
function stepLines(step: RecipeStep, before?: RecipeStep, after?: RecipeStep): string[] {
  const { kind, path, text } = step;
  if (kind === "note") return ["", sentence(text)];
  if (kind === "shell") {
    const opens = before?.kind === "shell" ? [] : ["", "```sh"];
    return [...opens, text, ...(after?.kind === "shell" ? [] : ["```"])];
  }
  const where = path === "your program" ? path : `\`${path}\``;
  return ["", `In ${where}:`, "", "```", text, "```"];
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await referencePages())) {
    writeFileSync(new URL(`../../docs/${name}`, import.meta.url), text);
  }
}
