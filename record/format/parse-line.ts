/**
 * From the bytes of a line that is no part to a record that can be trusted, or to what is wrong with
 * it. Whoever reads `file` or `exchange` lines comes through here.
 *
 * Invariants: never throws; a line that is longer than any record is not even decoded, so
 * that what a file holds cannot cost more memory than LIMITS allow.
 */
import { LIMITS } from "../limits.ts";
import { checkLine } from "./check-line.ts";

const EXCHANGE = Buffer.from('{"type":"exchange"');
const OPEN_OBJECT = 0x7b;
const CONFLICT = /^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)( |\r?$)/;

/** The record on a line (without LF), or what is wrong with it, in words. */
export function parseLine(line: Buffer): Record<string, unknown> | string {
  if (line[0] !== OPEN_OBJECT && CONFLICT.test(line.toString("latin1", 0, 16))) {
    return "merge conflict marker";
  }
  if (line.length > LIMITS.recordLineBytes) {
    return `a line of ${line.length} bytes, longer than any record`;
  }
  const isExchange = EXCHANGE.equals(line.subarray(0, EXCHANGE.length));
  try {
    const value: unknown = JSON.parse(line.toString());
    if (typeof value !== "object" || value === null || !("type" in value)) {
      return "a line that is no record";
    }
    const record = value as Record<string, unknown>;
    const wrong = checkLine(record);
    return wrong === null ? record : `damaged ${record.type} line: ${wrong}`;
  } catch {
    return isExchange ? "damaged exchange line" : "damaged line";
  }
}
