import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layoutOf } from "../../../../record/bodies/layout.ts";
import { parseJson } from "../../../../record/dialects/json.ts";
import { parseLaidOut } from "../../../../record/dialects/laid-out-json.ts";
import { LIMITS } from "../../../../record/limits.ts";

function assertSame(text: string): void {
  const bytes = Buffer.from(text);
  const members = layoutOf(bytes);
  assert.ok(members, text);
  const expected = parseJson(bytes.toString());
  // Twice: the second time from what is known of each span.
  for (let i = 0; i < 2; i++) assert.deepEqual(parseLaidOut(bytes, members), expected);
}

test("any object parses to the same value by its layout", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, fc.nat(3), (x, space) => assertSame(JSON.stringify(x, null, space))),
  );
});

test("odd objects parse to the same value by their layout", () => {
  for (const text of [
    "{}",
    '{"a":1,"a":[2],"a":[3,3]}',
    '{"__proto__":[{"x":1}],"constructor":null}',
    '{"id":12345678901234567890,"list":[12345678901234567890,{"n":98765432109876543210}]}',
    `{"many":[${"1,".repeat(20_000)}12345678901234567890]}`,
    '{"\\u0061":["\\ud800"],"b":[]}',
  ]) {
    assertSame(text);
  }
});

test("the limit of depth holds at the same level", () => {
  for (const more of [-1, 0, 1]) {
    const nested = LIMITS.jsonDepthCount - 2 + more;
    assertSame(`{"a":[${"[".repeat(nested)}1${"]".repeat(nested)}]}`);
    assertSame(`{"a":{"b":${"[".repeat(nested)}1${"]".repeat(nested)}}}`);
  }
});
