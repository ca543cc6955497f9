/** An argument that is a number stays one; a path becomes relative to the captures folder. */
import { relative, resolve, sep } from "node:path";
import { parseNumber } from "../record/johnny-decimal/numbers.ts";
import type { Io } from "./command.ts";

export function filePathWithin(captures: string, argument: string, io: Io): string {
  if (parseNumber(argument) !== null) return argument;
  return relative(captures, resolve(io.cwd, argument)).split(sep).join("/");
}
