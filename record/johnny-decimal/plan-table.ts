/**
 * A plan as a table: number, title, description. Reads TSV, CSV and JSON as people write them and
 * writes all three.
 *
 * Invariants: titles and descriptions come through as their author wrote them (NFC and ends
 * apart); a row that cannot be understood is named with its line and left out, never guessed at;
 * one number twice is an error, since nobody can know which was meant; what is written reads back
 * equal. Pure.
 */
import { CodedError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { type Delimiter, formatDelimited, guessDelimiter, parseDelimited } from "./delimited.ts";
import { type JdNumber, parseLooseNumber } from "./numbers.ts";
import { type Plan, type PlanRow, planOf } from "./plan.ts";

export type TableFormat = "tsv" | "csv" | "json";

export interface TableReading {
  readonly plan: Plan;
  /** Rows that were left out, in plain words with their line; a header row is not among them. */
  readonly leftOut: readonly string[];
  /** Rows whose number an earlier row has. */
  readonly twice: readonly string[];
}

/**
 * Decodes the bytes of a table: UTF-8 or UTF-16 by its byte order mark, else UTF-8, else what
 * `encoding` names (a label of the WHATWG encoding standard such as `big5`). Throws `table-invalid`.
 */
export function decodeTable(bytes: Uint8Array, encoding: string | null = null): string {
  if (bytes.length > LIMITS.tableBytes) {
    throw new CodedError("table-invalid", `the table has ${bytes.length} bytes`);
  }
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : null;
  const bigEndian = bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  const label = encoding ?? mark ?? bigEndian ?? "utf-8";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new CodedError("bad-argument", `no encoding is called ${JSON.stringify(label)}`);
    }
    throw new CodedError("table-invalid", `the table is not ${label}`, { cause });
  }
}

/** Reads a table that is to become the plan. Throws `table-invalid` where it cannot be one. */
export function readTable(text: string, format: TableFormat | null = null): TableReading {
  const reading = surveyTable(text, format);
  if (reading.twice.length > 0) throw new CodedError("table-invalid", reading.twice.join("; "));
  if (reading.plan.rows.length === 0) {
    throw new CodedError("table-invalid", "no row begins with a number");
  }
  return reading;
}

/**
 * Reads what can be read of a table: of two rows with one number the first. `format` null: JSON by
 * its first character, else by its delimiters. Throws `table-invalid` for broken JSON only.
 */
export function surveyTable(text: string, format: TableFormat | null = null): TableReading {
  const plain = text.replace(/^\ufeff/, "");
  if (format === "json" || (format === null && /^\s*[[{]/.test(plain))) return readJson(plain);
  const delimiter: Delimiter = format === "tsv" ? "\t" : guessDelimiter(plain);
  const rows = parseDelimited(plain, delimiter);
  return collect(
    rows.map(({ cells, line }, index) => {
      const row = rowOf(cells);
      const where = `line ${line}: ${JSON.stringify(cells.join(" ").trim().slice(0, 60))}`;
      return { row, where, header: index === 0 };
    }),
  );
}

/** Writes a table without a header, one row a number, as `readTable` reads it back. */
export function writeTable(plan: Plan, format: TableFormat): string {
  if (format === "json")
    return `[\n${plan.rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
  const rows = plan.rows.map(({ number, title, description }) => [number, title, description]);
  return formatDelimited(rows, format === "csv" ? "," : "\t");
}

interface Candidate {
  row: PlanRow | null;
  /** Line and beginning of the row, for a message. */
  where: string;
  header: boolean;
}

function collect(candidates: readonly Candidate[]): TableReading {
  const rows = new Map<string, PlanRow>();
  const leftOut: string[] = [];
  const twice: string[] = [];
  for (const { row, where, header } of candidates) {
    if (row === null) {
      if (!header) leftOut.push(`${where}: ${adviceFor(where)}`);
    } else if (rows.has(row.number)) {
      twice.push(`${where}: ${row.number} was given before`);
    } else {
      rows.set(row.number, row);
    }
  }
  return { plan: planOf(rows.values()), leftOut, twice };
}

function rowOf(cells: readonly string[]): PlanRow | null {
  const filled = cells.map((cell) => cell.normalize("NFC").trim());
  const first = filled[0]!;
  const number = parseLooseNumber(first);
  if (number !== null && number.level !== "sub") {
    return { number: number.text, title: filled[1] ?? "", description: rest(filled.slice(2)) };
  }
  // "11 Cline" in one cell, as it stands in a folder's name.
  const joined = /^(\S+)[\s\u3000]+(.+)$/su.exec(first);
  const inside: JdNumber | null = joined === null ? null : parseLooseNumber(joined[1]!);
  if (joined === null || inside === null || inside.level === "sub") return null;
  return { number: inside.text, title: joined[2]!.trim(), description: rest(filled.slice(1)) };
}

/** Cells beyond the third are part of the description: nothing that somebody wrote is dropped. */
function rest(cells: readonly string[]): string {
  return cells.filter((cell) => cell !== "").join(" ");
}

function adviceFor(where: string): string {
  return /"[0-9]{1,2}(\.[0-9])?(\s|")/.test(where)
    ? "no number of two digits (a spreadsheet may have taken off a zero: format the column as text)"
    : "no number at its beginning";
}

function readJson(text: string): TableReading {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new CodedError("table-invalid", "the table is not valid JSON", { cause });
  }
  if (!Array.isArray(data)) {
    throw new CodedError("table-invalid", "the table is not a JSON array of rows");
  }
  return collect(
    data.map((row: unknown, index) => ({
      row: rowOf(cellsOf(row)),
      where: `row ${index + 1}`,
      header: false,
    })),
  );
}

/** Number, title and description of a row; empty where it is none. */
function cellsOf(row: unknown): string[] {
  const { number, title, description } = (row ?? {}) as Record<string, unknown>;
  const [about, more] = [title ?? "", description ?? ""];
  const isRow = [number, about, more].every((cell) => typeof cell === "string");
  return isRow ? ([number, about, more] as string[]) : ["", "", ""];
}
