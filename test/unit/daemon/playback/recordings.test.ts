/** Which recorded answer a request gets: only its own, in the order in which they were recorded. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Recordings } from "../../../../daemon/playback/recordings.ts";
import { sampleId, scratchFolder, writerTo, writeSample } from "../../record/sample-capture.ts";

const PATH = "/v1/chat/completions";

function tree(t: Parameters<typeof scratchFolder>[0]) {
  const captures = scratchFolder(t);
  const folder = join(captures, "10-19 Area", "11 Category", "11.11 Stream");
  mkdirSync(folder, { recursive: true });
  const writer = writerTo(join(folder, "2026-11-23.jsonl"));
  const recordings = new Recordings(captures);
  let n = 0;
  const record = (request: object | string, response: string) =>
    writeSample(writer, { id: sampleId(++n), request: textOf(request), response });
  const ask = (request: object | string, path = PATH): string | null => {
    const headers = ["content-type", "application/json"];
    const body = Buffer.from(textOf(request));
    const found = recordings.find({ method: "POST", path, headers, body });
    return found && Buffer.concat(found.chunks.map(({ bytes }) => bytes)).toString();
  };
  return { captures, record, ask };
}

const textOf = (body: object | string) => (typeof body === "string" ? body : JSON.stringify(body));
const chat = (content: string, more: object = {}) => ({
  model: "m",
  stream: false,
  messages: [{ role: "user", content }],
  ...more,
});

test("a request that was never recorded gets no answer, however near another one is", (t) => {
  const { record, ask } = tree(t);
  record(chat("what is 2 + 2?"), "four");
  assert.equal(ask(chat("what is 2 + 2?")), "four");
  const others = [
    chat("what is 2 + 3?"),
    chat("what is 2 + 2? "),
    chat("what is 2 + 2?", { temperature: 1 }),
    chat("what is 2 + 2?", { model: "n" }),
    chat("what is 2 + 2?", { stream: true }),
    chat("what is 2 + 2?", { tools: [] }),
    { ...chat("x"), messages: [...chat("what is 2 + 2?").messages, ...chat("y").messages] },
    '{"model":"m","stream":false,"messages":',
    "",
  ];
  for (const other of others) assert.equal(ask(other), null, textOf(other));
  assert.equal(ask(chat("what is 2 + 2?"), "/v1/responses"), null);
  assert.equal(ask(chat("what is 2 + 2?"), `${PATH}?key=another`), "four", "keys do not count");
});

test("the answers of one request come in recorded order, and the last one stays", (t) => {
  const { record, ask } = tree(t);
  for (const answer of ["first", "second", "third"]) record(chat("again"), answer);
  record(chat("other"), "else");
  const got = Array.from({ length: 5 }, () => [ask(chat("again")), ask(chat("other"))]);
  assert.deepEqual(
    got.map(([again]) => again),
    ["first", "second", "third", "third", "third"],
  );
  assert.ok(got.every(([, other]) => other === "else"));
  // What is recorded while it plays comes next.
  record(chat("again"), "fourth");
  assert.equal(ask(chat("again")), "fourth");
});

test("who asks, the order of members, spacing and cache marks make no other request", (t) => {
  const { captures, record, ask } = tree(t);
  record(chat("hello", { metadata: { user_id: "session-1" }, user: "a" }), "hi");
  const marked = { role: "user", content: "hello", cache_control: { type: "ephemeral" } };
  const same = [
    chat("hello", { metadata: { user_id: "session-22" } }),
    JSON.stringify(chat("hello"), null, 2),
    '{"messages":[{"content":"hello","role":"user"}],"stream":false,"model":"m"}',
    chat("", { messages: [marked], prompt_cache_key: "k" }),
  ];
  for (const body of same) assert.equal(ask(body), "hi", textOf(body));
  assert.equal(ask('{"__proto__":{"a":1},"model":"m"}'), null);
  // A folder that was renamed is looked through again.
  renameSync(join(captures, "10-19 Area"), join(captures, "10-19 Renamed"));
  assert.equal(ask(chat("hello")), "hi");
});
