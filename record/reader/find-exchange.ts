/**
 * Finds an exchange by the beginning of its id, over the whole tree.
 *
 * Invariants: files are searched as bytes, newest day first, and only the lines that match
 * are parsed; a ULID begins with its time, so two exchanges seldom share ten characters.
 */
import { CodedError } from "../errors.ts";
import { eachLine } from "./file-lines.ts";
import type { Stream, Tree } from "./tree.ts";

export interface FoundExchange {
  readonly id: string;
  readonly stream: Stream;
  readonly day: string;
  /** Absolute path of the file that it stands in, and its line there, counted from 1. */
  readonly path: string;
  readonly line: number;
}

const HEAD = '{"type":"exchange","id":"';
/** Characters of Crockford's base 32, which ULIDs are written in. */
const PREFIX = /^[0-9A-Z]{1,26}$/;

/** Whether a text can be the beginning of an id at all: of a ULID, which begins with 0 to 7. */
export function isIdBeginning(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{0,25}$/i.test(text.trim());
}

/**
 * The exchange whose id begins with `prefix` (case does not matter). Throws no-such-exchange where
 * there is none and ambiguous-exchange where several ids begin so.
 */
export function findExchange(tree: Tree, prefix: string): FoundExchange {
  const wanted = prefix.trim().toUpperCase();
  const found = PREFIX.test(wanted) ? search(tree, wanted) : [];
  const ids = new Set(found.map(({ id }) => id));
  if (ids.size === 0) {
    const isOne = isIdBeginning(prefix);
    const why = isOne
      ? ""
      : ": an id has 26 letters and digits, such as 01KAQ3M9V5E8T2R6W1Y4Z7X0CB";
    throw new CodedError("no-such-exchange", `no exchange ${prefix.slice(0, 200)}${why}`);
  }
  if (ids.size > 1) {
    const some = [...ids].slice(0, 5).join(", ");
    throw new CodedError("ambiguous-exchange", `${prefix} could be ${some}`);
  }
  return found[0]!;
}

function search(tree: Tree, prefix: string): FoundExchange[] {
  const needle = Buffer.from(`${HEAD}${prefix}`);
  const found: FoundExchange[] = [];
  for (const { stream, day, path } of tree.files()) {
    let at = 0;
    eachLine(path, (line) => {
      at++;
      if (line.length < needle.length || needle.compare(line, 0, needle.length) !== 0) return;
      const id = line.toString("latin1", HEAD.length, line.indexOf('"', HEAD.length));
      found.push({ id, stream, day, path, line: at });
    });
  }
  return found;
}
