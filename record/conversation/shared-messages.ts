/**
 * Normal messages shared between the turns that repeat them: an element of a body's message list is
 * normalised once, however many requests carry it.
 *
 * What always holds: the result equals that of normaliseRequest over the whole body (a test compares
 * over every recorded request at hand); an API whose elements depend on one another takes the slow
 * way. It must never keep more than LIMITS.keptValuesBytes of elements.
 */
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import { normaliseRequest } from "../dialects/normalise.ts";
import { LIMITS } from "../limits.ts";
import { Recent } from "../reader/recent.ts";

/** The members that hold a conversation, element by element. */
const LISTS = ["messages", "input", "contents"] as const;
const APIS = /^(openai\.(chat|responses)|anthropic\.messages|google\.generate|bedrock\.converse)$/;

/** Digest of each element of a member of the body. */
export type ElementDigests = ReadonlyMap<string, readonly { sha256: string; bytes: number }[]>;

export class SharedMessages {
  readonly #known = new Recent<readonly NormalMessage[]>(LIMITS.keptValuesBytes);

  /** Like normaliseRequest; `digests` tell which elements were seen before. */
  request(
    api: string,
    body: Readonly<Record<string, unknown>>,
    url: string,
    digests: ElementDigests,
  ): NormalRequest {
    const keys = LISTS.filter((key) => Array.isArray(body[key]));
    const key = keys[0];
    const own = key === undefined ? undefined : digests.get(key);
    const elements = key === undefined ? [] : (body[key] as unknown[]);
    if (
      key === undefined ||
      keys.length > 1 ||
      !APIS.test(api) ||
      own?.length !== elements.length
    ) {
      return normaliseRequest(api, body, url);
    }
    const rest = normaliseRequest(api, { ...body, [key]: [] }, url);
    const messages = [...rest.messages];
    own.forEach(({ sha256, bytes }, at) => {
      const name = `${api} ${key}[${at}] ${sha256}`;
      let known = this.#known.get(name);
      if (known === undefined) {
        known = oneElement(api, key, elements[at], at, url);
        this.#known.set(name, known, bytes);
      }
      messages.push(...known);
    });
    return { ...rest, messages };
  }
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
