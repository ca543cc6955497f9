import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../../agents/compare.ts";
import type { SeenRequest } from "../../agents/fake-upstream.ts";

const sent = (body: unknown, headers: string[] = ["Host", "a"]): SeenRequest => ({
  line: "POST /v1/messages",
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  socket: null,
});

const one = "01a209c2-78ec-724b-a15c-c3b2a44f53f3";
const two = "11a209c2-78ec-724b-a15c-c3b2a44f53f3";

const skill = (name: string): string => `  <skill>\n    <name>${name}</name>\n  </skill>\n`;
const skills = (...names: string[]) => ({
  text: `Skills:\n<available_skills>\n${names.map(skill).join("")}</available_skills>\nEnd`,
});

test("the same bytes are equal and nothing is put aside", () => {
  const { equal, rules } = compare([sent({ a: one })], [sent({ a: one })]);
  assert.ok(equal);
  assert.deepEqual(rules, []);
});

test("an id drawn anew is put aside, but not that it is repeated", () => {
  const { equal, rules } = compare([sent({ a: one, b: one })], [sent({ a: two, b: two })]);
  assert.ok(equal);
  assert.deepEqual(rules, ["uuid"]);
  assert.ok(!compare([sent({ a: one, b: one })], [sent({ a: two, b: one })]).equal);
});

test("order, case and presence of headers count", () => {
  assert.ok(!compare([sent("", ["A", "1", "B", "2"])], [sent("", ["B", "2", "A", "1"])]).equal);
  assert.ok(!compare([sent("", ["A", "1"])], [sent("", ["a", "1"])]).equal);
  assert.ok(!compare([sent("", ["A", "1"])], [sent("", [])]).equal);
});

test("skills in another order are equal, another skill or another text is not", () => {
  const direct = [sent(skills("painter", "baker"))];
  const { equal, rules } = compare(direct, [sent(skills("baker", "painter"))]);
  assert.ok(equal);
  assert.deepEqual(rules, ["order of the skills (Gemini CLI)"]);
  assert.ok(!compare(direct, [sent(skills("baker", "piper"))]).equal);
  assert.ok(!compare(direct, [sent(skills("painter"))]).equal);
  assert.ok(!compare(direct, [sent({ text: `${skills("baker", "painter").text}!` })]).equal);
});

test("only the order of keys in client_metadata is put aside", () => {
  const direct = [sent('{"client_metadata":{"a":"1","b":"2"},"x":1}')];
  const { equal, rules } = compare(direct, [sent('{"client_metadata":{"b":"2","a":"1"},"x":1}')]);
  assert.ok(equal);
  assert.deepEqual(rules, ["order of keys in client_metadata (a hash map of Codex)"]);
  assert.ok(!compare(direct, [sent('{"x":1,"client_metadata":{"a":"1","b":"2"}}')]).equal);
});
