/**
 * From the text of callnumber.yaml to a Config, with all problems and their lines.
 *
 * Invariants: YAML 1.2, no aliases that blow up, duplicate keys are errors; `${ENV}` and
 * `file:…` stand for their values in any string. Loaded only where there is a file.
 */
import { resolve } from "node:path";
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { CodedError } from "../../record/errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import { PRESETS } from "./presets.ts";
import { type ResolveContext, resolveConfig } from "./resolve.ts";
import { ConfigFile } from "./schema.ts";
import type { PlanProblem } from "./tree-plan.ts";
import type { Config } from "./types.ts";

/** Throws CodedError config-invalid with one line per problem: `callnumber.yaml:3: …`. */
export function parseConfig(text: string, context: ResolveContext): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (problem: PlanProblem) => ({
    ...problem,
    line: lineOf(document, lines, problem.path),
  });
  if (document.errors.length > 0) {
    const broken = document.errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      message: error.message,
    }));
    throw invalid(context.path, broken);
  }
  const problems: PlanProblem[] = [];
  const source = expand(document.toJS({ maxAliasCount: 50 }) ?? {}, [], context, problems);
  const parsed = ConfigFile.safeParse(source);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap(describe));
  if (parsed.success) {
    const resolved = resolveConfig(parsed.data, context);
    problems.push(...resolved.problems.map(suggestUpstream(resolved.config)));
    if (problems.length === 0) return resolved.config;
  }
  throw invalid(context.path, problems.map(at));
}

function invalid(
  path: string | null,
  problems: readonly { line: number | null; message: string }[],
): CodedError {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const list = sorted.map(
    ({ line, message }) => `${path}${line === null ? "" : `:${line}`}: ${message}`,
  );
  return new CodedError("config-invalid", list.join("\n"));
}

/** Puts in `${ENV}` and `file:…`, anywhere in the tree. */
function expand(
  value: unknown,
  path: readonly string[],
  context: ResolveContext,
  problems: PlanProblem[],
): unknown {
  if (typeof value === "string") return expandText(value, path, context, problems);
  if (Array.isArray(value)) {
    return value.map((item, i) => expand(item, [...path, String(i)], context, problems));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, expand(item, [...path, key], context, problems)]),
  );
}

function expandText(
  text: string,
  path: readonly string[],
  context: ResolveContext,
  problems: PlanProblem[],
): string {
  const found: PlanProblem[] = [];
  // A name may hold variables too: file:${CREDENTIALS_DIRECTORY}/token
  let full = withVariables(text, path, context, found);
  if (text.startsWith("file:") && found.length === 0) {
    const name = full.slice(5).trim();
    try {
      full = context.readFile(resolve(context.folder, name)).replace(/\r?\n$/, "");
    } catch (error) {
      const message = `file ${name} cannot be read: ${(error as Error).message}`;
      found.push({ path, message });
    }
  }
  if (found.length === 0) return full;
  if (context.withoutSecrets && isSecret(path)) return UNREAD;
  problems.push(...found);
  return text;
}

/** In place of a secret that nobody needs here. */
const UNREAD = "not-read-by-this-command";

function isSecret(path: readonly string[]): boolean {
  return path[0] === "token" || (path[0] === "upstreams" && path[2] === "headers");
}

function withVariables(
  text: string,
  path: readonly string[],
  context: ResolveContext,
  problems: PlanProblem[],
): string {
  return text.replace(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) => {
    const value = context.env[name];
    if (value !== undefined) return value;
    problems.push({ path, message: `the environment has no ${name}` });
    return whole;
  });
}

/** One zod issue → plain words, with the key that was probably meant. */
function describe(issue: z.core.$ZodIssue): PlanProblem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const near = didYouMean(key, knownKeys(path));
      const hint = near === null ? "" : `; did you mean ${near}?`;
      return { path: [...path, key], message: `unknown key ${[...path, key].join(".")}${hint}` };
    });
  }
  if (issue.code === "invalid_union") {
    // The branch that got furthest tells more than "no branch fits".
    const deeper = issue.errors.find((branch) =>
      branch.some((inner) => inner.code !== "invalid_type"),
    );
    const inner = deeper?.filter((sub) => sub.path.length > 0 || sub.code === "unrecognized_keys");
    if (inner !== undefined && inner.length > 0) {
      return inner.flatMap((sub) => describe({ ...sub, path: [...issue.path, ...sub.path] }));
    }
  }
  return [{ path, message: `${path.join(".")}: ${plain(issue)}` }];
}

function plain(issue: z.core.$ZodIssue): string {
  const message = issue.message.replace(/^Invalid input: /, "");
  return /^[a-z]/.test(message) && issue.code === "custom" ? `expected ${message}` : message;
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly string[]): string[] {
  const inUpstream = path[0] === "upstreams" && path.length >= 2;
  if (inUpstream && path.length === 2) {
    return ["url", "headers", "ca", "http2", "timeouts", "allow_private"];
  }
  if (inUpstream) return ["connect", "headers", "body"];
  let schema: unknown = ConfigFile;
  for (const key of path) schema = shapeOf(schema)[key];
  return Object.keys(shapeOf(schema));
}

function shapeOf(schema: unknown): Record<string, unknown> {
  let inner = schema as { def?: { innerType?: unknown; element?: unknown }; shape?: object };
  while (inner?.def?.innerType !== undefined) inner = inner.def.innerType as typeof inner;
  return (inner?.shape ?? {}) as Record<string, unknown>;
}

function suggestUpstream(config: Config) {
  return (problem: PlanProblem): PlanProblem => {
    if (problem.path[0] !== "default_upstream") return problem;
    const names = [...Object.keys(PRESETS), ...Object.keys(config.upstreams)];
    const near = didYouMean(config.defaultUpstream ?? "", names);
    if (near === null) return problem;
    return { ...problem, message: `${problem.message}; did you mean ${near}?` };
  };
}

/** Line of the key at a path, or of the nearest thing above it that exists. */
function lineOf(document: Document, lines: LineCounter, path: readonly string[]): number | null {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1] as string;
    let node: unknown = null;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && String(item.key) === key);
      node = pair?.key;
    } else node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return null;
}
