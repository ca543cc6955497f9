/**
 * Arguments of a Gemini function call that come bit by bit (Vertex, `streamFunctionCallArguments`):
 * `partialArgs: [{jsonPath: "$.a[0].b", stringValue: "…", willContinue: true}]`.
 *
 * What always holds: paths are made of names and small indexes only and are never evaluated; a path
 * that is anything else is left out; strings under one path go on while `willContinue` says so.
 */
import { get, isObject, type JsonObject, put, str } from "./json.ts";

/** An index beyond this is damage, not an array. */
const INDEX_MAX = 10_000;
const STEP = /\.([^.[\]]+)|\[(\d{1,5})\]|\['([^']*)'\]/y;

/** Adds one partial argument to `args`. */
export function addPartialArg(args: JsonObject, partial: unknown): void {
  const path = stepsOf(str(partial, "jsonPath") ?? "");
  if (path === null || path.length === 0) return;
  const value = ["stringValue", "numberValue", "boolValue"]
    .map((key) => get(partial, key))
    .find((found) => found !== undefined);
  let at: unknown = args;
  for (const [i, step] of path.entries()) {
    if (i === path.length - 1) setLeaf(at, step, value);
    else at = descend(at, step, path[i + 1]!);
  }
}

function stepsOf(path: string): (string | number)[] | null {
  if (!path.startsWith("$") || path.length > 1000) return null;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (found === null) return null;
    steps.push(found[2] === undefined ? (found[1] ?? found[3] ?? "") : Number(found[2]));
  }
  return steps;
}

function read(at: unknown, step: string | number): unknown {
  return Array.isArray(at) ? at[Number(step)] : get(at, String(step));
}

function write(at: unknown, step: string | number, value: unknown): void {
  if (Array.isArray(at)) {
    if (typeof step === "number" && step <= Math.min(at.length, INDEX_MAX)) at[step] = value;
  } else if (isObject(at)) put(at, String(step), value);
}

function descend(at: unknown, step: string | number, next: string | number): unknown {
  const found = read(at, step);
  if (isObject(found) || Array.isArray(found)) return found;
  const made: unknown = typeof next === "number" ? [] : {};
  write(at, step, made);
  return made;
}

function setLeaf(at: unknown, step: string | number, value: unknown): void {
  const before = read(at, step);
  if (typeof value === "string" && typeof before === "string") write(at, step, before + value);
  else write(at, step, value ?? null);
}
