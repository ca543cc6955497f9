import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layoutOf } from "../../../../record/bodies/layout.ts";
import { LayoutMemory } from "../../../../record/bodies/layout-memory.ts";

const text = "words that an agent says again with every turn, \\u00e9 and \\n. ".repeat(80);

function body(contents: readonly unknown[], rest = '"stream":true'): Buffer {
  return Buffer.from(`{"model":"m","messages":[${contents.map(turn).join(",")}],${rest}}`);
}

function turn(content: unknown): string {
  return `{"role":"user","cache_control":{"type":"ephemeral"},"content":${JSON.stringify(content)}}`;
}

test("layouts are the same with a memory, whatever came before", () => {
  const shared = Array.from({ length: 12 }, (_, i) => `${i} ${text}`);
  const anyTurns = fc.array(
    fc.anything({ maxDepth: 2 }).filter((x) => JSON.stringify(x) !== undefined),
  );
  const anyBody = fc.tuple(fc.nat(12), anyTurns, fc.boolean()).map(([keep, more, whole]) => {
    const bytes = body([...shared.slice(0, keep), ...more, text, text]);
    return whole ? bytes : bytes.subarray(0, bytes.length - 3);
  });
  fc.assert(
    fc.property(fc.array(anyBody, { minLength: 2, maxLength: 8 }), (bodies) => {
      const memory = new LayoutMemory();
      for (const bytes of bodies) assert.deepEqual(memory.layoutOf(bytes), layoutOf(bytes));
    }),
    { numRuns: 60 },
  );
});

test("what the turn before had is not read again; what differs by one byte is", () => {
  const memory = new LayoutMemory();
  const turns = Array.from({ length: 20 }, (_, i) => `${i} ${text}`);
  const spansOf = (bytes: Buffer) => memory.layoutOf(bytes)?.[1]?.elements ?? [];
  const first = spansOf(body(turns));
  const second = spansOf(body([...turns, "more"]));
  assert.equal(second.length, 21);
  assert.ok(first.slice(0, 18).every((span, i) => span === second[i]));
  const changed = turns.with(3, `3 ${text.replace("agent", "actor")}`);
  const third = spansOf(body(changed));
  assert.ok(third[0] === first[0] && third[3] !== first[3] && third[4] !== first[4]);
});

test("what a body ends with is known again, wherever it has moved to", () => {
  const tools = (name: string) =>
    `"stream":true,"system":"${text}","tools":[{"name":"${name}"},{"name":"run","cache_control":{"type":"ephemeral"}}]`;
  const memory = new LayoutMemory();
  const layouts = [body(["a", text], tools("read")), body(["a", text, "b"], tools("read"))].map(
    (bytes) => {
      const members = memory.layoutOf(bytes);
      assert.deepEqual(members, layoutOf(bytes));
      return members!;
    },
  );
  const memos = layouts.map((members) => [
    members[3]?.value.memo,
    ...(members[4]?.elements ?? []).map(({ memo }) => memo),
  ]);
  assert.equal(memos[0]?.length, 3);
  for (const [i, memo] of memos[0]!.entries()) assert.ok(memo && memo === memos[1]?.[i]);
  const edited = memory.layoutOf(body(["a", text, "b"], tools("write")))!;
  assert.notEqual(edited[4]?.elements?.[0]?.memo, memos[1]?.[1]);
});
