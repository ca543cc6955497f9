/** Normalising element by element must give what normalising the whole body gives. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { SharedMessages } from "../../../../record/conversation/shared-messages.ts";
import { normaliseRequest } from "../../../../record/dialects/normalise.ts";

const corpus = new URL("../../../../../shared/corpus/exchanges.jsonl", import.meta.url);
const skip = existsSync(corpus) ? false : "the corpus does not lie beside this checkout";

function digestsOf(body: Record<string, unknown>) {
  const digests = new Map<string, { sha256: string; bytes: number }[]>();
  for (const [key, value] of Object.entries(body)) {
    if (!Array.isArray(value)) continue;
    digests.set(
      key,
      value.map((element) => ({ sha256: JSON.stringify(element), bytes: 9 })),
    );
  }
  return digests;
}

test("every recorded request is the same whole or element by element", { skip }, () => {
  const shared = new SharedMessages();
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
    assert.deepEqual(shared.request(api, own, request.url, digestsOf(own)), whole);
    compared++;
  }
  assert.ok(compared > 2500);
});

test("what two turns repeat is one object, at its own position", () => {
  const shared = new SharedMessages();
  const list = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "one" },
  ];
  const [first, second] = [list.slice(0, 1), list].map((messages) => {
    const body = { model: "m", messages };
    return shared.request("openai.chat", body, "/v1/chat/completions", digestsOf(body)).messages;
  });
  assert.equal(second![0], first![0]);
  assert.deepEqual(
    second!.map(({ index }) => index),
    [0, 1, 2],
  );
});
