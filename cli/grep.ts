/** `callnumber grep PATTERN`: searches what is new in each exchange, so that a hit shows once. */
import { CodedError } from "../record/errors.ts";
import { parseLean } from "../record/format/lean-json.ts";
import type { ExchangeLine } from "../record/format/schema.ts";
import type { DayReader } from "../record/reader/day-reader.ts";
import { damageTo, filesOf, openedFiles, treeOf } from "./captures.ts";
import type { Command, Options } from "./command.ts";
import { oneLine } from "./printable.ts";

/** Characters shown on each side of a hit. */
const CONTEXT_CHARS = 60;

export const grep: Command = {
  name: "grep",
  summary: "search what is new in each exchange (a repeated history is searched once)",
  arguments: [
    { name: "pattern", summary: "JavaScript regular expression, Unicode", required: true },
    { name: "path", summary: "files, folders or numbers; all without it", variadic: true },
  ],
  options: [
    { flags: "-i, --ignore-case", summary: "capital and small letters alike" },
    { flags: "-F, --fixed-strings", summary: "the pattern is plain text" },
    { flags: "-l, --list", summary: "only the ids of exchanges with a hit" },
    { flags: "--json", summary: "one JSON object a hit" },
  ],
  examples: ["callnumber grep -i 'rate limit' 11", "callnumber grep -F read_file"],
  run: async ([pattern = "", ...paths], options, io) => {
    const wanted = expressionOf(pattern, options);
    const tree = await treeOf(options, io);
    const files = filesOf(tree, paths, io).map((path) => ({ path }));
    const say = damageTo(io);
    let hits = 0;
    if (files.length === 0) io.stderr.write("no captures to search\n");
    for (const { path, reader } of openedFiles(files, io)) {
      for (const x of reader.exchanges()) {
        for (const { text, line } of newTexts(reader, x, say)) {
          const match = wanted.exec(text);
          if (match === null) continue;
          hits++;
          if (options.list) {
            io.stdout.write(`${x.id}\n`);
            break;
          }
          const shown = excerpt(text, match.index, match[0].length);
          const row = options.json
            ? JSON.stringify({ id: x.id, file: path, line, match: match[0], excerpt: shown })
            : `${x.id}  ${shown}`;
          io.stdout.write(`${row}\n`);
        }
      }
    }
    if (hits > 0) return 0;
    io.stderr.write("nothing matches\n");
    return 1;
  },
};

function expressionOf(pattern: string, options: Options): RegExp {
  const source = options.fixedStrings ? pattern.replace(/[\^$.*+?()[\]{}|/]/gu, "\\$&") : pattern;
  try {
    return new RegExp(source, options.ignoreCase ? "iu" : "u");
  } catch (cause) {
    throw new CodedError("bad-pattern", (cause as Error).message.toLowerCase(), { cause });
  }
}

/** The texts that the file holds because of this exchange; of JSON, its strings as they read. */
function* newTexts(
  reader: DayReader,
  x: ExchangeLine,
  say: (message: string) => void,
): Generator<{ text: string; line: number }> {
  const chunks = new Set([x.request.body?.chunks, x.response?.body?.chunks]);
  for (const { n, line } of reader.newParts(x)) {
    // The pieces of a stream cut words; the message that they add up to is a part of its own.
    if (chunks.has(n) && x.response?.assembled) continue;
    try {
      yield { text: readable(reader.part(n, x).toString("utf8")), line };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      say(error.message);
    }
  }
}

/** JSON strings decoded, one a line, so that `\n` and `\u4e2d` in a capture match as characters. */
function readable(text: string): string {
  const strings: string[] = [];
  const open: unknown[] = [parseLean(text)];
  // A stack of its own: what is nested a million deep must not need one call for each level.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === "string") strings.push(value);
    if (typeof value !== "object" || value === null) continue;
    const entries = Object.entries(value);
    if (!Array.isArray(value)) {
      for (const [key, inner] of entries) if (typeof inner !== "string") strings.push(key);
    }
    for (const [, inner] of entries.reverse()) open.push(inner);
  }
  return strings.length > 0 ? strings.join("\n") : text;
}

function excerpt(text: string, at: number, length: number): string {
  const from = Math.max(0, at - CONTEXT_CHARS);
  const cut = text.slice(from, at + length + CONTEXT_CHARS);
  return oneLine(`${from > 0 ? "…" : ""}${cut}`, 2 * CONTEXT_CHARS + Math.min(length, 200) + 2);
}
