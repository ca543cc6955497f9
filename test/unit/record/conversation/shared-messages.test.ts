/** Normalising element by element must give what normalising the whole body gives. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  normaliseShared,
  type SharedElement,
} from "../../../../record/conversation/shared-messages.ts";
import { normaliseRequest } from "../../../../record/dialects/normalise.ts";

const corpus = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);
const skip = existsSync(corpus) ? false : "the corpus does not lie beside this checkout";

/** Elements that are written alike are one object, as a reader of parts has them. */
function sharing() {
  const known = new Map<string, SharedElement>();
  return (body: Record<string, unknown>) => {
    const byKey = new Map<string, SharedElement[]>();
    for (const [key, value] of Object.entries(body)) {
      if (!Array.isArray(value)) continue;
      const elements = value.map((element) => {
        const text = JSON.stringify(element);
        const shared = known.get(text) ?? {};
        known.set(text, shared);
        return shared;
      });
      byKey.set(key, elements);
    }
    return byKey;
  };
}

test("every recorded request is the same whole or element by element", { skip }, () => {
  const sharedOf = sharing();
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
    assert.deepEqual(normaliseShared(api, own, request.url, sharedOf(own)), whole);
    compared++;
  }
  assert.ok(compared > 2500);
});

test("what two turns repeat is one object, at its own position", () => {
  const sharedOf = sharing();
  const list = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "one" },
  ];
  const [first, second] = [list.slice(0, 1), list].map((messages) => {
    const body = { model: "m", messages };
    return normaliseShared("openai.chat", body, "/v1/chat/completions", sharedOf(body)).messages;
  });
  assert.equal(second![0], first![0]);
  assert.deepEqual(
    second!.map(({ index }) => index),
    [0, 1, 2],
  );
});
