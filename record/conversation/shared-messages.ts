/**
 * Normal messages shared between the turns that repeat them: an element of a body's message list is
 * normalised once, however many requests carry it.
 *
 * What always holds: the result equals that of normaliseRequest over the whole body (a test compares
 * over every recorded request at hand); an API whose elements depend on one another takes the slow
 * way. It keeps nothing itself: what it has made of an element lies with the element.
 */
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import { normaliseRequest } from "../dialects/normalise.ts";

/** The members that hold a conversation, element by element. */
const LISTS = ["messages", "input", "contents"] as const;
const APIS = /^(openai\.(chat|responses)|anthropic\.messages|google\.generate|bedrock\.converse)$/;

/** An element of a list that was parsed; requests that repeat it hold the very same object. */
export interface SharedElement {
  /** What it came to where it stood last. */
  normal?: {
    readonly api: string;
    readonly key: string;
    readonly at: number;
    readonly messages: readonly NormalMessage[];
  };
}

/** The elements of each member of the body that is a list. */
export type ElementsByKey = ReadonlyMap<string, readonly SharedElement[]>;

/** Like normaliseRequest over the whole body, but for elements that were seen before. */
export function normaliseShared(
  api: string,
  body: Readonly<Record<string, unknown>>,
  url: string,
  shared: ElementsByKey,
): NormalRequest {
  const keys = LISTS.filter((key) => Array.isArray(body[key]));
  const key = keys[0];
  const own = key === undefined ? undefined : shared.get(key);
  const elements = key === undefined ? [] : (body[key] as unknown[]);
  if (key === undefined || keys.length > 1 || !APIS.test(api) || own?.length !== elements.length) {
    return normaliseRequest(api, body, url);
  }
  const rest = normaliseRequest(api, { ...body, [key]: [] }, url);
  const messages = [...rest.messages];
  own.forEach((element, at) => {
    let { normal } = element;
    if (normal === undefined || normal.at !== at || normal.key !== key || normal.api !== api) {
      normal = { api, key, at, messages: oneElement(api, key, elements[at], at, url) };
      element.normal = normal;
    }
    for (const message of normal.messages) messages.push(message);
  });
  return { ...rest, messages };
}

function oneElement(
  api: string,
  key: string,
  element: unknown,
  at: number,
  url: string,
): NormalMessage[] {
  const { messages } = normaliseRequest(api, { [key]: [element] }, url);
  return messages.map((message) => (message.index === null ? message : { ...message, index: at }));
}
