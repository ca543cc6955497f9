/**
 * Request and response bodies as normal messages, by the name of the dialect: what conversations,
 * diffs, findings and the site read.
 *
 * What always holds: pure, never throws; a body that is no LLM call, or of an API that is not known,
 * gives an empty form.
 */

import { isObject, put } from "./json.ts";
import type { NormalMessage, NormalRequest } from "./normal.ts";
import { dialectNamed, pathOf } from "./registry.ts";

/**
 * @param api dialect name as in `llm.api`
 * @param body parsed request body
 * @param url of the request: some APIs name the model there
 */
export function normaliseRequest(api: string, body: unknown, url: string): NormalRequest {
  const dialect = dialectNamed(api);
  const empty = { model: null, messages: [], tools: [], parameters: {} };
  if (dialect === null) return empty;
  try {
    const parameters: Record<string, unknown> = {};
    if (isObject(body)) {
      for (const key of Object.keys(body)) {
        if (!dialect.content.has(key)) put(parameters, key, body[key]);
      }
    }
    return {
      model: dialect.model(body, pathOf(url)),
      messages: dialect.messages(body),
      tools: dialect.tools(body),
      parameters,
    };
  } catch {
    return empty;
  }
}

/** The messages of such a body alone. */
export function requestMessages(api: string, body: unknown): NormalMessage[] {
  try {
    return dialectNamed(api)?.messages(body) ?? [];
  } catch {
    return [];
  }
}

/**
 * @param api dialect name as in `llm.api`
 * @param body parsed response body: plain, or the assembled message of a stream
 */
export function normaliseResponse(api: string, body: unknown): NormalMessage[] {
  try {
    return dialectNamed(api)?.response(body) ?? [];
  } catch {
    return [];
  }
}
