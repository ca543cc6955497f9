/**
 * Normal forms shared between the turns that repeat them: an element of a body's message list is
 * normalised once, however many requests carry it; and of a request that goes on from an earlier
 * one only what is new is looked at.
 *
 * What always holds: the result equals that of normaliseRequest over the whole body (a test compares
 * over every recorded request at hand); an API whose elements depend on one another takes the slow
 * way. What was made of an element lies with the element; beside these a few of the newest requests
 * are kept, bounded by `keptValuesBytes`. Nothing of a normal form may be changed: turns share it.
 */
import { type JsonObject, put } from "../dialects/json.ts";
import type { NormalMessage, NormalRequest } from "../dialects/normal.ts";
import { normaliseRequest, requestMessages } from "../dialects/normalise.ts";
import { LIMITS } from "../limits.ts";
import { Beginnings, type Begun, commonLength, goneOn } from "../reader/beginnings.ts";
import type { Outline, OutlineEntry, OutlinePart } from "../reader/outline.ts";

/** The members that hold a conversation, element by element. */
const LISTS: readonly string[] = ["messages", "input", "contents"];
const APIS = /^(openai\.(chat|responses)|anthropic\.messages|google\.generate|bedrock\.converse)$/;

/** A part that was parsed; requests that repeat it hold the very same object. */
export interface SharedPart {
  readonly value: unknown;
  /** What it came to where it stood last. */
  normal?: {
    readonly api: string;
    readonly key: string;
    readonly at: number;
    readonly messages: readonly NormalMessage[];
  };
}

/** A request as far as it is the same for each of its messages. */
export interface Asked {
  readonly api: string;
  readonly url: string;
  readonly outline: Outline;
  /** Bytes of the body. */
  readonly bytes: number;
  readonly part: (part: OutlinePart) => SharedPart;
}

interface Made {
  readonly api: string;
  readonly url: string;
  readonly key: string;
  readonly outline: Outline;
  /** All but the list's messages. */
  readonly rest: NormalRequest;
  readonly messages: NormalMessage[];
  /** How many of `messages` there are up to each element of the list. */
  readonly ends: readonly number[];
}

export class SharedRequests {
  readonly #latest = new Beginnings<OutlinePart, Made>(LIMITS.keptValuesBytes);

  /** Like normaliseRequest over the whole body, but for what was seen before. */
  normalised(asked: Asked): NormalRequest {
    const { api, url, outline } = asked;
    const list = APIS.test(api) ? messageList(outline) : null;
    if (list === null) return normaliseRequest(api, bodyOf(asked, null), url);
    const begun = this.#latest.nearest(list.parts);
    const made = withMessages(asked, list, begun);
    this.#latest.keep(list.parts, made, asked.bytes, begun);
    return { ...made.rest, messages: made.messages };
  }
}

/** The one list of messages; null where there is none, another one, or not all of it was carved. */
function messageList({ entries, rest }: Outline): OutlineEntry | null {
  let found: OutlineEntry | null = null;
  for (const entry of entries) if (LISTS.includes(entry.key)) found = entry;
  if (found === null || !found.list) return null;
  for (const key of LISTS) {
    if (key !== found.key && (Array.isArray(rest[key]) || isCarved(entries, key))) return null;
  }
  return (rest[found.key] as unknown[]).length === found.parts.length ? found : null;
}

const isCarved = (entries: readonly OutlineEntry[], carved: string): boolean =>
  entries.some(({ key }) => key === carved);

/** The body parsed, with an empty list in the place of `left`. */
function bodyOf({ outline, part }: Asked, left: OutlineEntry | null): JsonObject {
  const body: JsonObject = { ...outline.rest };
  for (const entry of outline.entries) {
    const { key, list, parts } = entry;
    if (entry === left) put(body, key, []);
    else if (!list) put(body, key, parts[0] && part(parts[0]).value);
    else {
      const elements = [...(outline.rest[key] as unknown[])];
      for (const own of parts) elements[own.at] = part(own).value;
      put(body, key, elements);
    }
  }
  return body;
}

function withMessages(
  asked: Asked,
  list: OutlineEntry,
  begun: Begun<OutlinePart, Made> | null,
): Made {
  const { api, url, outline } = asked;
  const { key, parts } = list;
  const earlier = begun?.made;
  const near = earlier?.api === api && earlier.url === url && earlier.key === key ? earlier : null;
  const rest =
    near !== null && restIsSame(outline, near.outline, key)
      ? near.rest
      : normaliseRequest(api, bodyOf(asked, list), url);
  const same = near !== null && near.rest.messages.length === rest.messages.length;
  const known = same ? begun!.same : 0;
  const own = rest.messages.length;
  const length = known === 0 ? own : near!.ends[known - 1]!;
  const newEnds: number[] = [];
  const newMessages: NormalMessage[] = [];
  for (let at = known; at < parts.length; at++) {
    for (const message of oneElement(asked, key, parts[at]!)) newMessages.push(message);
    newEnds.push(length + newMessages.length);
  }
  const messages = goneOn(known === 0 ? rest.messages : near!.messages, length, newMessages);
  // What stands before the list may have changed.
  for (let i = 0; known > 0 && rest !== near!.rest && i < own; i++) messages[i] = rest.messages[i]!;
  const ends = goneOn(known === 0 ? [] : near!.ends, known, newEnds);
  return { api, url, key, outline, rest, messages, ends };
}

/** Whether two bodies differ in nothing but the parts of one list. */
function restIsSame(a: Outline, b: Outline, list: string): boolean {
  if (a.skeleton !== b.skeleton) return false;
  return a.entries.every(({ key, parts }, i) => {
    const others = b.entries[i]!.parts;
    if (key === list || parts === others) return true;
    return parts.length === others.length && commonLength(parts, others) === parts.length;
  });
}

function oneElement({ api, part }: Asked, key: string, own: OutlinePart) {
  const shared = part(own);
  const { at } = own;
  const { normal } = shared;
  if (normal !== undefined && normal.at === at && normal.key === key && normal.api === api) {
    return normal.messages;
  }
  const placed = requestMessages(api, { [key]: [shared.value] }).map((message) =>
    message.index === null ? message : { ...message, index: at },
  );
  shared.normal = { api, key, at, messages: placed };
  return placed;
}
