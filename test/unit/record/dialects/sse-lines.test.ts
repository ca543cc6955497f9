/** Events taken out of the whole text must be those that the library gives, chunks included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createParser } from "eventsource-parser";
import { readSse } from "../../../../record/dialects/sse.ts";
import { hasPlainLines, readPlainLines } from "../../../../record/dialects/sse-lines.ts";

type Event = [name: string | null, data: string];

function byLibrary(text: string): Event[] {
  const events: Event[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => events.push([event ?? null, data]),
  });
  parser.feed(`${text}\n\n`);
  return events;
}

function byLines(text: string): Event[] {
  const events: Event[] = [];
  readPlainLines(text, (name, data, _end, oneLine) => {
    assert.equal(oneLine, !data.includes("\n"));
    events.push([name, data]);
  });
  return events;
}

const PIECES = [
  "data: ",
  "data:",
  "data",
  "data:  two",
  "datax: no",
  " data: no",
  "event: delta",
  "event:",
  "event",
  "id: 7",
  "retry: 10",
  ": comment",
  ":",
  '{"a":1}',
  '{"a":"…伺服器😀"}',
  "[DONE]",
  "x",
  "\n",
  "\n",
  "\n\n",
  "\n\n",
];

/** Texts that are put together of such pieces, by a seed. */
function* texts(count: number): Generator<string> {
  let state = 3;
  const random = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: random(24) }, () => PIECES[random(PIECES.length)]!).join("");
  }
}

test("every text of plain lines gives the events that the library gives", () => {
  for (const text of texts(20_000)) {
    assert.ok(hasPlainLines(text));
    assert.deepEqual(byLines(text), byLibrary(text), JSON.stringify(text));
  }
});

test("an event has the chunk that it would have if the bytes were fed as they came", () => {
  for (const text of texts(4000)) {
    const bytes = Buffer.from(text);
    for (const step of [1, 3, 10, 1000]) {
      const ends = [];
      for (let end = step; end < bytes.length + step; end += step) ends.push(end);
      const plain = readSse(bytes, ends);
      // A carriage return behind the end sends the same text the other way.
      const fed = readSse(Buffer.concat([bytes, Buffer.from("\n\n\r")]), ends);
      const chunkOf = (events: typeof plain.events) =>
        events.map(({ name, data, chunk }) => [name, data, Math.min(chunk, ends.length - 1)]);
      assert.deepEqual(chunkOf(plain.events), chunkOf(fed.events), JSON.stringify(text));
      assert.deepEqual([plain.done, plain.foreign], [fed.done, fed.foreign]);
    }
  }
});

test("a byte order mark and carriage returns are left to the library", () => {
  for (const text of ["\ufeffdata: 1\n\n", "data: 1\r\n\r\n", "data: 1\r\r"]) {
    assert.ok(!hasPlainLines(text));
    assert.deepEqual(
      readSse(Buffer.from(text), []).events.map(({ data }) => data),
      [1],
    );
  }
});
