/**
 * Reads the `tree:` section: areas, categories and IDs with their filing rules.
 *
 *   10-19 Coding agents:
 *     11 Cline:
 *       11.11 OpenRouter: { client: cline, upstream: openrouter }
 *     12 Claude Code: { client: claude-code }
 *
 * What always holds: pure; every problem is reported with its path, none throws; numbers are what
 * counts, titles are carried along as written. Checked by hand, not by zod: this is loaded also
 * where there is no file, and zod alone would double the time until the daemon listens.
 */
import type { AreaPlan, CategoryPlan, FilingRule, IdPlan, TreePlan } from "./types.ts";

export interface PlanProblem {
  readonly path: readonly string[];
  readonly message: string;
}

type Table = Record<string, unknown>;

export function readTreePlan(
  source: Table,
  at: readonly string[],
): { plan: TreePlan; problems: PlanProblem[] } {
  const problems: PlanProblem[] = [];
  const seen = new Set<string>();
  const areas: AreaPlan[] = [];
  for (const [key, value] of Object.entries(source)) {
    const path = [...at, key];
    const match = /^(\d)0-(\d)9 (\S.*)$/.exec(key);
    if (match === null || match[1] !== match[2]) {
      problems.push({ path, message: `${quote(key)} is no area; one is written "10-19 Title"` });
    } else if (!isNew(seen, key.slice(0, 5), path, problems)) {
    } else {
      const categories = readCategories(tableOf(value, path, problems), path, seen, problems);
      areas.push({ number: key.slice(0, 5), title: match[3] as string, categories });
    }
  }
  return { plan: { areas }, problems };
}

function readCategories(
  source: Table,
  at: readonly string[],
  seen: Set<string>,
  problems: PlanProblem[],
): CategoryPlan[] {
  const digit = at.at(-1)?.[0] as string;
  const categories: CategoryPlan[] = [];
  for (const [key, value] of Object.entries(source)) {
    const path = [...at, key];
    const match = /^(\d\d) (\S.*)$/.exec(key);
    if (match === null || key[0] !== digit) {
      const message = `${quote(key)} is no category of this area; one is written "${digit}1 Title"`;
      problems.push({ path, message });
      continue;
    }
    if (!isNew(seen, match[1] as string, path, problems)) continue;
    const table = tableOf(value, path, problems);
    const ids = Object.entries(table).filter(([name]) => /^\d/.test(name));
    const rest = Object.fromEntries(Object.entries(table).filter(([name]) => !/^\d/.test(name)));
    categories.push({
      number: match[1] as string,
      title: match[2] as string,
      rule: readRule(rest, path, problems),
      ids: readIds(ids, path, seen, problems),
    });
  }
  return categories;
}

function readIds(
  entries: [string, unknown][],
  at: readonly string[],
  seen: Set<string>,
  problems: PlanProblem[],
): IdPlan[] {
  const category = (at.at(-1) as string).slice(0, 2);
  const ids: IdPlan[] = [];
  for (const [key, value] of entries) {
    const path = [...at, key];
    const match = /^(\d\d\.\d\d) (\S.*)$/.exec(key);
    if (match === null || !key.startsWith(`${category}.`)) {
      const message = `${quote(key)} is no ID of this category; one is written "${category}.11 Title"`;
      problems.push({ path, message });
      continue;
    }
    if (!isNew(seen, match[1] as string, path, problems)) continue;
    const rule = readRule(tableOf(value, path, problems), path, problems);
    ids.push({ number: match[1] as string, title: match[2] as string, rule });
  }
  return ids;
}

function readRule(
  source: Table,
  path: readonly string[],
  problems: PlanProblem[],
): FilingRule | null {
  if (Object.keys(source).length === 0) return null;
  const rule: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(source)) {
    const at = [...path, key];
    if (key === "header") rule.header = readHeaders(value, at, problems);
    else if (!TEXT_KEYS.has(key)) {
      const message = `a rule knows client, upstream, model, path and header, not ${quote(key)}`;
      problems.push({ path: at, message });
    } else if (typeof value !== "string" || value === "") {
      problems.push({ path: at, message: `${key}: expected text, not ${quote(String(value))}` });
    } else rule[key] = value;
  }
  return rule as FilingRule;
}

const TEXT_KEYS = new Set(["client", "upstream", "model", "path"]);

function readHeaders(
  value: unknown,
  path: readonly string[],
  problems: PlanProblem[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, wanted] of Object.entries(tableOf(value, path, problems))) {
    if (typeof wanted === "string") headers[name.toLowerCase()] = wanted;
    else problems.push({ path: [...path, name], message: `${name}: expected text` });
  }
  return headers;
}

function tableOf(value: unknown, path: readonly string[], problems: PlanProblem[]): Table {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Table;
  problems.push({ path, message: `expected a map, not ${quote(String(value))}` });
  return {};
}

function isNew(
  seen: Set<string>,
  number: string,
  path: readonly string[],
  problems: PlanProblem[],
): boolean {
  if (seen.has(number)) problems.push({ path, message: `${number} stands here a second time` });
  else seen.add(number);
  return problems.at(-1)?.path !== path;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
