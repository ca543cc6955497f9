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

test("an element is parsed when it is looked at, and once", () => {
  const bytes = Buffer.from('{"messages":[{"role":"user"},{"role":"assistant"}]}');
  const members = layoutOf(bytes)!;
  const parsed = parseLaidOut(bytes, members);
  assert.ok(parsed.ok);
  const { messages } = parsed.value as { messages: unknown[] };
  const memos = members[0]!.elements!.map(({ memo }) => memo);
  assert.deepEqual(memos, [{}, {}]);
  assert.ok(Array.isArray(messages) && messages.length === 2);
  assert.equal(messages[1], messages.at(-1));
  assert.deepEqual(memos, [{}, { value: { role: "assistant" } }]);
  // Only the last is known: the next body that has both still has the first.
  const again = parseLaidOut(bytes, members);
  assert.deepEqual(again.ok && again.value, JSON.parse(bytes.toString()));
  assert.deepEqual(
    messages.map((message) => message),
    [{ role: "user" }, { role: "assistant" }],
  );
});

test("an element with too many members is null, and the others are there", () => {
  const many = Object.fromEntries(
    Array.from({ length: LIMITS.jsonMemberCount + 1 }, (_, i) => [`k${i}`, i]),
  );
  const bytes = Buffer.from(JSON.stringify({ model: "m", messages: [many, { role: "user" }] }));
  const parsed = parseLaidOut(bytes, layoutOf(bytes)!);
  assert.deepEqual(parsed, { ok: true, value: { model: "m", messages: [null, { role: "user" }] } });
});
