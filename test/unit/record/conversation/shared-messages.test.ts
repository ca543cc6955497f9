/** Normalising element by element must give what normalising the whole body gives. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type SharedPart,
  SharedRequests,
} from "../../../../record/conversation/shared-messages.ts";
import type { JsonObject } from "../../../../record/dialects/json.ts";
import type { NormalRequest } from "../../../../record/dialects/normal.ts";
import { normaliseRequest } from "../../../../record/dialects/normalise.ts";
import type { Outline, OutlineEntry, OutlinePart } from "../../../../record/reader/outline.ts";

const corpus = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);
const skip = existsSync(corpus) ? false : "the corpus does not lie beside this checkout";

/** Normalises bodies as a reader has them: what is written alike in two of them is one part. */
function sharing(): (api: string, body: JsonObject, url: string) => NormalRequest {
  const requests = new SharedRequests();
  const parts = new Map<string, OutlinePart>();
  const values = new Map<OutlinePart, SharedPart>();
  const partOf = (value: unknown, at: number): OutlinePart => {
    const name = `${at} ${JSON.stringify(value)}`;
    const part = parts.get(name) ?? { n: parts.size + 1, sha256: name, marked: false, at };
    parts.set(name, part);
    if (!values.has(part)) values.set(part, { value });
    return part;
  };
  return (api, body, url) => {
    const entries: OutlineEntry[] = [];
    const rest: JsonObject = { ...body };
    for (const [key, value] of Object.entries(body)) {
      if (!Array.isArray(value) || value.length === 0) continue;
      entries.push({ key, list: true, parts: value.map(partOf) });
      rest[key] = value.map(() => null);
    }
    const skeleton = JSON.stringify({ ...rest, ...Object.fromEntries(entries.map(nothing)) });
    const outline: Outline = { entries, rest, skeleton };
    return requests.normalised({ api, url, outline, bytes: 1, part: (own) => values.get(own)! });
  };
}

const nothing = ({ key }: OutlineEntry): [string, string] => [key, "carved"];

test("every recorded request is the same whole or element by element", { skip }, () => {
  const normalised = sharing();
  let compared = 0;
  for (const line of readFileSync(corpus, "utf8").trimEnd().split("\n")) {
    const { api, request } = JSON.parse(line);
    let body: unknown;
    try {
      body = JSON.parse(request.body);
    } catch {
      continue;
    }
    if (typeof body !== "object" || body === null || Array.isArray(body)) continue;
    const own = body as Record<string, unknown>;
    const whole = normaliseRequest(api, own, request.url);
    assert.deepEqual(normalised(api, own, request.url), whole);
    compared++;
  }
  assert.ok(compared > 2500);
});

test("what two turns repeat is one object, at its own position", () => {
  const normalised = sharing();
  const list = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "one" },
  ];
  const [first, second] = [list.slice(0, 1), list].map(
    (messages) =>
      normalised("openai.chat", { model: "m", messages }, "/v1/chat/completions").messages,
  );
  assert.equal(second![0], first![0]);
  assert.deepEqual(
    second!.map(({ index }) => index),
    [0, 1, 2],
  );
});

test("turns that add, take away, change and reorder are the same as each by itself", () => {
  const normalised = sharing();
  const url = "/v1/messages";
  const word = (n: number) => ({ role: n % 2 ? "assistant" : "user", content: `word ${n}` });
  const seed = { at: 7 };
  const random = (below: number): number => {
    seed.at = (seed.at * 48271) % 2147483647;
    return seed.at % below;
  };
  let messages = [word(0)];
  for (let turn = 0; turn < 600; turn++) {
    if (random(9) === 0) messages = messages.slice(0, random(messages.length + 1));
    if (random(9) === 0) messages = messages.toReversed();
    if (random(9) === 0) messages[random(messages.length + 1)] = word(random(40));
    messages = [...messages, word(random(40)), word(random(40))].slice(-30);
    const api = random(12) === 0 ? "openai.chat" : "anthropic.messages";
    const body: JsonObject = { model: "m", messages, max_tokens: random(3) };
    if (random(3) > 0) body.tools = [{ name: `tool ${random(2)}`, input_schema: {} }];
    if (random(3) > 0) body.system = [{ type: "text", text: `rules ${random(3)}` }];
    assert.deepEqual(normalised(api, body, url), normaliseRequest(api, body, url));
  }
});
