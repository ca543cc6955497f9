/**
 * All dialects, and which of them an exchange speaks.
 *
 * What always holds: the path decides, the shape of request and answer where the path fits several
 * or none; the upstream's name plays no part.
 */

import { LIMITS } from "../limits.ts";
import { anthropicCountTokens, anthropicMessages } from "./anthropic-messages.ts";
import { audio } from "./audio.ts";
import { bedrockConverse, bedrockCountTokens } from "./bedrock-converse.ts";
import { bedrockInvoke } from "./bedrock-invoke.ts";
import { cohereChat } from "./cohere.ts";
import type { Dialect } from "./dialect.ts";
import { embeddings } from "./embeddings.ts";
import { googleCountTokens, googleGenerate } from "./google-generate.ts";
import { googleInteractions } from "./google-interactions.ts";
import { images } from "./images.ts";
import { isObject } from "./json.ts";
import { ollamaChat, ollamaGenerate } from "./ollama.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiCompletions } from "./openai-completions.ts";
import { openaiResponses } from "./openai-responses.ts";

/** Where only the shape decides the first that fits is taken, so the distinctive come first. */
export const DIALECTS: readonly Dialect[] = [
  openaiResponses,
  anthropicCountTokens,
  anthropicMessages,
  googleInteractions,
  googleGenerate,
  googleCountTokens,
  bedrockConverse,
  bedrockCountTokens,
  bedrockInvoke,
  ollamaChat,
  ollamaGenerate,
  cohereChat,
  openaiChat,
  openaiCompletions,
  embeddings,
  images,
  audio,
];

const BY_NAME = new Map(DIALECTS.map((dialect) => [dialect.name, dialect]));

export interface Recognised {
  readonly dialect: Dialect;
  readonly operation: string;
}

/** The dialect of a name as in `llm.api`, or null. */
export function dialectNamed(name: string): Dialect | null {
  return BY_NAME.get(name) ?? null;
}

/**
 * @param path without query
 * @param request parsed request body, undefined where it is no JSON
 * @param answer parsed response body, or the first event of a stream
 */
export function recognise(
  method: string,
  path: string,
  request: unknown,
  answer: unknown,
): Recognised | null {
  const fitting = operationsOf(method, path);
  if (fitting.length === 1) return fitting[0]!;
  const byShape = fitting.find(({ dialect }) => dialect.looksLike(request, answer));
  if (fitting.length > 0) return byShape ?? fitting[0]!;
  if (method !== "POST" || !isObject(request)) return null;
  const dialect = DIALECTS.find((candidate) => candidate.looksLike(request, answer));
  return dialect === undefined ? null : { dialect, operation: dialect.usualOperation };
}

/** Those whose path it is, by method and path: an upstream has but a few of them. */
const byPath = new Map<string, readonly Recognised[]>();

function operationsOf(method: string, path: string): readonly Recognised[] {
  return remembered(byPath, `${method} ${path}`, () => {
    const found: Recognised[] = [];
    for (const dialect of DIALECTS) {
      const operation = dialect.operation(method, path);
      if (operation !== null) found.push({ dialect, operation });
    }
    return found;
  });
}

const paths = new Map<string, string>();

/** The path of a URL or of a request target, one slash where several stood, none at the end. */
export function pathOf(url: string): string {
  return remembered(paths, url, () => {
    const noQuery = url.split(/[?#]/, 1)[0] ?? "";
    const noOrigin = noQuery.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "");
    return noOrigin.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  });
}

/** What was made for this name before, or is made now; a few are kept, but no long names. */
function remembered<T>(kept: Map<string, T>, name: string, make: () => T): T {
  const known = kept.get(name);
  if (known !== undefined) return known;
  const made = make();
  if (name.length > LIMITS.keptUrlChars) return made;
  if (kept.size >= LIMITS.keptListCount) kept.clear();
  kept.set(name, made);
  return made;
}
