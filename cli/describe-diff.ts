/** A comparison of two requests as readable lines: what `diff` prints. */
import type { ExchangeView } from "../record/conversation/view.ts";
import { messageText } from "../record/diff/messages.ts";
import type { MessageChange, RequestDiff, TextChange, ValueChange } from "../record/diff/model.ts";
import { oneLine, printable } from "./printable.ts";

/** Width of a shown value: with its indent it fits a terminal of 80 columns. */
const SHOWN = 72;
/** Unchanged words kept on either side of a change. */
const CONTEXT = 40;

export function* describeDiff(
  diff: RequestDiff,
  before: ExchangeView,
  after: ExchangeView,
): Generator<string> {
  yield `− ${head(before)}, about ${diff.before.tokens} tokens`;
  yield `+ ${head(after)}, about ${diff.after.tokens} tokens`;
  for (const { line, missing } of [before, after]) {
    if (missing !== undefined) yield `${line.id} ${incomplete(missing)}`;
  }
  if (diff.model) {
    yield "";
    yield `model: ${printable(diff.model.before ?? "none")} → ${printable(diff.model.after ?? "none")}`;
  }
  if (diff.system) {
    yield "";
    yield `system prompt${diff.system.volatile ? " (only a date, a time or an id)" : ""}:`;
    yield* textLines(diff.system);
  }
  yield* toolLines(diff);
  if (diff.parameters.length > 0) {
    yield "";
    yield "parameters:";
    for (const value of diff.parameters) yield `  ${valueLine(value)}`;
  }
  yield "";
  yield `messages: ${diff.sameMessages} the same`;
  for (const change of diff.messages) yield* messageLines(change, before, after);
  yield* cacheLines(diff);
}

/** Said of a request whose beginning the provider kept and no capture here has. */
export const incomplete = (missing: string): string =>
  `goes on from ${oneLine(missing, 60)}, which is not in the captures: what came before is not shown`;

/** The same in a few lines, one for each kind of thing that changed: what `show` prints. */
export function* summariseDiff(diff: RequestDiff): Generator<string> {
  const { model, system, tools, parameters, messages, cache } = diff;
  if (model)
    yield `model: ${printable(model.before ?? "none")} → ${printable(model.after ?? "none")}`;
  if (system) {
    yield `system prompt changed${system.volatile ? " (only a date, a time or an id)" : ""}`;
  }
  for (const change of ["added", "removed", "changed", "moved"] as const) {
    const names = tools.filter((tool) => tool.change === change).map(({ name }) => name);
    if (names.length > 0) yield `tools ${change}: ${printable(names.join(", "))}`;
  }
  const named = parameters.map(valueLine);
  if (named.length > 0) yield `parameters: ${named.slice(0, SUMMED).join("; ")}`;
  if (named.length > SUMMED) yield `  and ${named.length - SUMMED} more parameters`;
  const counts = Map.groupBy(messages, ({ change }) => change);
  const kinds = [...counts].map(([change, list]) => `${list.length} ${change}`);
  yield `messages: ${[`${diff.sameMessages} the same`, ...kinds].join(", ")}`;
  yield* cacheVerdictLines(cache);
}

/** Parameters named in the summary. */
const SUMMED = 4;

function head({ line }: ExchangeView): string {
  const model = line.llm?.model ?? `${line.request.method} ${line.request.url}`;
  return `${line.id}  ${line.started.slice(0, 19).replace("T", " ")}  ${oneLine(model, 60)}`;
}

function* textLines({ words }: TextChange): Generator<string> {
  for (const [at, { kind, text }] of words.entries()) {
    if (kind !== "same") {
      const sign = kind === "added" ? "+" : "−";
      for (const line of printable(text).split("\n")) yield `  ${sign} ${line}`;
    } else if (text.trim() !== "") {
      const shown = at === 0 ? text.slice(-CONTEXT) : text.slice(0, CONTEXT);
      const cut = shown.length < text.length;
      yield `    ${cut && at === 0 ? "…" : ""}${oneLine(shown, CONTEXT + 1)}${cut && at > 0 ? "…" : ""}`;
    }
  }
}

function* toolLines({ tools }: RequestDiff): Generator<string> {
  if (tools.length === 0) return;
  yield "";
  yield "tools:";
  const signs = { added: "+", removed: "−", moved: "↕", changed: "~" };
  for (const { name, change, before, after, properties } of tools) {
    const places = change === "moved" ? ` (${before} → ${after})` : "";
    yield `  ${signs[change]} ${printable(name)} ${change}${places}`;
    for (const value of properties) yield `      ${valueLine(value)}`;
  }
}

function valueLine({ path, change, before, after }: ValueChange): string {
  if (change === "reordered") return `${printable(path)}: keys in another order`;
  const shown = (value: string | null) => (value === null ? "unset" : oneLine(value, SHOWN));
  return `${printable(path)}: ${shown(before)} → ${shown(after)}`;
}

function* messageLines(
  change: MessageChange,
  before: ExchangeView,
  after: ExchangeView,
): Generator<string> {
  const place = change.index === null ? change.key : `${change.key}[${change.index}]`;
  const signs = { added: "+", removed: "−", moved: "↕", rewritten: "~" };
  const note = change.reasoningOnly ? ", reasoning only" : "";
  yield `  ${signs[change.change]} ${printable(place)} ${change.role} ${change.change}${note}, about ${change.tokens} tokens`;
  if (change.text) {
    for (const line of textLines(change.text)) yield `    ${line}`;
    return;
  }
  const message =
    change.after === null
      ? before.request.messages[change.before!]
      : after.request.messages[change.after];
  if (message) yield `      ${oneLine(messageText(message), SHOWN)}`;
}

function* cacheVerdictLines(cache: RequestDiff["cache"]): Generator<string> {
  const read =
    cache.reportedRead === null ? "" : `; the provider read ${cache.reportedRead} tokens from it`;
  yield `prompt cache: ${cache.state}${read}`;
  for (const { kind, place, detail } of cache.reasons) {
    yield `  ${kind} at ${printable(place)}: ${oneLine(detail, SHOWN)}`;
  }
  if (cache.paidAgainTokens === null) return;
  const source = cache.source === "reported" ? "by the provider's count" : "an estimate from sizes";
  yield `  paid again: ${cache.paidAgainTokens} tokens (${source})`;
}

function* cacheLines({ divergence, cache }: RequestDiff): Generator<string> {
  yield "";
  if (divergence) {
    yield `first divergence: ${printable(divergence.place)}, after about ${divergence.sharedTokens} shared tokens; about ${divergence.lostTokens} of the earlier prompt come after it`;
  } else yield "first divergence: none, the earlier prompt is the beginning of the later one";
  yield* cacheVerdictLines(cache);
}
