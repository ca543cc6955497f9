/**
 * The man page, as a function of the command table (roff, man macros). Pure.
 *
 * What always holds: text from the table is escaped, so that no line of it is read as a macro.
 */
import type { Command } from "./command.ts";

/** callnumber(1). */
export function manPage(commands: readonly Command[], version: string): string {
  const lines = [
    `.TH CALLNUMBER 1 "" "callnumber ${version}" "User Commands"`,
    ".SH NAME",
    "callnumber \\- records LLM traffic as files",
    ".SH SYNOPSIS",
    ".B callnumber",
    "[\\fB\\-c\\fR \\fIfile\\fR] \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]",
    ".SH DESCRIPTION",
    text(
      "A flight recorder for LLM traffic: stands between any tool and any LLM API, records every " +
        "request and response in full as JSON Lines in a Johnny.Decimal tree, and makes a static " +
        "site of it. The answer of a command goes to standard output, everything else to standard " +
        "error.",
    ),
    ".SH OPTIONS",
    ".TP",
    "\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIfile\\fR",
    "configuration file",
    ".TP",
    "\\fB\\-V\\fR, \\fB\\-\\-version\\fR",
    "print the version",
    ".TP",
    "\\fB\\-h\\fR, \\fB\\-\\-help\\fR",
    "print help, also for one command",
    ".SH COMMANDS",
  ];
  for (const command of commands) lines.push(...section(command, []));
  lines.push(...FILES, ...EXIT);
  return `${lines.join("\n")}\n`;
}

function section(command: Command, parents: readonly string[]): string[] {
  const name = [...parents, command.name];
  const lines: string[] = [];
  if (command.run !== undefined || parents.length === 0) {
    const words = (command.arguments ?? []).map(({ name: word, required, variadic }) => {
      const shown = `\\fI${text(word)}\\fR${variadic ? "..." : ""}`;
      return required ? shown : `[${shown}]`;
    });
    lines.push(`.SS ${[`callnumber ${text(name.join(" "))}`, ...words].join(" ")}`);
    lines.push(text(command.summary));
  }
  for (const { name: word, summary } of command.arguments ?? []) {
    lines.push(".TP", `\\fI${text(word)}\\fR`, text(summary));
  }
  for (const { flags, summary, choices, default: usual } of command.options ?? []) {
    const more = choices ? ` (${choices.join(", ")})` : "";
    const given = typeof usual === "string" ? `; default ${usual}` : "";
    lines.push(".TP", `\\fB${text(flags)}\\fR`, text(`${summary}${more}${given}`));
  }
  if (command.examples?.length) {
    lines.push(".PP", "Examples:", ".nf", ...command.examples.map(text), ".fi");
  }
  for (const inner of command.subcommands ?? []) lines.push(...section(inner, name));
  return lines;
}

const FILES = [
  ".SH FILES",
  ".TP",
  "\\fI./callnumber.yaml\\fR, \\fI~/.config/callnumber/callnumber.yaml\\fR, \\fI/etc/callnumber/callnumber.yaml\\fR",
  "configuration; the first that exists counts, and none is needed",
];
const EXIT = [
  ".SH EXIT STATUS",
  "0 done, 1 problems found, 64 wrong usage, 69 something needed is not there, 78 the configuration is wrong.",
];

/** As roff prints it literally: no escape, no macro at the beginning, hyphens that can be copied. */
function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replace(/^([.'])/, "\\&$1");
}
