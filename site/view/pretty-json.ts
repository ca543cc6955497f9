/**
 * JSON text laid out for reading without being parsed: a scanner moves white space and touches
 * nothing else, so big integers, duplicate keys and 1e400 are shown as they were sent.
 *
 * What always holds: one pass, no recursion, so text nested a hundred thousand deep costs what its
 * length costs; below `depthMax` levels the layout stops and the rest stays on one line. Text that
 * is not JSON comes back laid out oddly but whole.
 */

/** `text` with a line for each member, two blanks a level, down to `depthMax` levels. */
export function prettyJson(text: string, depthMax: number): string {
  const out: string[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '"') {
      const end = endOfString(text, at);
      out.push(text.slice(at, end));
      at = end;
      continue;
    }
    at += 1;
    if (char === "{" || char === "[") {
      const close = skipBlanks(text, at);
      if (text[close] === (char === "{" ? "}" : "]")) {
        out.push(char, text[close]!);
        at = close + 1;
        continue;
      }
      depth += 1;
      out.push(char, lineBreak(depth, depthMax));
    } else if (char === "}" || char === "]") {
      depth = Math.max(0, depth - 1);
      out.push(depth + 1 > depthMax ? "" : lineBreak(depth, depthMax), char);
    } else if (char === ",") {
      out.push(",", depth > depthMax ? " " : lineBreak(depth, depthMax));
    } else if (char === ":") {
      out.push(": ");
    } else if (!isBlank(char)) {
      out.push(char);
    }
  }
  return out.join("");
}

/** True where `text` looks like a JSON object or array from its first and last character. */
export function looksLikeJson(text: string): boolean {
  const trimmed = text.trim();
  const first = trimmed[0];
  const last = trimmed[trimmed.length - 1];
  return (first === "{" && last === "}") || (first === "[" && last === "]");
}

function lineBreak(depth: number, depthMax: number): string {
  return depth > depthMax ? "" : `\n${"  ".repeat(depth)}`;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === '"') return at + 1;
  }
  return text.length;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text[at]!)) at += 1;
  return at;
}

function isBlank(char: string): boolean {
  return char === " " || char === "\n" || char === "\r" || char === "\t";
}
