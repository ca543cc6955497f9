import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isAwsEventStream,
  readAwsMessages,
  resealAwsMessages,
} from "../../../../record/dialects/aws-event-stream.ts";
import { awsEvent, awsMessage, header } from "./aws-frame.ts";

const one = awsEvent("chunk", { a: 1 });
const two = awsEvent("metadata", { b: 2 });

test("messages come with headers, payload and end", () => {
  const { messages, notes } = readAwsMessages(Buffer.concat([one, two]));
  assert.deepEqual(notes, []);
  assert.deepEqual(
    messages.map(({ end }) => end),
    [one.length, one.length + two.length],
  );
  assert.equal(messages[1]!.headers.get(":event-type"), "metadata");
  assert.equal(messages[1]!.payload.toString(), '{"b":2}');
});

test("headers of every type are passed over, strings are read", () => {
  const odd = Buffer.concat([
    Buffer.from([1, 0x61, 0]), // true
    Buffer.from([1, 0x62, 2, 9]), // byte
    Buffer.from([1, 0x63, 5, 0, 0, 0, 0, 0, 0, 0, 9]), // long
    Buffer.from([1, 0x64, 6, 0, 2, 1, 2]), // bytes
    Buffer.from([1, 0x65, 8, 0, 0, 0, 0, 0, 0, 0, 9]), // timestamp
    Buffer.from([1, 0x66, 9, ...Buffer.alloc(16)]), // uuid
    header(":event-type", "é"),
  ]);
  const { messages } = readAwsMessages(awsMessage(odd, Buffer.from("{}")));
  assert.deepEqual([...messages[0]!.headers], [[":event-type", "é"]]);
});

test("a flipped byte anywhere is noticed, and the other message is still read", () => {
  for (let i = 12; i < one.length; i++) {
    const damaged = Buffer.concat([one, two]);
    damaged[i] = damaged[i]! ^ 1;
    const { messages, notes } = readAwsMessages(damaged);
    assert.equal(messages.length, 1, `byte ${i}`);
    assert.match(notes.join(), /does not match its checksum/);
  }
  for (let i = 0; i < 12; i++) {
    const damaged = Buffer.concat([one, two]);
    damaged[i] = damaged[i]! ^ 1;
    assert.equal(readAwsMessages(damaged).messages.length, 0);
    assert.equal(isAwsEventStream(damaged), false);
  }
});

test("a torn last message is left out and noted", () => {
  for (let cut = 1; cut < two.length; cut++) {
    const { messages, notes } = readAwsMessages(Buffer.concat([one, two.subarray(0, cut)]));
    assert.equal(messages.length, 1);
    assert.match(notes.join(), /torn|damaged/);
  }
});

test("text is no event stream", () => {
  for (const text of [
    "",
    "data: x\n\n",
    '{"a":1}',
    "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000",
  ]) {
    assert.equal(isAwsEventStream(Buffer.from(text)), false);
  }
});

test("resealed after a replacement, messages are sound again; damaged ones stay damaged", () => {
  const before = Buffer.concat([
    awsEvent("chunk", { text: "a secret" }),
    awsEvent("chunk", { text: "damaged!" }),
    awsEvent("chunk", { text: "b" }),
  ]);
  before[before.indexOf("damaged!")] = 0x44;
  const after = Buffer.from(before);
  after.write("********", after.indexOf("a secret"));
  assert.equal(readAwsMessages(after).messages.length, 1);
  resealAwsMessages(before, after);
  const { messages, notes } = readAwsMessages(after);
  assert.deepEqual(
    messages.map(({ payload }) => JSON.parse(payload.toString()).text),
    ["********", "b"],
  );
  assert.equal(notes.length, 1);
});
