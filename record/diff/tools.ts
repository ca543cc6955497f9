/**
 * Two lists of tools: which came, went, moved, or were changed and in what.
 *
 * What always holds: a tool is known by its name (and its place among those of the same name);
 * moved means that its order among the tools that stand in both lists is another one.
 */
import type { NormalTool } from "../dialects/normal.ts";
import { alignLists } from "./align.ts";
import type { ToolChange } from "./model.ts";
import { toolProperties } from "./values.ts";

export function toolChanges(
  before: readonly NormalTool[],
  after: readonly NormalTool[],
): ToolChange[] {
  const [a, b] = [names(before), names(after)];
  const placeInA = new Map(a.map((name, i) => [name, i]));
  const kept = new Set(alignLists(a, b).map(({ after: at }) => at));
  const found: ToolChange[] = [];
  b.forEach((name, at) => {
    const from = placeInA.get(name);
    const tool = after[at]!.name;
    const none = { name: tool, before: from ?? null, after: at, properties: [] };
    if (from === undefined) {
      found.push({ ...none, change: "added" });
      return;
    }
    placeInA.delete(name);
    if (!kept.has(at)) found.push({ ...none, change: "moved" });
    const properties = toolProperties(before[from]!, after[at]!);
    if (properties.length > 0) found.push({ ...none, change: "changed", properties });
  });
  for (const [, from] of placeInA) {
    const tool = before[from]!.name;
    found.push({ name: tool, change: "removed", before: from, after: null, properties: [] });
  }
  return found;
}

/** Names, with a count where one comes several times. */
function names(tools: readonly NormalTool[]): string[] {
  const seen = new Map<string, number>();
  return tools.map(({ name, kind }) => {
    const key = name === "" ? kind : name;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}\0${count}`;
  });
}
