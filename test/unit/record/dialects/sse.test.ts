import assert from "node:assert/strict";
import { test } from "node:test";
import { readSse } from "../../../../record/dialects/sse.ts";
import { understand } from "../../../../record/dialects/understand.ts";
import { exchange, sse } from "./exchange.ts";

const read = (text: string, ends: number[] = []) => readSse(Buffer.from(text), ends);

test("each event knows the chunk that completed it", () => {
  const text = 'data: {"a":1}\n\ndata: {"b":2}\n\ndata: {"c":3}';
  const { events } = read(text, [3, 20, text.length]);
  assert.deepEqual(
    events.map(({ chunk }) => chunk),
    [1, 2, 2],
  );
});

test("chunk ends that lie beyond the body, repeat or go back do no harm", () => {
  const text = 'data: {"a":1}\n\ndata: {"b":2}\n\n';
  for (const ends of [[1000], [5, 5, 5], [20, 3, 30], [0, 0], []]) {
    assert.deepEqual(
      read(text, ends).events.map(({ data }) => data),
      [{ a: 1 }, { b: 2 }],
    );
  }
});

test("a line break inside a string is taken out, one between tokens is left", () => {
  assert.deepEqual(read('data: {"a":"x\ndata: y"}\n\n').events[0]?.data, { a: "xy" });
  assert.deepEqual(read('data: {"a":\ndata: 1}\n\n').events[0]?.data, { a: 1 });
});

test("a stream of nothing but rubbish is given up, and says so", () => {
  const rubbish = "data: {\n\n".repeat(200_000);
  assert.equal(read(rubbish).foreign, 1000);
  const { notes } = understand(exchange({ response: sse({ choices: [] }) + rubbish }));
  assert.match(
    notes.join(),
    /1000 stream events are not JSON that can be read; the rest is not read/,
  );
});
