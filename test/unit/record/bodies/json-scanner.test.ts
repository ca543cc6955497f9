import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isShallowJson, JsonScanner } from "../../../../record/bodies/json-scanner.ts";

const scan = (text: string) => {
  const scanner = new JsonScanner(Buffer.from(text));
  return { end: scanner.value(0), depth: scanner.depth, markers: scanner.markers };
};

test("a value ends where it ends, whatever follows", () => {
  for (const [text, end] of [
    ['"a\\"b" x', 6],
    ["-12.5e+3,", 8],
    ["0123", 1],
    ['{"a":[1,{}]}]', 12],
    ["true]", 4],
    ["nul", -1],
    ['"\\u12', -1],
    ["[1 2]", -1],
    ["", -1],
  ] as const) {
    assert.equal(scan(text).end, end, text);
  }
});

test("depth counts containers", () => {
  assert.deepEqual(
    ["1", "{}", "[[1]]", '{"a":{"b":[]}}'].map((text) => scan(text).depth),
    [0, 1, 2, 3],
  );
});

test("markers are given as ranges that leave valid JSON behind", () => {
  const text = '{"a":1,"cache_control":{"x":{}},"b":[{"cache_control":{},"c":2}]}';
  const { markers } = scan(text);
  assert.deepEqual(markers, [6, 31, 38, 57]);
  assert.equal(text.slice(0, 6) + text.slice(31, 38) + text.slice(57), '{"a":1,"b":[{"c":2}]}');
});

test("whatever JSON.stringify writes is JSON, and cut short it is not", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      const bytes = Buffer.from(text);
      assert.ok(isShallowJson(bytes));
      if (/^[[{"]/.test(text)) assert.ok(!isShallowJson(bytes.subarray(0, -1)));
    }),
  );
});
