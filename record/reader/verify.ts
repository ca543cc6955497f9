/**
 * Proves a capture file: every line's checksum, every part's digest, every body joined and hashed.
 *
 * Invariants: a flipped byte anywhere in a file that this project wrote is reported with the
 * line that it is in; a line of an unknown type with a right checksum is a later version's and is no
 * problem. Memory is one body.
 */
import { hash } from "node:crypto";
import { isFaithful, partBytes, viewPartLine } from "../bodies/part-line.ts";
import { lineCheck } from "../format/json-line.ts";
import { parseLine } from "../format/parse-line.ts";
import type { ExchangeLine } from "../format/schema.ts";
import { FORMAT } from "../format/version.ts";
import { CaptureFile } from "./capture-file.ts";
import { eachLine } from "./file-lines.ts";

export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Every problem of a file, in line order; empty where all is well. Throws what reading throws. */
export function verifyFile(path: string): Problem[] {
  const problems: Problem[] = [];
  const report = (line: number, message: string) => problems.push({ file: path, line, message });
  let line = 0;
  let parts = 0;
  const { complete, size } = eachLine(path, (bytes, _offset, cut) => {
    line++;
    if (cut > 0) return;
    const view = viewPartLine(bytes);
    const message = view ? checkPart(bytes, view, parts + 1) : checkRecord(bytes, line);
    if (view) parts = Math.max(parts, view.n);
    if (message !== null) report(line, message);
  });
  if (complete < size) report(line + 1, `torn line of ${size - complete} bytes at the end`);
  if (size === 0) report(1, "an empty file");
  const damaged = new Set(problems.map((problem) => problem.line));
  using file = CaptureFile.open(path);
  for (const { line: at, message } of file.damage) {
    if (!damaged.has(at)) report(at, message);
  }
  for (const x of file.exchanges()) {
    const at = file.line(x);
    if (damaged.has(at)) continue;
    for (const message of checkExchange(file, x)) report(at, message);
  }
  return problems.sort((a, b) => a.line - b.line);
}

function checkPart(
  line: Buffer,
  view: NonNullable<ReturnType<typeof viewPartLine>>,
  expected: number,
): string | null {
  try {
    const bytes = partBytes(view);
    if (hash("sha256", bytes, "hex") !== view.sha256)
      return `part ${view.n} differs from its sha256`;
    if (!isFaithful(line, view, bytes)) return `part ${view.n} is not as it was written`;
  } catch (error) {
    return `part ${view.n} cannot be read: ${(error as Error).message}`;
  }
  return view.n === expected ? null : `part ${view.n} where ${expected} was due`;
}

function checkRecord(bytes: Buffer, line: number): string | null {
  const check = lineCheck(bytes);
  if (check === "wrong") return "the line differs from its crc32";
  if (check === "missing") return "damaged line: no crc32 at its end";
  const record = parseLine(bytes);
  if (typeof record === "string") return record;
  if (line === 1 && record.type !== "file") return "the first line is no file line";
  if (record.type === "file" && record.format !== FORMAT) {
    return `format ${record.format} is not ${FORMAT}`;
  }
  return null;
}

function* checkExchange(file: CaptureFile, x: ExchangeLine): Generator<string> {
  for (const side of ["request", "response"] as const) {
    const message = checkBody(file, x, side);
    if (message !== null) yield `${side} body: ${message}`;
  }
  const assembled = x.response?.assembled;
  if (typeof assembled === "number" && file.stored(assembled, x) === null) {
    yield `assembled message: part ${assembled} is missing`;
  }
}

/** What reading the body says, without the place that it says it about. */
function checkBody(file: CaptureFile, x: ExchangeLine, side: "request" | "response") {
  const body = side === "request" ? x.request.body : x.response?.body;
  if (body && !body.parts && body.chunks === undefined) return "has neither parts nor chunks";
  try {
    if (side === "request") file.requestBody(x);
    else file.responseBody(x);
    return null;
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}
