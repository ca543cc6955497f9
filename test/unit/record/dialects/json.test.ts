import assert from "node:assert/strict";
import { test } from "node:test";
import {
  copy,
  get,
  isObject,
  num,
  parseJson,
  put,
  toJson,
} from "../../../../record/dialects/json.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { atBest } from "../../../timing.ts";
import { exchange } from "./exchange.ts";

function value(text: string): unknown {
  const parsed = parseJson(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

test("integers beyond 2^53 come through digit by digit", () => {
  const text = '{"id":12345678901234567890,"list":[-99999999999999999999,1],"n":9007199254740991}';
  assert.equal(toJson(value(text)), text);
  assert.equal(num(value(text), "id"), 12345678901234567000);
  assert.equal(isObject(get(value(text), "id")), false);
});

test("digits inside a string are no number", () => {
  const text = '{"s":": 12345678901234567890"}';
  assert.equal(toJson(value(text)), text);
});

test("a long integer is found wherever it stands in a short text", () => {
  for (let before = 0; before < 40; before++) {
    for (const digits of [15, 16, 17, 31, 32]) {
      const number = "9".repeat(digits);
      const text = `{"${"a".repeat(before)}":"1","n":-${number}}`;
      assert.equal(toJson(value(text)), text, `${before} ${digits}`);
    }
  }
});

test("JSON nested a million deep is refused with a reason, at once", async () => {
  for (const text of [
    "[".repeat(1e6),
    '{"a":'.repeat(1e6),
    `${"[".repeat(1e6)}${"]".repeat(1e6)}`,
  ]) {
    const ms = await atBest(200, () => {
      const before = performance.now();
      const parsed = parseJson(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.why, /nested deeper than 256/);
      return performance.now() - before;
    });
    assert.ok(ms < 200, `${ms} ms`);
  }
});

test("brackets inside strings are no nesting, and long strings of quotes are quick", async () => {
  assert.ok(parseJson(JSON.stringify({ a: "[".repeat(5000), b: '\\"[{'.repeat(1000) })).ok);
  const text = JSON.stringify(`${"\\".repeat(1e6)}"`);
  const ms = await atBest(500, () => {
    const before = performance.now();
    assert.ok(parseJson(text).ok);
    return performance.now() - before;
  });
  assert.ok(ms < 500, `${ms} ms`);
});

test("a request nested too deep stays raw, with a note, and its answer is still read", () => {
  const deep = Buffer.from(`{"model":"m","messages":${"[".repeat(1e6)}${"]".repeat(1e6)}}`);
  const read = understand({ ...exchange({ response: { choices: [] } }), requestBody: deep });
  assert.equal(read.llm?.api, "openai.chat");
  assert.equal(read.llm?.model, null);
  assert.match(read.notes[0] ?? "", /request body JSON nested deeper/);
});

test("__proto__ is a key like any other", () => {
  const hostile = value('{"__proto__":{"polluted":1},"constructor":{"x":1}}');
  assert.equal(get(hostile, "__proto__", "polluted"), 1);
  const target = {};
  put(target, "__proto__", { polluted: 1 });
  assert.equal(Object.getPrototypeOf(target), Object.prototype);
  assert.equal(toJson(copy(hostile as Record<string, unknown>)), toJson(hostile));
  assert.equal(get({}, "constructor"), undefined);
  assert.equal(get({}, "__proto__"), undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("members of hostile names survive in the assembled message", () => {
  const body =
    'data: {"choices":[{"index":0,"delta":{"content":"x","__proto__":{"y":"z"},"toString":"t"}}]}\n\n';
  const read = understand(exchange({ response: body }));
  assert.match(read.assembled ?? "", /"__proto__":\{"y":"z"\}/);
  assert.match(read.assembled ?? "", /"toString":"t"/);
});

test("what is no JSON says why", () => {
  const parsed = parseJson("{nope");
  assert.ok(!parsed.ok);
  assert.match(parsed.why, /^not JSON: /);
});

test("long integers survive in long texts too, and long fractions are plain numbers", () => {
  const pad = "x".repeat(400);
  const text = `{"pad":"${pad} 12345678901234567890","n":12345678901234567890,"f":[-0.12345678901234567,1e400]}`;
  const parsed = parseJson(text);
  assert.ok(parsed.ok);
  const { n, f } = parsed.value as { n: unknown; f: unknown[] };
  assert.equal(toJson(n), "12345678901234567890");
  assert.equal(f[0], Number("-0.12345678901234567"));
  const alone = parseJson(`[${"1".repeat(300)}]`);
  assert.ok(alone.ok);
  assert.equal(toJson(alone.value), `[${"1".repeat(300)}]`);
});
