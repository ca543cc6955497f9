import assert from "node:assert/strict";
import { test } from "node:test";
import { channelsOf } from "../../../../record/secrets/stream-channels.ts";

const sse = (events: unknown[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");

const texts = (stream: string): string[] =>
  channelsOf(stream).flatMap(({ text, literal }) => (literal ? [] : [text]));

test("what every event repeats is no channel, what grows is one", () => {
  const event = (content: string) => ({
    id: "c1",
    model: "m",
    choices: [{ index: 0, delta: { content } }],
  });
  assert.deepEqual(texts(sse([event("Hel"), event("lo "), event("you")])), ["Hello you"]);
});

test("choices and tool calls are told apart by their index, wherever it stands", () => {
  const stream = sse([
    { choices: [{ delta: { content: "a" }, index: 0 }] },
    { choices: [{ delta: { content: "X" }, index: 1 }] },
    {
      choices: [
        { index: 0, delta: { content: "b" } },
        { index: 1, delta: { content: "Y" } },
      ],
    },
  ]);
  assert.deepEqual(texts(stream), ["ab", "XY"]);
});

test("several parts of one event are joined in order", () => {
  const part = (...parts: string[]) => ({ content: { parts: parts.map((text) => ({ text })) } });
  assert.deepEqual(texts(sse([part("a", "b"), part("c")])), ["abc"]);
});

test("NDJSON, one array over many lines, objects back to back and CRLF are read alike", () => {
  const say = (s: string): string => JSON.stringify({ message: { content: s } });
  for (const stream of [
    `${say("ab")}\n${say("c")}\n`,
    `[${say("ab")},\n${say("c")}]`,
    `[\n  ${say("ab")}\n,\n  ${say("c")}\n]\n`,
    say("ab") + say("c"),
    `event: x\r\ndata: ${say("ab")}\r\n\r\n: ping\r\ndata:${say("c")}\r\n\r\ndata: [DONE]\r\n\r\n`,
  ]) {
    assert.deepEqual(texts(stream), ["abc"], stream);
  }
});

test("decoded text maps back to the bytes of each piece", () => {
  const stream = sse([{ t: 'a"\n' }, { t: "b\\" }]);
  const [channel] = channelsOf(stream);
  assert.equal(channel!.text, 'a"\nb\\');
  const [first, second] = channel!.segments;
  assert.equal(stream.slice(first!.startOf(0), first!.endOf(3)), 'a\\"\\n');
  assert.equal(second!.startOf(1), stream.indexOf("b") + 1);
});

test("torn and hostile streams end without an error", () => {
  for (const stream of [
    'data: {"a":"b\n\ndata: {"a":"c"}\n\n',
    'data: {"a":',
    "[".repeat(200_000),
    '{"a":'.repeat(50_000),
    "}}}]]]",
    '"'.repeat(9999),
    `${'{"a":"\\'.repeat(500)}`,
    "",
  ]) {
    assert.ok(Array.isArray(channelsOf(stream)));
  }
});

test("an event that was torn does not hide the key in the next ones", () => {
  const stream = `data: {"x":{"y":1,\n\n${sse([{ t: "ab" }, { t: "c" }])}`;
  assert.ok(texts(stream).includes("abc"));
});
