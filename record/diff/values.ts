/**
 * Named values: parameters of two requests, and the properties of two versions of a tool.
 *
 * What always holds: order of parameters is no change; order of keys within a tool is one, because
 * providers write the schema into the prompt as it was sent.
 */

import type { NormalTool } from "../dialects/normal.ts";
import { LIMITS } from "../limits.ts";
import type { ValueChange } from "./model.ts";

type Flat = Map<string, string>;

/** Parameters by name; objects are compared member by member. */
export function parameterChanges(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): ValueChange[] {
  return changes(flatten(before), flatten(after));
}

/** True where two tools are the same, and the very schema that an earlier turn brought. */
export function sameTool(a: NormalTool, b: NormalTool): boolean {
  return (
    a.schema === b.schema &&
    a.name === b.name &&
    a.kind === b.kind &&
    a.description === b.description
  );
}

/** What differs between two versions of one tool; empty where they are the same to the byte. */
export function toolProperties(before: NormalTool, after: NormalTool): ValueChange[] {
  if (sameTool(before, after)) return [];
  const found = changes(flatTool(before), flatTool(after));
  if (found.length > 0) return found;
  const [a, b] = [JSON.stringify(before.schema), JSON.stringify(after.schema)];
  if (a === b) return [];
  return [{ path: "schema", change: "reordered", before: a ?? null, after: b ?? null }];
}

function flatTool(tool: NormalTool): Flat {
  const flat: Flat = new Map([
    ["kind", JSON.stringify(tool.kind)],
    ["description", JSON.stringify(tool.description)],
  ]);
  flattenInto(flat, "", tool.schema, 0);
  return flat;
}

function flatten(value: unknown): Flat {
  const flat: Flat = new Map();
  flattenInto(flat, "", value, 0);
  return flat;
}

function flattenInto(flat: Flat, path: string, value: unknown, depth: number): void {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value);
  const keys = plain ? Object.keys(value) : [];
  if (keys.length === 0 || depth >= LIMITS.diffDepthCount) {
    if (path !== "" && value !== undefined) flat.set(path, JSON.stringify(value));
    return;
  }
  for (const key of keys) {
    const inner = (value as Record<string, unknown>)[key];
    flattenInto(flat, path === "" ? key : `${path}.${key}`, inner, depth + 1);
  }
}

function changes(before: Flat, after: Flat): ValueChange[] {
  const found: ValueChange[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path) ?? null, after.get(path) ?? null];
    if (a === b) continue;
    const change = a === null ? "added" : b === null ? "removed" : "changed";
    found.push({ path, change, before: a, after: b });
  }
  return found;
}
