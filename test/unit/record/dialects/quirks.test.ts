/** Every quirk of wire.md, whole and cut into two chunks at every byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Piece, Understood } from "../../../../record/dialects/normal.ts";
import { normaliseResponse } from "../../../../record/dialects/normalise.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { exchange } from "./exchange.ts";
import { QUIRKS, type Quirk } from "./quirks.ts";

function read(quirk: Quirk, cuts: number[]): Understood {
  const { url, body, status } = quirk;
  const type = quirk.type === undefined ? "text/event-stream" : quirk.type;
  return understand(exchange({ url, response: body, status, type, cuts, request: quirk.request }));
}

function pieces(read: Understood, quirk: Quirk): Piece[] {
  const json = read.assembled ?? Buffer.from(quirk.body).toString("utf8");
  const body = read.assembled === null && !/^\s*\{/.test(json) ? undefined : JSON.parse(json);
  return normaliseResponse(read.llm?.api ?? "", body).flatMap((message) => [...message.pieces]);
}

function at(value: unknown, path: string): unknown {
  // biome-ignore lint/suspicious/noExplicitAny: a path into JSON of any shape
  return path.split(".").reduce((inner: any, key) => inner?.[key], value);
}

function check(quirk: Quirk, understood: Understood): void {
  const { llm, assembled, notes } = understood;
  assert.ok(llm, "no LLM call");
  assert.equal(assembled !== null, quirk.stream ?? true, "assembled");
  const parts = pieces(understood, quirk);
  const joined = (kind: "text" | "reasoning") =>
    parts.map((piece) => (piece.kind === kind ? piece.text : "")).join("");
  if (quirk.text !== undefined) assert.equal(joined("text"), quirk.text);
  if (quirk.reasoning !== undefined) assert.equal(joined("reasoning"), quirk.reasoning);
  const calls = parts.flatMap((p) => (p.kind === "tool_call" ? [`${p.name}(${p.arguments})`] : []));
  assert.deepEqual(calls, quirk.calls ?? []);
  assert.deepEqual(
    llm.tool_calls,
    calls.map((call) => call.replace(/\(.*/s, "")),
  );
  if (quirk.finish !== undefined) assert.deepEqual(llm.finish_reasons, quirk.finish);
  if (quirk.usage !== undefined) {
    const [input, cached, output, reasoning] = quirk.usage;
    assert.equal(llm.usage?.input_tokens, input);
    assert.equal(llm.usage?.cache_read_input_tokens, cached);
    assert.equal(llm.usage?.output_tokens, output);
    if (reasoning !== undefined) assert.equal(llm.usage?.reasoning_output_tokens, reasoning);
  }
  if (quirk.error === undefined) assert.equal(llm.error, undefined);
  else assert.match(llm.error ?? "", quirk.error);
  if (quirk.notes !== undefined) assert.match(notes.join(), quirk.notes);
  else if (quirk.finish !== undefined && quirk.finish.length > 0) assert.deepEqual(notes, []);
  for (const [path, value] of Object.entries(quirk.assembled ?? {})) {
    assert.deepEqual(at(JSON.parse(assembled ?? "null"), path), value, path);
  }
}

for (const quirk of QUIRKS) {
  test(`${quirk.name}: whole, and cut at every byte`, () => {
    const whole = read(quirk, []);
    check(quirk, whole);
    const { length } = Buffer.from(quirk.body);
    for (let cut = 1; cut < length; cut++) {
      const two = read(quirk, [cut]);
      assert.equal(two.assembled, whole.assembled, `cut at ${cut}`);
      assert.deepEqual(two.llm, whole.llm, `cut at ${cut}`);
      assert.ok(two.firstTokenMs === null || [10, 20].includes(two.firstTokenMs));
    }
  });
}
