/** Promise 3 of the format, as a property: whatever goes in comes out, byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CaptureWriter } from "../../../../record/bodies/capture-writer.ts";
import { join, withInserts } from "../../../../record/bodies/join.ts";
import { LayoutMemory } from "../../../../record/bodies/layout-memory.ts";
import { partBytes, viewPartLine } from "../../../../record/bodies/part-line.ts";
import { type Atom, flatten, isLink } from "../../../../record/bodies/part-list.ts";
import { sampleId } from "../sample-capture.ts";

/** Files bodies one after the other and joins each from the lines alone. */
function roundTrip(bodies: readonly Buffer[], layouts?: LayoutMemory): Buffer[] {
  const parts = new Map<number, Buffer>();
  const lists = new Map<string, Atom[]>();
  const joined: Buffer[] = [];
  const append = (lines: Buffer) => {
    for (let start = 0, end = 0; start < lines.length; start = end + 1) {
      end = lines.indexOf(0x0a, start);
      const line = lines.subarray(start, end);
      // Every line is JSON of its own, whatever was spliced into it.
      const record = JSON.parse(line.toString());
      const view = viewPartLine(line);
      assert.equal(view !== null, record.type === "part");
      if (view) parts.set(view.n, Buffer.from(partBytes(view)));
      if (record.type !== "exchange") continue;
      const refs = record.request.body.parts;
      const head = refs[0];
      const earlier = isLink(head) ? lists.get(head.as)!.slice(0, head.take) : [];
      lists.set(record.id, flatten(isLink(head) ? refs.slice(1) : refs, parts.size, earlier));
      const source = {
        partCount: parts.size,
        part: (n: number) => parts.get(n)!,
        list: (id: string) => lists.get(id)!,
      };
      joined.push(join(refs, source));
    }
  };
  const writer = new CaptureWriter({ day: "2026-11-23", created: "now", writer: null, append });
  bodies.forEach((bytes, i) => {
    const draft = writer.draft();
    const line = {
      type: "exchange",
      id: sampleId(i),
      request: { body: draft.request(bytes, layouts?.layoutOf(bytes)) },
    };
    writer.write(draft, line as never);
  });
  return joined;
}

const space = fc.constantFrom("", "", "", " ", "\n", "\r\n  ", "\t");
const scalar = fc.oneof(
  fc.constantFrom("null", "true", "1e400", "-0", "12345678901234567890123", "0.10", '"\\ud800"'),
  fc.string({ unit: "binary" }).map((s) => JSON.stringify(s)),
  // Raw separators are allowed inside JSON strings and must not end a line.
  fc.constantFrom('"\u2028"', '"\u0085é😀"', `"${"long ".repeat(80)}"`),
);
const key = fc.constantFrom(
  '"a"',
  '"a"',
  '"messages"',
  '"__proto__"',
  '"cache_control"',
  '"\\u0061"',
);
const marker = fc.constantFrom(
  '"cache_control":{"type":"ephemeral"}',
  '"cache_control" : {"é":{}}',
);

/** JSON text with odd spacing, duplicate keys and markers anywhere. */
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(fc.tuple(space, tie("value"), space).map((t) => t.join(""))).map((a) => `[${a}]`),
    fc
      .array(
        fc.oneof(
          {
            weight: 4,
            arbitrary: fc
              .tuple(space, key, space, tie("value"), space)
              .map(([a, k, b, v, c]) => `${a}${k}${b}:${v}${c}`),
          },
          { weight: 1, arbitrary: marker },
        ),
      )
      .map((members) => `{${members}}`),
  ),
}));
const body = fc
  .array(
    fc.tuple(
      key,
      fc.oneof(
        value,
        fc.array(value).map((a) => `[${a}]`),
      ),
      space,
    ),
  )
  .map((members) => Buffer.from(`{${members.map(([k, v, s]) => `${s}${k}:${v}`)}}`));

test("any JSON objects, filed one after the other, join to the same bytes", () => {
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 4 }), (bodies) => {
      // Sent again at the end: then lists are found by their beginnings.
      const sent = [...bodies, ...bodies];
      assert.deepEqual(roundTrip(sent), sent);
    }),
    { numRuns: 300 },
  );
});

test("growing conversations with markers on random messages join to the same bytes", () => {
  const message = fc.tuple(value, fc.boolean());
  fc.assert(
    fc.property(fc.array(fc.array(message, { maxLength: 8 }), { maxLength: 12 }), (turns) => {
      const history: string[] = [];
      const sent = turns.map((added) => {
        history.push(...added.map(([v]) => `{"role":"user","content":${v}}`));
        const shown = history.map((m, i) =>
          added[i % (added.length || 1)]?.[1] ? `${m.slice(0, -1)},"cache_control":{}}` : m,
        );
        return Buffer.from(`{"messages":[${shown}],"stream":true}`);
      });
      assert.deepEqual(roundTrip(sent), sent);
    }),
    { numRuns: 200 },
  );
});

test("what a memory knows of values that moved joins to the same bytes", () => {
  const pad = "words that are said again and again ".repeat(140);
  const turn = fc.record({
    say: value,
    edit: fc.option(fc.nat(6)),
    tool: fc.constantFrom("read", "write"),
    marked: fc.boolean(),
    system: fc.constantFrom("", pad, `${pad}!`),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 2, maxLength: 10 }), (turns) => {
      const history: string[] = [];
      const sent = turns.map(({ say, edit, tool, marked, system }) => {
        history.push(`{"role":"user","content":${say}}`);
        if (edit !== null && edit < history.length) history[edit] = `{"edited":${say}}`;
        const marker = marked ? ',"cache_control":{"type":"ephemeral"}' : "";
        const tools = `[{"name":"${tool}","about":"${pad}"},{"name":"run"${marker}}]`;
        return Buffer.from(
          `{"messages":[${history}],"system":"${system}","tools":${tools},"stream":true}`,
        );
      });
      assert.deepEqual(roundTrip(sent, new LayoutMemory()), sent);
    }),
    { numRuns: 150 },
  );
});

test("any bytes, and JSON with any byte flipped, join to the same bytes", () => {
  const flipped = fc.tuple(body, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length] = value;
    return copy;
  });
  const bytes = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b));
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, flipped), { maxLength: 4 }), (bodies) => {
      assert.deepEqual(roundTrip(bodies), bodies);
    }),
    { numRuns: 600 },
  );
});

test("lists that cannot be read are refused, however far they reach", () => {
  const source = { partCount: 3, part: () => Buffer.from("x"), list: () => [1, 2] as Atom[] };
  assert.equal(join([[1, 3]], source).toString(), "x,x,x");
  assert.equal(join([[1, 3, "; "], "é"], source).toString(), "x; x; xé");
  for (const refs of [
    [[1, 4]],
    [[3, 1]],
    [[0, 1]],
    [[1, 1e15]],
    ["a", { as: "x", take: 1 }],
    [{ as: "x", take: 3 }],
    [{ part: 1, insert: [[2, "y"]] }],
    [{ odd: 1 }],
  ]) {
    assert.throws(() => join(refs as never, source), RangeError, JSON.stringify(refs));
  }
  assert.throws(
    () => join([{ as: "x", take: 1 }], { partCount: 0, part: source.part }),
    RangeError,
  );
});

test("insertions count bytes of the stored part", () => {
  const stored = Buffer.from('{"a":"é"}');
  assert.equal(withInserts(stored, [[9, ',"b":{}']]).toString(), '{"a":"é","b":{}}');
  assert.throws(
    () =>
      withInserts(stored, [
        [5, "x"],
        [4, "y"],
      ]),
    RangeError,
  );
});
