/**
 * The two index files in `00.00 JDex for the system`: `00.00 Index.txt` for people (the plain-text
 * index format of Johnny.Decimal: one line a number, indented by level, `- Key: value` below an
 * item) and `jdex.json` for programs. And `plan.tsv` beside them, which is the imported plan.
 *
 *   10-19 Coding agents
 *      11 Cline
 *         11.11 OpenRouter
 *         - Description: what goes to OpenRouter
 *
 * What always holds: both are made from the same entries and only replaced when they differ, each
 * at once; nothing in them comes from the clock. Never edited by hand: rename the folder instead.
 */
import { join } from "node:path";
import type { JdexEntry } from "./jdex-entries.ts";
import { parseNumber } from "./numbers.ts";
import { readPlainFile, replaceFile } from "./plain-file.ts";
import { folderName } from "./titles.ts";

export const INDEX_FILE = "00.00 Index.txt";
export const JDEX_FILE = "jdex.json";
export const JDEX_FORMAT = "callnumber-jdex/1";

const INDENT = { area: "", category: "   ", id: "      ", sub: "         " } as const;

/** What the two files hold for these entries. */
export function renderIndex(entries: readonly JdexEntry[]): { text: string; json: string } {
  return { text: renderText(entries), json: renderJson(entries) };
}

/** Writes both files into the folder of 00.00. True where either changed. */
export function writeIndex(folder: string, entries: readonly JdexEntry[]): boolean {
  const { text, json } = renderIndex(entries);
  const textChanged = replaceFile(join(folder, INDEX_FILE), text);
  const jsonChanged = replaceFile(join(folder, JDEX_FILE), json);
  return textChanged || jsonChanged;
}

/** Names of the files in the folder of 00.00 that do not say what they should. */
export function staleIndexFiles(folder: string, entries: readonly JdexEntry[]): string[] {
  const { text, json } = renderIndex(entries);
  const stale: string[] = [];
  if (readPlainFile(join(folder, INDEX_FILE)) !== text) stale.push(INDEX_FILE);
  if (readPlainFile(join(folder, JDEX_FILE)) !== json) stale.push(JDEX_FILE);
  return stale;
}

/** Reads the numbers and titles of an index text, as any program of this system would. */
export function parseIndexText(text: string): { number: string; title: string }[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\S+) (.+)$/u.exec(line);
    if (match === null || parseNumber(match[1]!) === null) return [];
    return [{ number: match[1]!, title: match[2]! }];
  });
}

function renderText(entries: readonly JdexEntry[]): string {
  const lines = entries.flatMap((entry) => {
    const indent = INDENT[entry.number.level];
    // As the folder is called: other programs compare the two, and `//` would begin a comment.
    const line = `${indent}${folderName(entry.number.text, entry.title)}`;
    const about =
      entry.description === "" ? [] : [`${indent}- Description: ${oneLine(entry.description)}`];
    return [line, ...about];
  });
  return `${lines.join("\n")}\n`;
}

function renderJson(entries: readonly JdexEntry[]): string {
  const rows = entries.map(({ number, title, description, folder, planned, archived }) =>
    JSON.stringify({
      number: number.text,
      level: number.level,
      title,
      description,
      folder,
      planned,
      archived,
    }),
  );
  // One line an entry: a change of one is a change of one line in a git diff.
  return `{"format":"${JDEX_FORMAT}","entries":[\n${rows.join(",\n")}\n]}\n`;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
