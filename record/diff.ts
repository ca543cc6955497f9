/**
 * Compares two requests, of the same API or of different ones: what the model was told differently,
 * where the two prompts part, and whether the prompt cache could follow.
 *
 * What always holds: pure, never throws on what a body holds; see diff/model.ts for every field.
 */

import { systemText } from "./conversation/facts.ts";
import type { ExchangeView } from "./conversation/view.ts";
import { cacheVerdict } from "./diff/cache.ts";
import { messageChanges } from "./diff/messages.ts";
import type { DiffSide, RequestDiff } from "./diff/model.ts";
import { partingOf, systemCount } from "./diff/prompt.ts";
import { toolChanges } from "./diff/tools.ts";
import { parameterChanges } from "./diff/values.ts";
import { textChange } from "./diff/words.ts";

/** A side of a comparison from an opened exchange. */
export function sideOf({ line, request, missing }: ExchangeView): DiffSide {
  const side = { id: line.id, started: line.started, llm: line.llm, request };
  return missing === undefined ? side : { ...side, missing };
}

/** What differs from `before` to `after`. */
export function diffRequests(before: DiffSide, after: DiffSide): RequestDiff {
  const [a, b] = [before.request, after.request];
  const [oldApi, newApi] = [before.llm?.api ?? null, after.llm?.api ?? null];
  const parting = partingOf(before, after);
  const system = textChange(leadingSystem(before), leadingSystem(after));
  const tools = toolChanges(a.tools, b.tools);
  const parameters = parameterChanges(a.parameters, b.parameters);
  const { same, changes } = messageChanges(a.messages, b.messages, oldApi !== newApi);
  const parts = { system, tools, parameters, messages: changes, same, parting };
  return {
    before: { id: before.id, api: oldApi, tokens: parting.beforeTokens },
    after: { id: after.id, api: newApi, tokens: parting.afterTokens },
    model: a.model === b.model ? null : { before: a.model, after: b.model },
    system,
    tools,
    parameters,
    messages: changes,
    sameMessages: same.length,
    divergence: parting.divergence,
    cache: cacheVerdict(before, after, parts),
  };
}

const leadingSystem = ({ request: { messages } }: DiffSide): string =>
  systemText(messages.slice(0, systemCount(messages)));
