/**
 * Tab-, comma- and semicolon-separated text as spreadsheets and people write it, to and from rows
 * of cells.
 *
 * What always holds: what `formatDelimited` writes, `parseDelimited` reads back cell for cell;
 * a quotation mark that does not enclose a whole cell is an ordinary character; every row knows the
 * line it began on. https://www.rfc-editor.org/rfc/rfc4180 for CSV; tab-separated text is quoted in
 * the same way, and only where a cell could not be told otherwise.
 */

export type Delimiter = "\t" | "," | ";";

export interface DelimitedRow {
  readonly cells: readonly string[];
  /** Line in the text on which the row begins, from 1. */
  readonly line: number;
}

/** Rows of cells; lines without any character are passed over. CRLF, LF and CR end a row. */
export function parseDelimited(text: string, delimiter: Delimiter): DelimitedRow[] {
  const rows: DelimitedRow[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row = parseRow(text, at, delimiter);
    if (row.cells.length > 1 || row.cells[0]!.trim() !== "") rows.push({ cells: row.cells, line });
    line += lineEnds(text.slice(at, row.end));
    at = row.end;
  }
  return rows;
}

/** One line a row, LF after each. */
export function formatDelimited(
  rows: readonly (readonly string[])[],
  delimiter: Delimiter,
): string {
  return rows
    .map((cells) => `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\n`)
    .join("");
}

/** The delimiter that the lines of a text have in common most; a tab where none is seen. */
export function guessDelimiter(text: string): Delimiter {
  const lines = text.split(/\r\n|\n|\r/, 200).filter((line) => line.trim() !== "");
  const linesWith = (sign: Delimiter) => lines.filter((line) => line.includes(sign)).length;
  // A description is full of commas, hardly ever of tabs: one tab in most lines decides.
  if (linesWith("\t") * 2 >= lines.length) return "\t";
  const begins = (line: string, sign: Delimiter) =>
    line.includes(sign) && /^\s*"?[0-9０-９][^,;]{0,8}$/u.test(line.split(sign, 1)[0]!);
  const numbered = (sign: Delimiter) => lines.filter((line) => begins(line, sign)).length;
  const comma = numbered(",");
  const semicolon = numbered(";");
  if (comma === 0 && semicolon === 0) return "\t";
  return semicolon > comma ? ";" : ",";
}

function parseRow(
  text: string,
  from: number,
  delimiter: Delimiter,
): { cells: string[]; end: number } {
  const cells: string[] = [];
  let at = from;
  for (;;) {
    const enclosed = text[at] === '"' ? parseEnclosed(text, at, delimiter) : null;
    const cell = enclosed ?? parseOpen(text, at, delimiter);
    cells.push(cell.value);
    at = cell.end;
    if (text[at] !== delimiter) return { cells, end: afterLineEnd(text, at) };
    at += 1;
  }
}

/** A cell in quotation marks, or null where the closing one is not followed by the cell's end. */
function parseEnclosed(text: string, from: number, delimiter: Delimiter) {
  let value = "";
  let at = from + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close === -1) return null;
    value += text.slice(at, close);
    if (text[close + 1] === '"') {
      value += '"';
      at = close + 2;
      continue;
    }
    return endsCell(text, close + 1, delimiter) ? { value, end: close + 1 } : null;
  }
}

function parseOpen(text: string, from: number, delimiter: Delimiter) {
  let end = from;
  while (!endsCell(text, end, delimiter)) end += 1;
  return { value: text.slice(from, end), end };
}

function endsCell(text: string, at: number, delimiter: Delimiter): boolean {
  return at >= text.length || text[at] === delimiter || text[at] === "\n" || text[at] === "\r";
}

function afterLineEnd(text: string, at: number): number {
  return text[at] === "\r" && text[at + 1] === "\n" ? at + 2 : at + 1;
}

function lineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function quoted(cell: string, delimiter: Delimiter): string {
  const needed = cell.startsWith('"') || cell.includes(delimiter) || /[\r\n]/.test(cell);
  return needed ? `"${cell.replaceAll('"', '""')}"` : cell;
}
